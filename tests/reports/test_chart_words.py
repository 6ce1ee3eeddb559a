"""What charts show in words and marks: the true numbers, everybody once, and no name over another."""

import itertools
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import openpyxl
import polars as pl
import pytest
from builders.reports import renamed, sample_report, verdict_report
from hypothesis import given
from hypothesis import strategies as st

from efficiency.reports.content import charts, totals
from efficiency.reports.officials import write_officials
from efficiency.reports.officials.charts import plain
from efficiency.reports.report import Report
from schemas.results import MOVEMENT_PARTS

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"


@pytest.fixture(scope="module")
def report() -> Report:
    made = verdict_report(200)
    ranked = made.scores.filter(pl.col("score").is_not_null())
    parts = dict.fromkeys(MOVEMENT_PARTS, 0.0) | {"own": 3.0, "peers": -1.0}
    return replace(made, movements=ranked.select(
        "uscc", (pl.col("score") - 2.0).alias("score_before"), pl.lit(2.0).alias("change"),
        *(pl.lit(amount).alias(part) for part, amount in parts.items()), pl.lit(None, dtype=pl.String).alias("note"),
    ))  # fmt: skip


def described(path: Path) -> list[str]:
    """The alternative texts of all drawings of a workbook."""
    texts = []
    with zipfile.ZipFile(path) as package:
        for name in sorted(package.namelist()):
            if re.match(r"xl/drawings/drawing\d+\.xml", name):
                properties = ET.fromstring(package.read(name)).iter(f"{DRAWING}cNvPr")
                texts += [one.get("descr") or "" for one in properties]
    return texts


# -- words ------------------------------------------------------------------------------------------------------------


