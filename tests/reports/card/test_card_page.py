"""One A4 page whatever there is to say: 9 points or more as printed, the own mark at its score, charts in words."""

import re
import shutil
import subprocess
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import openpyxl
import polars as pl
import pytest
from builders.ten_cards import ten_cards
from conftest import SampleRun

from efficiency.evaluation.explanation import Explanation
from efficiency.reports.card import write_card

LEAST = 9.0
DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
LONG = "淄博" + "长" * 194 + "有限公司"


@pytest.fixture(scope="module")
def ten(sample_run: SampleRun) -> dict[str, Explanation]:
    return ten_cards(sample_run.warehouse)


def crowded(explanation: Explanation) -> Explanation:
    """The same with a name of 200 characters, eight indicators with long titles, long reasons, many verifications."""
    indicators = pl.concat([explanation.indicators, explanation.indicators.head(3)]).with_columns(
        pl.format("{}{}", "title", pl.lit("(含税收、规费和其他收入，按实际入库数计算)")).alias("title"),
        pl.lit(0.4).alias("benchmark_own_share"),
    )
    verifications = pl.concat([explanation.verifications] * 5).with_columns(
        pl.lit("统计局/" * 20 + "表.xlsx [表1] F12").alias("source_cell")
    )
    candidate = explanation.candidate or {}
    return replace(
        explanation,
        indicators=indicators,
        verifications=verifications,
        candidate={**candidate, "reason": candidate["reason"] * 12},
        score={**explanation.score, "name": LONG, "town": "镇" * 90, "override_labels": "事由" * 80},
        cohort_title="组" * 120,
        composition=pl.concat([explanation.composition] * 12),
    )


