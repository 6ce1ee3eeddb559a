"""Copies for each town: its own enterprises, nothing of others, in files whose names no town can spoil."""

import unicodedata
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.reports import sample_report
from conftest import SampleRun
from hypothesis import given
from hypothesis import strategies as st

from efficiency.reports.delivery import RETURNED, TOWNS, Delivery, deliver
from efficiency.reports.officials import write_towns
from efficiency.reports.officials.towns import ELSEWHERE, NO_TOWN
from efficiency.reports.report import Report
from efficiency.reports.workbook import unique_parts

NASTY = ("../../etc/passwd", "东\\西:镇*?", "CON", "东镇.", "东镇", "=A1", "长" * 60, "a\u202eb\x00c", "   ")


@pytest.fixture(scope="module")
def report() -> Report:
    """90 enterprises, some of which state no town; every merger candidate has partners in several towns."""
    made = sample_report(90, unrated=9)
    some = pl.col("uscc").is_in(made.scores["uscc"].gather_every(11).implode())
    return replace(made, scores=made.scores.with_columns(town=pl.when(some).then(None).otherwise("town")))


@pytest.fixture(scope="module")
def copies(report: Report, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    return write_towns(tmp_path_factory.mktemp("towns"), report)


def everything(path: Path) -> str:
    """Every text in every part of the file, properties and links included."""
    with zipfile.ZipFile(path) as package:
        return "\n".join(package.read(name).decode() for name in package.namelist())


def test_each_town_has_a_copy_with_all_of_its_enterprises_and_nothing_of_others(
    copies: tuple[Path, ...], report: Report
) -> None:
    towns = report.scores.with_columns(pl.col("town").fill_null(NO_TOWN))
    assert [path.stem.rsplit("_", 1)[1] for path in copies] == sorted(towns["town"].unique())
    for path in copies:
        own = pl.col("town") == path.stem.rsplit("_", 1)[1]
        said = everything(path)
        assert all(code in said for code in towns.filter(own)["uscc"])
        assert not [code for code in towns.filter(~own)["uscc"] if code in said]
        # Enterprises of different towns may share a name here; those that do not must not be named.
        foreign = set(towns.filter(~own)["name"]) - set(towns.filter(own)["name"])
        assert not [name for name in foreign if name in said]


def test_a_partner_of_another_town_is_counted_but_not_named(copies: tuple[Path, ...], report: Report) -> None:
    mergers = report.candidates.filter(pl.col("list") == "merger")
    town = dict(report.scores.select("uscc", pl.col("town").fill_null(NO_TOWN)).iter_rows())
    row = next(r for r in mergers.iter_rows(named=True) if town[r["uscc"]] != town[r["partner_1"]])
    copy = next(path for path in copies if path.stem.endswith(town[row["uscc"]]))
    sheet = openpyxl.load_workbook(copy)["并转"]
    shown: list[Any] = next(
        cells for cells in map(list, sheet.iter_rows(min_row=4, values_only=True)) if row["uscc"] in cells
    )
    assert f"1. {ELSEWHERE}" in shown[-1]


def test_ranks_are_those_of_everybody_and_lists_are_numbered_from_one(copies: tuple[Path, ...], report: Report) -> None:
    ranks = dict(report.scores.select("uscc", "rank").iter_rows())
    for path in copies:
        book = openpyxl.load_workbook(path)
        assert "概览" not in book.sheetnames
        for title in ("并转", "全部分级"):
            header = [cell.value for cell in book[title][3]]
            rank, uscc = header.index("名次"), header.index("统一社会信用代码")
            rows = [row for row in book[title].iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]
            assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
            assert all(row[rank] == ranks[row[uscc]] for row in rows)


def test_links_lead_to_the_enterprise_in_the_same_copy(copies: tuple[Path, ...]) -> None:
    book = openpyxl.load_workbook(copies[0])
    sheet = book["全部分级"]
    header = [cell.value for cell in sheet[3]]
    rows = [row for row in sheet.iter_rows(min_row=4, values_only=True) if isinstance(row[0], int)]
    assert rows
    own = [row[1].value for row in book["评分明细"].iter_rows(min_row=4, max_col=2)]
    assert all("'评分明细'!$B$4" in str(row[header.index("明细")]) for row in rows)
    assert all(row[header.index("统一社会信用代码")] in own for row in rows)


def test_no_name_of_a_town_leads_out_of_the_folder_or_hides_another_file(tmp_path: Path, report: Report) -> None:
    codes = report.scores["uscc"].to_list()
    towns = dict(zip(codes, NASTY, strict=False))
    spoilt = report.scores.with_columns(town=pl.col("uscc").replace_strict(towns, default="东镇"))
    paths = write_towns(tmp_path / TOWNS, replace(report, scores=spoilt))
    assert sorted(tmp_path.rglob("*.xlsx")) == sorted(paths)
    assert all(path.parent == tmp_path / TOWNS for path in paths)
    assert len(paths) == len({*NASTY, "东镇"})
    assert any(path.stem.endswith(NO_TOWN) for path in paths)  # a town of blanks states none


@given(st.lists(st.text(max_size=80), max_size=8))
def test_parts_of_file_names_are_safe_and_differ_for_all_labels(labels: list[str]) -> None:
    parts = unique_parts(labels)
    assert len(parts) == len(labels)
    assert len({unicodedata.normalize("NFKC", part).casefold() for part in parts}) == len(parts)
    for part in parts:
        assert part
        assert not set(part) & set('<>:"/\\|?*\n\r\t\x00')
        assert part[-1] not in ". "
        assert len(part.encode()) <= 140


def test_copies_of_an_earlier_evaluation_do_not_linger(tmp_path: Path) -> None:
    staged, target = tmp_path / ".2026-10.1", tmp_path / "2026-10"
    for folder in (TOWNS, RETURNED):
        (target / folder).mkdir(parents=True)
        (target / folder / "old.xlsx").write_text("old")
    (staged / TOWNS).mkdir(parents=True)
    (staged / TOWNS / "new.xlsx").write_text("new")
    assert deliver(Delivery(staged, target)) == (target / TOWNS / "new.xlsx",)
    assert sorted(path.name for path in target.rglob("*")) == sorted([TOWNS, "new.xlsx"])


def test_the_month_writes_the_copies_when_asked(sample_run: SampleRun) -> None:
    copies = sorted((sample_run.reports / TOWNS).iterdir())
    assert len(copies) == 5
    assert {str(path.relative_to(sample_run.folder)) for path in copies} <= set(sample_run.told["paths"]["files"])