def test_every_drawing_of_the_workbook_says_what_the_page_says_of_it(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "out.xlsx"
    write_officials(path, report)
    lists = report.candidates.group_by("title", maintain_order=True).len()
    words = described(path)
    assert len(words) == 4
    assert all(text.endswith("。") for text in words)
    assert charts.group_words(report, "town", 12) in words
    assert charts.group_words(report, "industry_division", 12) in words
    assert charts.movement_words(report) in words
    quadrant = next(text for text in words if text.startswith("土地效率"))
    assert all(f"{title}{count}户" in quadrant for title, count in lists.iter_rows())


def test_the_quadrant_counts_everybody_once(report: Report) -> None:
    both = report.scores.filter(pl.col("status") == "ranked").drop_nulls(["land_score", "energy_score"])
    counts = charts.quadrant_counts(report)
    assert sum(counts.values()) == both.height
    assert counts["省地费能"] == both.filter((pl.col("land_score") >= 100) & (pl.col("energy_score") < 100)).height
    words = charts.quadrant_words(report, [("关停", 3), ("并转", 0)])
    assert all(f"{name}{number}户" in words for name, number in counts.items())
    assert words.endswith("清单企业：关停3户。")


def test_towns_are_described_by_their_figures(report: Report) -> None:
    first = totals.group_table(report, "town").row(0, named=True)
    words = charts.group_words(report, "town", 12)
    assert f"参评最多的是{first['label']}，{first['ranked']}户，其中A类{first['A']}户" in words
    worst = totals.group_table(report, "town")["D"].max()
    assert f"，{worst!s}户。" in words


def test_movement_is_described_by_who_moved(report: Report) -> None:
    changes = totals.tier_changes(report)
    words = charts.movement_words(report)
    for direction in ("升档", "降档"):
        assert f"{direction}{(changes['direction'] == direction).sum()}户" in words
    stayed = totals.with_previous_tier(report).filter(pl.col("before") == pl.col("tier")).height
    assert f"等级不变{stayed}户" in words
    none = replace(
        report, previous=None, movements=None, scores=report.scores.with_columns(previous_tier=pl.lit(None, pl.String))
    )
    assert charts.movement_words(none) == "等级变动：无上期评价，不作比较。"


def test_an_evaluation_of_nobody_is_described() -> None:
    empty = sample_report(1, unrated=0)
    empty = replace(empty, scores=empty.scores.clear(), previous=None, candidates=empty.candidates.clear())
    assert "没有" in charts.quadrant_words(empty, [])
    assert "没有参评企业" in charts.group_words(empty, "town", 12)


def test_movers_are_named_in_the_overview_with_their_tiers_and_the_reason(tmp_path: Path, report: Report) -> None:
    path = tmp_path / "out.xlsx"
    write_officials(path, report)
    sheet = openpyxl.load_workbook(path)["概览"]
    start = next(row for row in range(1, sheet.max_row) if str(sheet.cell(row, 1).value).startswith("等级变动企业("))
    shown = charts.movers_shown(report)
    assert f"({totals.tier_changes(report).height}户" in str(sheet.cell(start, 1).value)
    rows = [[sheet.cell(start + 2 + at, column).value for column in (1, 6, 7, 8, 9)] for at in range(shown.height)]
    assert [row[:3] for row in rows] == [list(row) for row in shown.select("name", "before", "tier").rows()]
    assert [row[3] for row in rows] == pytest.approx(shown["change"].to_list())
    assert "自身数据+3.00分" in {row[4] for row in rows}
    assert shown["direction"].to_list() == sorted(shown["direction"].to_list(), key="升档降档".index)


# -- marks and names --------------------------------------------------------------------------------------------------


def test_marks_of_the_background_stand_for_everybody_within_the_axes(report: Report) -> None:
    density = charts.density(report, (160.0, 160.0))
    assert density["enterprises"].sum() == charts.with_both_scores(report).height
    least = [number for _, number in charts.CLASSES]
    for row in density.iter_rows(named=True):
        assert row["enterprises"] >= least[row["class"]]
        assert row["class"] == len(least) - 1 or row["enterprises"] < least[row["class"] + 1]
    beyond = charts.density(report, (1.0, 1.0))["enterprises"].sum()
    inside = charts.with_both_scores(report).filter((pl.col("land_score") <= 1) & (pl.col("energy_score") <= 1)).height
    assert beyond == inside


NAMES = st.text("甲乙丙abc", min_size=1, max_size=12)
MARKS = st.lists(st.tuples(st.just("code"), NAMES, st.floats(0, 170), st.floats(0, 170)), max_size=60)


@given(MARKS, st.integers(1, 20))
def test_no_name_covers_another_or_a_named_mark_or_leaves_the_chart(
    marks: list[tuple[str, str, float, float]], most: int
) -> None:
    plot = charts.Plot(width=600.0, height=200.0, x_max=160.0, y_max=160.0)
    corner = charts.Label("省地省能 12户", 158.0, 155.0, "left")
    labels = charts.placed_labels(marks, plot, most, kept_free=[corner])
    assert len(labels) <= most
    boxes = [charts.box_of(label, plot) for label in [*labels, corner]]
    assert not any(charts.overlap(one, other) for one, other in itertools.combinations(boxes, 2))
    for box in boxes[:-1]:
        assert box[0] >= 0
        assert box[1] >= 0
        assert box[2] <= plot.width
        assert box[3] <= plot.height
        for _, _, x, y in marks:
            across, down = plot.width * x / plot.x_max, plot.height * (1 - y / plot.y_max)
            assert not (box[0] < across < box[2] and box[1] < down < box[3])


def test_who_finds_no_room_has_no_name_and_the_first_has_the_first_choice() -> None:
    narrow = charts.Plot(width=20.0, height=20.0, x_max=100.0, y_max=100.0)
    assert charts.placed_labels([("1", "甲公司", 40.0, 50.0), ("2", "乙公司", 41.0, 51.0)], narrow, 5) == []
    wide = charts.Plot(width=1000.0, height=200.0, x_max=100.0, y_max=100.0)
    labels = charts.placed_labels([("1", "淄博湛岳助剂有限公司", 40.0, 50.0), ("2", "远处厂", 80.0, 50.0)], wide, 5)
    assert [label.text for label in labels] == ["淄博湛岳助剂", "远处"]


def test_a_name_never_becomes_the_address_of_a_cell_in_a_chart(tmp_path: Path, report: Report) -> None:
    assert plain("=概览!A1") == "＝概览！A1"
    assert plain("概览!A1") == "概览！A1"
    path = tmp_path / "out.xlsx"
    write_officials(path, renamed(report, dict.fromkeys(report.scores["uscc"], "=概览!A1")))
    with zipfile.ZipFile(path) as package:
        for name in package.namelist():
            if name.startswith("xl/charts/chart"):
                assert "<c:f>概览!A1</c:f>" not in package.read(name).decode()
