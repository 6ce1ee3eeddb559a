"""Months that nobody plans for: everything that people receive is written all the same, and says what is so."""

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.formulas import OURS
from builders.reports import TOWNS, renamed, sample_report
from openpyxl import Workbook

from efficiency.reports.officials import write_notice, write_officials, write_towns
from efficiency.reports.officials.towns import NO_TOWN
from efficiency.reports.page.data import page_data
from efficiency.reports.page.render import ENTERPRISES, render
from efficiency.reports.report import Report

NOTHING_JUDGED = (
    "rank", "score", "tier", "tier_initial", "land_score", "land_tier", "energy_score", "energy_tier",
    "tier_confidence", "d_streak", "previous_tier",
)  # fmt: skip


def blank(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    return frame.with_columns(pl.lit(None, frame.schema[name]).alias(name) for name in names)


def only(report: Report, *codes: str) -> Report:
    def kept(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.filter(pl.col("uscc").is_in(codes))

    return replace(
        report, scores=kept(report.scores), indicators=kept(report.indicators), candidates=kept(report.candidates),
        previous=None, problems=kept(report.problems),
    )  # fmt: skip


def nobody_ranked(report: Report) -> Report:
    scores = blank(report.scores, *NOTHING_JUDGED).with_columns(
        status=pl.lit("insufficient"), status_reason=pl.lit("数据不足：缺综合能耗")
    )
    return replace(report, scores=scores, candidates=report.candidates.clear(), previous=None)


def named(report: Report, names: list[str]) -> Report:
    return renamed(report, dict(zip(report.scores["uscc"].to_list(), names, strict=False)))


LONG = "淄博" + "长" * 52 + "有限公司"
MONTHS: dict[str, Callable[[Report], Report]] = {
    "no candidates": lambda r: replace(r, candidates=r.candidates.clear()),
    "one enterprise": lambda r: only(r, r.scores["uscc"][0]),
    "names of 60 characters": lambda r: named(r, [f"{LONG}{i:02d}" for i in range(r.scores.height)]),
    "names that look like formulas": lambda r: named(r, [f"{'=+-@'[i % 4]}A1{i}" for i in range(r.scores.height)]),
    "no town and no industry": lambda r: replace(r, scores=blank(r.scores, "town", "industry", "industry_division")),
    "no previous period": lambda r: replace(r, scores=blank(r.scores, "previous_tier"), previous=None),
    "nobody ranked": nobody_ranked,
    "nobody at all": lambda r: only(r, "x"),
}


@pytest.fixture(scope="module")
def usual() -> Report:
    """A report on two towns: each has a workbook of its own."""
    report = sample_report(30, unrated=6)
    town = pl.when(pl.col("town") == TOWNS[0]).then(pl.col("town")).otherwise(pl.lit(TOWNS[1]))
    return replace(
        report, scores=report.scores.with_columns(town=town), previous=report.previous.with_columns(town=town)
    )


@pytest.fixture(scope="module", params=MONTHS)
def month(
    request: pytest.FixtureRequest, usual: Report, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Report, dict[str, Workbook]]:
    """Name of the month, its report, and every workbook that is written of it, by file name."""
    report, folder = MONTHS[request.param](usual), tmp_path_factory.mktemp("month")
    write_officials(folder / "officials.xlsx", report)
    write_notice(folder / "notice.xlsx", report)
    write_towns(folder / "towns", report)
    books = {path.stem: openpyxl.load_workbook(path) for path in sorted(folder.rglob("*.xlsx"))}
    return request.param, report, books


def values(book: Workbook) -> list[Any]:
    return [cell for sheet in book for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None]


def test_every_list_is_there_and_says_how_many_stand_on_it(month: tuple[str, Report, dict[str, Workbook]]) -> None:
    _, report, books = month
    for title in ("升级改造", "关停", "并转", "对接头部企业"):
        sheet, listed = books["officials"][title], report.candidates.filter(title=title).height
        rows = [row for row in sheet.iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]
        assert len(rows) == listed
        assert listed or sheet["A4"].value == "本期无"
        assert any("制表人" in str(row[0]) for row in sheet.iter_rows(values_only=True))


def test_no_name_is_a_formula_and_none_is_cut(month: tuple[str, Report, dict[str, Workbook]]) -> None:
    _, report, books = month
    for book in books.values():
        cells = (cell for sheet in book for row in sheet.iter_rows() for cell in row)
        assert [cell.value for cell in cells if cell.data_type == "f" and not OURS.fullmatch(str(cell.value))] == []
    assert set(report.scores["name"]) <= set(values(books["officials"]))


def test_the_notice_names_whoever_has_a_tier_and_nobody_else(month: tuple[str, Report, dict[str, Workbook]]) -> None:
    _, report, books = month
    rows = books["notice"].active.iter_rows(min_row=4, max_col=3, values_only=True)
    shown = [name for name, _, tier in rows if tier]
    assert sorted(map(str, shown)) == sorted(report.scores.filter(pl.col("tier").is_not_null())["name"])


def test_nothing_confidential_is_in_any_corner_of_the_notice(
    month: tuple[str, Report, dict[str, Workbook]], tmp_path: Path
) -> None:
    _, report, _ = month
    write_notice(tmp_path / "notice.xlsx", report)
    with zipfile.ZipFile(tmp_path / "notice.xlsx") as package:
        everything = "".join(package.read(name).decode() for name in package.namelist())
    for secret in (*report.scores["uscc"], report.evaluation["evaluation_id"], report.evaluation["policy_sha256"]):
        assert str(secret) not in everything
    assert 'state="hidden"' not in everything


def test_town_copies_hold_everybody_once(month: tuple[str, Report, dict[str, Workbook]]) -> None:
    name, report, books = month
    copies = {title: book for title, book in books.items() if title.startswith("能耗产出效益评价_")}
    assert len(copies) == report.scores["town"].n_unique()
    if name == "no town and no industry":
        assert [title.split("_")[-1] for title in copies] == [NO_TOWN]
    told = [value for book in copies.values() for value in set(values(book))]
    assert all(told.count(code) == 1 for code in report.scores["uscc"])


def test_the_page_can_be_made(month: tuple[str, Report, dict[str, Workbook]]) -> None:
    _, report, _ = month
    assert report.period_title in render(report)


def test_a_page_of_very_many_says_what_it_leaves_out(usual: Report) -> None:
    data = page_data(usual, limit=10)
    assert len(data["enterprises"]["uscc"]) == 10
    assert "超过本页能列的10户" in data["limited"]
    assert len(data["background"]) <= 10
    assert ENTERPRISES <= 20_000
