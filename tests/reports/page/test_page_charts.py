"""The page's charts: each is described by the sentence of the workbook, and no name in the quadrant covers another."""

import itertools
from pathlib import Path

from builders.browser import Tab
from builders.pages import embedded_data

from efficiency.reports.content import charts
from efficiency.reports.page import write_page
from efficiency.reports.report import Report

BOXES = """
[...document.querySelectorAll("#quadrant .mark-text text")]
  .filter((text) => text.textContent && !/^[\\d,]+$|得分$/.test(text.textContent))
  .filter((text) => text.getAttribute("opacity") !== "0" && getComputedStyle(text).opacity !== "0")
  .map((text) => { const box = text.getBoundingClientRect();
    return [text.textContent, box.left, box.top, box.right, box.bottom] })
"""
"""Texts within the quadrant, those of its axes aside, and where they stand: left, top, right, bottom."""
CORNERS = {"费地省能", "省地省能", "费地费能", "省地费能"}


def test_charts_are_described_by_the_workbooks_sentences(page: Path, report: Report) -> None:
    data = embedded_data(page.read_text(encoding="utf-8"))
    lists = list(report.candidates.group_by("title").len().iter_rows())
    quadrant = data["charts"]["quadrant"]["description"]
    assert quadrant.startswith(charts.quadrant_words(report, []).removesuffix("。"))
    assert all(f"{title}{number}户" in quadrant for title, number in lists)
    assert data["charts"]["shares"]["description"].startswith(charts.tier_words(report))
    assert [group["words"] for group in data["groups"]] == [
        charts.group_words(report, by, 12) for by in ("town", "industry_division")
    ]


def test_a_screen_reader_hears_the_sentence(tab: Tab, report: Report) -> None:
    tab.wait("document.querySelectorAll('svg[role=img]').length >= 4")
    heard = tab.js("[...document.querySelectorAll('svg[role=img]')].map(s => s.getAttribute('aria-label'))")
    for words in (charts.tier_words(report), charts.group_words(report, "town", 12)):
        assert any(text.startswith(words) for text in heard)


def test_names_in_the_quadrant_do_not_cover_each_other(tab: Tab) -> None:
    for width in (1280, 1000, 1920):
        tab.open(tab.js("location.href"), width=width)
        tab.wait("!!document.querySelector('#quadrant svg')")
        boxes = tab.js(BOXES)
        assert len({text for text, *_ in boxes} - CORNERS) >= 5
        for (one, *a), (other, *b) in itertools.combinations(boxes, 2):
            apart = a[2] <= b[0] + 1 or b[2] <= a[0] + 1 or a[3] <= b[1] + 4 or b[3] <= a[1] + 4
            assert apart, f"{one} and {other} at {width}"


def test_a_narrow_quadrant_names_nobody(tab: Tab, page: Path) -> None:
    tab.open(page.as_uri(), width=390)
    tab.wait("!!document.querySelector('#quadrant svg')")
    assert {text for text, *_ in tab.js(BOXES)} == CORNERS


def test_a_name_in_the_quadrant_stays_text(report: Report, tab: Tab) -> None:
    assert tab.js("window.hacked") is None


def test_the_page_is_the_same_again(page: Path, report: Report, tmp_path: Path) -> None:
    again = tmp_path / "again.html"
    write_page(again, report)
    assert again.read_bytes() == page.read_bytes()
