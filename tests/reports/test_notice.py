"""The public notice: who is in which tier, and nothing else in any corner of the file."""

import re
import zipfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.profiles import policy
from builders.reports import EVALUATION, renamed, sample_report
from openpyxl.worksheet.worksheet import Worksheet

from efficiency.policy.load import PolicyError, builtin_policies, load_policy
from efficiency.policy.model import Notice
from efficiency.reports.officials import write_notice
from efficiency.reports.report import Report
from efficiency.reports.text import display_width

ORDER = {"A 优先发展": 0, "B 支持发展": 1, "C 提升发展": 2, "D 限制发展": 3}


@pytest.fixture(scope="module")
def report() -> Report:
    return sample_report(90, unrated=9)


@pytest.fixture(scope="module")
def path(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notice") / "公示名单_2026-10.xlsx"
    write_notice(path, report)
    return path


@pytest.fixture(scope="module")
def sheet(path: Path) -> Worksheet:
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["公示名单"]
    return book["公示名单"]


def rows_of(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return [row for row in sheet.iter_rows(min_row=4, max_col=3, values_only=True) if row[2] in ORDER]


def test_only_name_town_and_tier_are_shown(sheet: Worksheet) -> None:
    assert [cell.value for cell in sheet[3]] == ["企业名称", "镇办", "等级"]
    assert sheet.max_column == 3


def test_every_ranked_enterprise_is_named_and_no_other(sheet: Worksheet, report: Report) -> None:
    ranked = report.scores.filter(pl.col("status") == "ranked")
    assert sorted(row[0] for row in rows_of(sheet)) == sorted(ranked["name"])


def test_an_enterprise_without_tier_is_not_published(tmp_path: Path, report: Report) -> None:
    hidden = report.scores["uscc"][0]
    tier = pl.when(pl.col("uscc") == hidden).then(None).otherwise("tier").alias("tier")
    write_notice(tmp_path / "out.xlsx", replace(report, scores=report.scores.with_columns(tier)))
    assert len(rows_of(openpyxl.load_workbook(tmp_path / "out.xlsx").active)) == 89


def test_order_is_town_then_tier_then_name(sheet: Worksheet) -> None:
    rows = rows_of(sheet)
    assert rows == sorted(rows, key=lambda row: (row[1], ORDER[row[2]], row[0]))


def test_each_town_begins_a_page(sheet: Worksheet) -> None:
    towns = [cell.value for cell in sheet["B"][3 : 3 + 90]]
    begins = [row for row, (one, before) in enumerate(pairwise(towns), start=4) if one != before]
    assert [mark.id for mark in sheet.row_breaks.brk] == begins


def test_towns_of_few_enterprises_share_pages(tmp_path: Path, report: Report) -> None:
    town = pl.format("{}村", pl.int_range(pl.len()))
    write_notice(tmp_path / "out.xlsx", replace(report, scores=report.scores.with_columns(town.alias("town"))))
    assert not openpyxl.load_workbook(tmp_path / "out.xlsx").active.row_breaks.brk


def test_enterprises_without_town_come_last(tmp_path: Path, report: Report) -> None:
    town = pl.when(pl.int_range(pl.len()) % 2 == 0).then("town").alias("town")
    write_notice(tmp_path / "out.xlsx", replace(report, scores=report.scores.with_columns(town)))
    missing = [row[1] is None for row in rows_of(openpyxl.load_workbook(tmp_path / "out.xlsx").active)]
    assert missing == sorted(missing)
    assert True in missing


def text_of(path: Path) -> str:
    """All text of the notice but for its rows, and the foot of its pages."""
    sheet = openpyxl.load_workbook(path).active
    rows = [row for row in sheet.iter_rows(values_only=True) if row[2] not in ORDER]
    return "\n".join(str(cell) for row in rows for cell in row if cell) + sheet.oddFooter.left.text


def with_notice(report: Report, stated: str) -> Report:
    return replace(report, policy_toml=f"{report.policy_toml}\n[notice]\n{stated}\n")


def test_publisher_time_and_office_are_those_of_the_policy(tmp_path: Path, report: Report) -> None:
    stated = 'publisher = "淄博经济开发区管委会"\ndays = 7\nwhere = "经济发展局"\ncontact = "王某 0533-1234567"'
    write_notice(tmp_path / "out.xlsx", with_notice(report, stated))
    text = text_of(tmp_path / "out.xlsx")
    assert text.count("公示单位：淄博经济开发区管委会") == 2  # below the title, which is on every page, and at the end
    assert "年____月____日起7日" in text
    assert text.count("经济发展局") == 2  # in the last lines and in the foot of every page
    assert "联系方式：王某 0533-1234567。" in text


def test_a_deadline_stands_as_it_is_stated_and_the_day_of_publication_is_left_open(
    tmp_path: Path, report: Report
) -> None:
    write_notice(tmp_path / "out.xlsx", with_notice(report, "deadline = 2026-11-20"))
    assert "公示期：______年____月____日至2026年11月20日" in text_of(tmp_path / "out.xlsx")


def test_a_long_publisher_is_not_cut(tmp_path: Path, report: Report) -> None:
    publisher = "淄博经济开发区管理委员会" * 9
    write_notice(tmp_path / "out.xlsx", with_notice(report, f'publisher = "{publisher}"'))
    sheet = openpyxl.load_workbook(tmp_path / "out.xlsx").active
    assert sheet["A2"].value == "共90户"
    (row,) = (cell.row for cell in sheet["A"] if publisher in str(cell.value))
    assert sheet.row_dimensions[row].height > 30


@pytest.mark.parametrize("builtin", [id_ for id_, _ in builtin_policies()])
def test_no_built_in_policy_invents_a_publisher(builtin: str) -> None:
    assert load_policy(builtin).notice == Notice()


def test_days_and_deadline_together_are_refused() -> None:
    with pytest.raises(PolicyError, match="days and deadline"):
        policy(tail="[notice]\ndays = 7\ndeadline = 2026-11-20")


def test_objections_have_lines_to_fill_in_and_no_invented_deadline(sheet: Worksheet) -> None:
    text = "\n".join(str(cell.value) for row in sheet.iter_rows(min_row=4 + 90) for cell in row if cell.value)
    assert "公示期" in text
    assert "异议" in text
    assert "____" in text
    assert not re.search(r"\d", text)


def test_nothing_confidential_hides_in_the_file(path: Path, report: Report) -> None:
    with zipfile.ZipFile(path) as package:
        everything = "\n".join(package.read(name).decode() for name in package.namelist())
        workbook = package.read("xl/workbook.xml").decode()
    assert 'state="hidden"' not in workbook
    assert set(re.findall(r'<definedName name="([^"]+)"', workbook)) <= {"_xlnm.Print_Area", "_xlnm.Print_Titles"}
    for secret in (
        *report.scores["uscc"],
        EVALUATION["evaluation_id"],
        EVALUATION["inputs_sha256"],
        "缺少综合能耗",
        "综合得分",
    ):
        assert secret not in everything
    assert "<dc:creator></dc:creator>" in everything


def test_it_prints_on_a4_with_the_header_on_every_page(sheet: Worksheet) -> None:
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
    assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
    assert sheet.print_title_rows == "$1:$3"
    assert sheet.oddFooter.right.text == "第&P页 共&N页"


def test_same_report_gives_the_same_bytes(path: Path, report: Report, tmp_path: Path) -> None:
    write_notice(tmp_path / "again.xlsx", report)
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("name", ["=1+1", "+A1", "-1", "@x", '=HYPERLINK("http://x")'])
def test_a_name_that_looks_like_a_formula_stays_text(tmp_path: Path, report: Report, name: str) -> None:
    write_notice(tmp_path / "out.xlsx", renamed(report, {report.scores["uscc"][0]: name}))
    cells = [cell for row in openpyxl.load_workbook(tmp_path / "out.xlsx").active.iter_rows() for cell in row]
    assert next(cell for cell in cells if cell.value == name).data_type == "s"
    assert not any(cell.data_type == "f" for cell in cells)


@pytest.mark.parametrize(
    ("office", "foot"),
    [
        ("经济发展局", "　异议受理：经济发展局"),
        ("局" * 32, "异议受理：" + "局" * 32),
        ("局" * 200, "　异议受理见末页"),
    ],
)
def test_the_foot_leaves_room_for_the_number_of_the_page(
    tmp_path: Path, report: Report, office: str, foot: str
) -> None:
    write_notice(tmp_path / "out.xlsx", with_notice(report, f'where = "{office}"'))
    shown = openpyxl.load_workbook(tmp_path / "out.xlsx").active.oddFooter.left.text
    assert shown.endswith(foot)
    assert display_width(shown.strip()) <= 76
    assert office in text_of(tmp_path / "out.xlsx")


@pytest.mark.parametrize("before", range(170, 182))
def test_an_ampersand_at_the_end_of_the_foot_makes_no_code(tmp_path: Path, report: Report, before: int) -> None:
    """The foot is cut at a length: never between the two that stand for one."""
    write_notice(tmp_path / "out.xlsx", replace(report, region="区" * before + "&&&&&&"))
    with zipfile.ZipFile(tmp_path / "out.xlsx") as book:
        (foot,) = re.findall("<oddFooter>(.*?)</oddFooter>", book.read("xl/worksheets/sheet1.xml").decode())
    own = foot.replace("&amp;", "&").removeprefix("&L&11").removesuffix("&R&11第&P页 共&N页")
    assert "&" not in own.replace("&&", "")