@pytest.fixture(scope="module")
def cards(ten: dict[str, Explanation], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("cards")
    explanations = {**ten, "crowded": crowded(ten["merger"])}
    paths = {name: folder / f"{number}.xlsx" for number, name in enumerate(explanations)}
    for name, path in paths.items():
        write_card(path, explanations[name])
    return paths


def sizes(pdf: Path) -> set[float]:
    """The sizes in points of all text in a PDF that LibreOffice made."""
    found: set[float] = set()
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf.read_bytes(), re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        found |= {float(size) for size in re.findall(rb"/F\d+ ([\d.]+) Tf", content)}
    return found


@pytest.mark.long
@pytest.mark.skipif(
    shutil.which("soffice") is None or shutil.which("pdfinfo") is None, reason="LibreOffice is not installed"
)
def test_every_card_is_one_page_with_text_of_nine_points_or_more(cards: dict[str, Path], tmp_path: Path) -> None:
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    subprocess.run(
        ["soffice", home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *map(str, cards.values())],
        check=True,
        capture_output=True,
        timeout=300,
    )
    assert len(cards) >= 10
    for name, path in cards.items():
        pdf = tmp_path / f"{path.stem}.pdf"
        told = subprocess.run(["pdfinfo", str(pdf)], check=True, capture_output=True, text=True).stdout
        assert re.search(r"^Pages: +1$", told, re.MULTILINE), name
        assert "A4" in told, name
        assert min(sizes(pdf)) >= LEAST, name


def drawings(path: Path) -> list[str]:
    """The alternative text of each chart."""
    with zipfile.ZipFile(path) as package:
        names = [name for name in package.namelist() if name.startswith("xl/drawings/drawing")]
        roots = [ElementTree.fromstring(package.read(name)) for name in names]
    return [frame.get("descr", "") for root in roots for frame in root.iter(f"{DRAWING}cNvPr")]


def charts(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as package:
        return [package.read(name).decode() for name in package.namelist() if name.startswith("xl/charts/chart")]


def test_every_chart_has_its_figures_as_alternative_text(cards: dict[str, Path], ten: dict[str, Explanation]) -> None:
    for name, explanation in ten.items():
        told = drawings(cards[name])
        assert len(told) == len(charts(cards[name]))
        ranked = explanation.standing is not None
        assert len(told) == 1 + ranked
        assert all(text.endswith("。") for text in told)
        if ranked:
            assert f"第{explanation.standing.places['score'].first}名" in told[0]
            assert f"{len(explanation.standing.scores)}户" in told[0]
        highest = max(explanation.course["value"].drop_nulls().to_list())
        assert any(f"{highest:,.2f}".rstrip("0").rstrip(".") in text for text in told)


def column(path: Path, title: str, *, nth: int = 0) -> list[Any]:
    """The figures beside the page below `title`."""
    sheet = openpyxl.load_workbook(path).active
    found = [cell for cell in sheet[2] if cell.value == title][nth]
    return [sheet.cell(row, found.column).value for row in range(3, sheet.max_row + 1)]


@pytest.mark.long
def test_the_own_mark_is_at_the_score_and_each_other_enterprise_has_one(
    cards: dict[str, Path], ten: dict[str, Explanation]
) -> None:
    for name, explanation in ten.items():
        if explanation.standing is None:
            continue
        scores = explanation.standing.scores
        assert [value for value in column(cards[name], "本企业得分") if value is not None] == [
            explanation.score["score"]
        ]
        others = [value for value in column(cards[name], "其他企业得分(所在刻度)") if value is not None]
        step = (max(scores) - min(scores)) / 56
        assert len(others) <= len(scores) - 1
        rest = sorted(scores)
        rest.remove(explanation.score["score"])
        assert all(min(abs(mark - score) for score in rest) <= step / 2 + 1e-9 for mark in others)
        assert all(min(abs(mark - score) for mark in others) <= step / 2 + 1e-9 for score in rest)


def test_months_that_are_not_determined_are_empty_cells_and_gaps(
    cards: dict[str, Path], ten: dict[str, Explanation]
) -> None:
    known = ten["best"].course.filter(measure="revenue")["value"].to_list()
    assert column(cards["best"], "营业收入(万元)")[:12] == known
    assert None in known
    # What a chart does not say is Excel's default, which is a gap.
    assert not any("dispBlanksAs" in chart for chart in charts(cards["best"]))


def page_texts(path: Path) -> tuple[list[str], list[str]]:
    """The texts on the page, and those below it."""
    sheet = openpyxl.load_workbook(path).active
    last = int(re.search(r"\$(\d+)$", sheet.print_area)[1])
    rows = [
        (cell.row, str(cell.value)) for row in sheet.iter_rows(max_col=36) for cell in row if cell.value is not None
    ]
    return [text for row, text in rows if row <= last], [text for row, text in rows if row > last]


def test_what_the_page_cuts_stands_below_it_in_full(cards: dict[str, Path], ten: dict[str, Explanation]) -> None:
    page, below = page_texts(cards["crowded"])
    assert any(text.startswith("淄博长") and text.endswith("…") for text in page)
    assert any(LONG in text for text in below)
    reason = ten["merger"].candidate["reason"]
    assert any(reason * 12 in text for text in below)


def test_every_source_cell_stands_below_the_page(cards: dict[str, Path], ten: dict[str, Explanation]) -> None:
    for name in ("merger", "best", "vetoed"):
        _, below = page_texts(cards[name])
        said = "\n".join(below)
        for part in ten[name].composition.drop_nulls("submission_id").iter_rows(named=True):
            assert f"{part['file_name']} [{part['sheet']}]" in said
            assert re.search(rf"\b{part['cell']}\b", said)


def test_the_same_card_gives_the_same_bytes(ten: dict[str, Explanation], tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_card(tmp_path / f"{name}.xlsx", ten["merger"])
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


@pytest.mark.parametrize("name", ['=HYPERLINK("x")', "<r><t>甲</t></r>", "甲<b>&\"'😀", "a\nb"])
@pytest.mark.long
def test_hostile_names_and_indicators_stay_text(ten: dict[str, Explanation], tmp_path: Path, name: str) -> None:
    explanation = ten["merger"]
    odd = replace(
        explanation,
        score={**explanation.score, "name": name, "town": None},
        cohort_title=name,
        indicators=explanation.indicators.with_columns(pl.lit(name).alias("title")),
    )
    write_card(tmp_path / "card.xlsx", odd)
    sheet = openpyxl.load_workbook(tmp_path / "card.xlsx").active
    assert any(cell.value == name and cell.data_type == "s" for row in sheet.iter_rows() for cell in row)
    assert all(name.replace("\n", " ") in text.replace("\n", " ") for text in drawings(tmp_path / "card.xlsx")[:1])
