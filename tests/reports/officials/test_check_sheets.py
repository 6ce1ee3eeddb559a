"""核查单: a page for each enterprise that is to be shut or merged, with what is known, what is missing, and lines."""

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.reports import VISIT, renamed, sample_report, verdict_report
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from efficiency.reports.content import checks
from efficiency.reports.delivery import deliver, staging
from efficiency.reports.officials import check_sheets_file_name, write_check_sheets
from efficiency.reports.report import Report


@pytest.fixture(scope="module")
def report() -> Report:
    return verdict_report()


@pytest.fixture(scope="module")
def book(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Workbook:
    path = tmp_path_factory.mktemp("checks") / check_sheets_file_name(report.period)
    assert write_check_sheets(path, report)
    return openpyxl.load_workbook(path)


def asked(report: Report) -> pl.DataFrame:
    return report.candidates.filter(pl.coalesce("would_be", "list").is_in(["shutdown", "merger"]))


def pages(sheet: Worksheet) -> list[list[str]]:
    """The texts of each page, which begins after a page break."""
    ends = [*(one.id for one in sheet.row_breaks.brk), sheet.max_row]
    starts = [1, *(end + 1 for end in ends)]
    bounds = zip(starts, ends, strict=False)
    return [
        [str(cell.value) for row in sheet.iter_rows(min_row=a, max_row=b) for cell in row if cell.value is not None]
        for a, b in bounds
    ]


def page_of(book: Workbook, name: str) -> str:
    (found,) = (page for sheet in book.worksheets[1:] for page in pages(sheet) if name in page)
    return "\n".join(found)


def test_every_candidate_of_shutdown_and_merger_has_one_page_and_no_other(book: Workbook, report: Report) -> None:
    assert book.sheetnames == ["目录", "关停", "并转"]
    named = [page for sheet in book.worksheets[1:] for page in pages(sheet)]
    assert len(named) == asked(report).height
    for row in asked(report).iter_rows(named=True):
        page = page_of(book, row["name"])
        assert row["uscc"] in page
        assert row["reason"] in page
        assert "核查人(签字)" in page


def test_a_page_shows_each_tick_with_its_data_and_its_cell(book: Workbook, report: Report) -> None:
    sure = report.candidates.filter(pl.col("list") == "shutdown").row(0, named=True)
    page = page_of(book, sure["name"])
    assert "企业核查单(关停)" in page
    assert page.count("☑") == 3 + 1  # one in the key
    assert VISIT in page
    assert "科技含量：低" in page
    assert "已走访：是" in page


def test_what_is_missing_names_the_form_that_has_to_state_it(book: Workbook, report: Report) -> None:
    unsure = report.candidates.filter(pl.col("list") == "verify").row(0, named=True)
    page = page_of(book, unsure["name"])
    assert "企业核查单(关停，待核实)" in page
    assert "拟列关停，待核实：已走访、科技含量已核实为低" in page
    assert "请走访并在《走访台账》填报走访日期" in page
    assert "缺科技含量：请在《走访台账》补报" in page
    assert "科技含量：未掌握" in page
    assert "一票否决" in page


def test_a_tick_that_the_policy_does_not_compute_is_neither_held_nor_missed(tmp_path: Path, report: Report) -> None:
    unknown = report.verifications.with_columns(
        passed=pl.when(pl.col("label") != "等级稳健").then("passed")
    )  # fmt: skip
    write_check_sheets(tmp_path / "out.xlsx", replace(report, verifications=unknown))
    name = report.candidates.filter(pl.col("list") == "shutdown")["name"][0]
    assert "本办法未测算，不作为缺项" in page_of(openpyxl.load_workbook(tmp_path / "out.xlsx"), name)


def test_a_page_that_is_too_long_goes_on_before_the_lines_to_sign(tmp_path: Path, report: Report) -> None:
    many = pl.concat([report.verifications.with_columns(number=pl.col("number") + 3 * i) for i in range(12)])
    write_check_sheets(tmp_path / "out.xlsx", replace(report, verifications=many))
    (first, second, *_) = pages(openpyxl.load_workbook(tmp_path / "out.xlsx")["关停"])
    assert "企业核查单(关停)" in first
    assert not any("核查人(签字)" in text for text in first)
    assert second[0] == f"{first[first.index('企业名称') + 1]} {first[first.index('信用代码') + 1]}(续)"
    assert any("核查人(签字)" in text for text in second)


def test_what_contradicts_a_tick_is_shown_and_not_called_missing(tmp_path: Path, report: Report) -> None:
    of_level = pl.col("columns") == "tech_level"
    failed = report.verifications.with_columns(
        passed=~of_level & pl.col("passed"), looked_at=pl.when(of_level).then(pl.lit("高")).otherwise("looked_at")
    )
    write_check_sheets(tmp_path / "out.xlsx", replace(report, verifications=failed))
    name = report.candidates.filter(pl.col("list") == "shutdown")["name"][0]
    page = page_of(openpyxl.load_workbook(tmp_path / "out.xlsx"), name)
    assert "现为“高”，与核查事项不符；如有误请在《走访台账》更正科技含量" in page


def test_of_several_data_the_one_that_is_missing_is_asked_for() -> None:
    row = {
        "number": 0, "label": "核查", "passed": False, "source_cell": None,
        "columns": "energy_level、land、visited", "looked_at": "达到基准水平；未掌握；是",
    }  # fmt: skip
    (asked_for,) = checks.checks([row])
    assert asked_for.missing == "缺用地面积：请在《用地》补报"
    assert asked_for.looked_at == "能效水平：达到基准水平；用地面积：未掌握；已走访：是"
    (contradicted,) = checks.checks([row | {"looked_at": "达到基准水平；5；是"}])
    assert contradicted.missing.startswith("现为“达到基准水平”")
    assert "现为“5亩”" in contradicted.missing
    assert "请走访" not in contradicted.missing
    (ambiguous,) = checks.checks([row | {"looked_at": "甲；乙；丙；丁"}])
    assert ambiguous.looked_at == "甲；乙；丙；丁"


def test_partners_stand_with_what_both_have_together(book: Workbook, report: Report) -> None:
    merger = report.candidates.filter(pl.col("list") == "merger").row(0, named=True)
    page = page_of(book, merger["name"])
    of = pl.col("uscc").is_in([merger["uscc"], merger["partner_1"]])
    land = report.indicators.filter(of, pl.col("indicator") == "tax_per_mu")
    together = sum(land["numerator"].to_list()) / sum(land["denominator"].to_list())
    said = re.search(rf"1\. {merger['partner_1_name']}\(A类\)：合并后亩均税收([\d.]+)万元/亩", page)
    assert said
    assert float(said[1]) == pytest.approx(together, abs=0.005)


def test_the_index_leads_to_each_page(book: Workbook, report: Report) -> None:
    index = book["目录"]
    links = [cell for row in index.iter_rows(min_row=4) for cell in row if cell.hyperlink]
    assert len(links) == asked(report).height
    for cell in links:
        sheet, row = re.fullmatch(r"'(.+)'!A(\d+)", cell.hyperlink.location).groups()
        below = book[sheet].iter_rows(min_row=int(row), max_row=int(row) + 3)
        assert cell.value in [one.value for line in below for one in line]


def test_pages_are_upright_a4_in_full_size(book: Workbook) -> None:
    for sheet in book.worksheets[1:]:
        assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
        assert not (sheet.sheet_properties.pageSetUpPr and sheet.sheet_properties.pageSetUpPr.fitToPage)
        ends = [0, *(one.id for one in sheet.row_breaks.brk), sheet.max_row]
        for first, last in pairwise(ends):
            assert sum(sheet.row_dimensions[row].height or 15 for row in range(first + 1, last + 1)) < 755
        sizes = {cell.font.sz for row in sheet.iter_rows() for cell in row if cell.value is not None}
        assert min(sizes) >= 9


def test_without_anybody_to_check_nothing_is_written(tmp_path: Path, report: Report) -> None:
    others = report.candidates.filter(pl.col("list") == "upgrade")
    assert not write_check_sheets(tmp_path / "out.xlsx", replace(report, candidates=others))
    assert not list(tmp_path.iterdir())


def test_a_province_gets_the_first_of_each_list_and_is_told_so(tmp_path: Path, report: Report) -> None:
    write_check_sheets(tmp_path / "out.xlsx", report, most=2)
    found = openpyxl.load_workbook(tmp_path / "out.xlsx")
    said = "\n".join(str(cell.value) for row in found["目录"].iter_rows() for cell in row if cell.value)
    total = asked(report).height
    assert f"须核查的共{total}户，本册只含各清单次序在前的2户，其余{total - 2}户未列" in said
    assert sum(len(pages(sheet)) for sheet in found.worksheets[1:]) == 2


def test_what_is_known_beside_the_figures_is_said_and_nothing_else(report: Report) -> None:
    score = report.scores.row(0, named=True) | {
        "months_since_visit": 0, "tech_level": "低", "willingness": None, "investment": None,
        "months_without_revenue": 7, "months_without_electricity": 0, "incident_documents": "2026-05-08环保(某字1号)",
    }  # fmt: skip
    said = "距最近走访月数：0个月；科技含量：低；连续无营业收入月数：7个月；未整改事项：2026-05-08环保(某字1号)"
    assert checks.circumstances(score) == said


def test_who_has_no_revenue_is_to_be_looked_at_first(tmp_path: Path, report: Report) -> None:
    merger = report.candidates.filter(pl.col("list") == "merger").row(0, named=True)
    idle = pl.when(pl.col("uscc") == merger["uscc"]).then(0.0).otherwise("revenue").alias("revenue")
    write_check_sheets(tmp_path / "out.xlsx", replace(report, scores=report.scores.with_columns(idle)))
    assert "本期营业收入为零，先核实是否停产" in page_of(openpyxl.load_workbook(tmp_path / "out.xlsx"), merger["name"])


def test_a_policy_without_verifications_says_that_it_has_none(tmp_path: Path) -> None:
    plain = sample_report(60)
    write_check_sheets(tmp_path / "out.xlsx", plain)
    name = plain.candidates.filter(pl.col("list") == "merger")["name"][0]
    assert "本办法没有为该清单规定核查事项" in page_of(openpyxl.load_workbook(tmp_path / "out.xlsx"), name)


def test_nothing_becomes_a_formula(tmp_path: Path, report: Report) -> None:
    first = asked(report)["uscc"][0]
    hostile: dict[str, Any] = {
        "reason": pl.lit("=1+1"), "missing": pl.lit("@x"), "partner_1_name": pl.lit('=HYPERLINK("http://x")')
    }  # fmt: skip
    changed = renamed(
        replace(report, candidates=report.candidates.with_columns(**hostile)), {first: "=cmd|'/C calc'!A0"}
    )
    write_check_sheets(tmp_path / "out.xlsx", changed)
    cells = [
        cell for sheet in openpyxl.load_workbook(tmp_path / "out.xlsx") for row in sheet.iter_rows() for cell in row
    ]
    assert not any(cell.data_type == "f" for cell in cells)
    assert "=cmd|'/C calc'!A0" in {cell.value for cell in cells}


def test_same_report_gives_the_same_bytes(tmp_path: Path, report: Report) -> None:
    for name in ("one", "other"):
        write_check_sheets(tmp_path / name, report)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_one_of_an_earlier_evaluation_does_not_stay(tmp_path: Path) -> None:
    target = tmp_path / "2026-10"
    target.mkdir()
    for name in ("核查单_2026-10.xlsx", "核查单_领导批示.xlsx"):
        (target / name).write_text("earlier")
    with staging(tmp_path, ["2026-10"], "zibo-jkq") as (delivery,):
        (delivery.staged / "公示名单_2026-10.xlsx").write_text("new")
        deliver(delivery)
    assert sorted(path.name for path in target.iterdir()) == ["公示名单_2026-10.xlsx", "核查单_领导批示.xlsx"]
