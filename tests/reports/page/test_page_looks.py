"""The page is read by everybody: with a screen reader, without colours, in the dark, on a telephone and on paper."""

import base64
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.browser import Tab
from builders.reports import sample_report

from efficiency.reports.content import one_page
from efficiency.reports.page import write_page
from efficiency.reports.palette import DARK, LIGHT, TIER_FILL
from efficiency.reports.report import Report

pytest_plugins = ("builders.page_fixtures",)

RULES = (Path(__file__).parents[2] / "builders/data/accessibility.js").read_text(encoding="utf-8")
NEEDS_PDFTOTEXT = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
PAPER = "getComputedStyle(document.body).backgroundColor"


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


@pytest.fixture
def system(chromium: Tab) -> Iterator[Tab]:
    """The browser, whose system can be told to be dark; afterwards as it was."""
    yield chromium
    chromium.call("Emulation.setEmulatedMedia", media="", features=[])
    chromium.js("localStorage.clear()")


def dark(tab: Tab, media: str = "") -> None:
    tab.call("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": "dark"}])


# -- for whoever does not see it --------------------------------------------------------------------------------------


@pytest.mark.parametrize("look", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_page_and_card_breach_no_rule_of_accessibility(system: Tab, page: Path, look: str, width: int) -> None:
    if look == "dark":
        dark(system)
    system.open(page.as_uri(), width=width)
    assert system.js(RULES) == []
    system.js("document.querySelector('[value=list-merger]').click()")
    system.js("document.querySelector('#table tbody a').click()")
    system.wait("document.getElementById('card').open")
    assert system.js(RULES) == []


@pytest.mark.long
@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("main.insertAdjacentHTML('beforeend', '<svg role=\"img\"></svg>')", "svg-img-alt"),
        ("main.insertAdjacentHTML('beforeend', '<svg><g role=\"graphics-symbol\"></g></svg>')", "svg-img-alt"),
        ("main.insertAdjacentHTML('beforeend', '<p id=\"card\">x</p>')", "duplicate-id"),
        ("main.insertAdjacentHTML('beforeend', '<input>')", "label"),
        ("main.insertAdjacentHTML('beforeend', '<h6>x</h6>')", "heading-order"),
        ("main.insertAdjacentHTML('beforebegin', '<p>x</p>')", "region"),
        ("document.querySelector('.story').style.color = '#8a9299'", "color-contrast"),
    ],
)
def test_a_planted_breach_is_found(tab: Tab, planted: str, rule: str) -> None:
    tab.js(f"(() => {{ const main = document.querySelector('main'); {planted}; }})()")
    assert rule in " ".join(tab.js(RULES))


def test_each_chart_is_a_picture_whose_name_says_what_it_shows(tab: Tab) -> None:
    names = tab.js("[...document.querySelectorAll('.chart svg')].map(svg => [svg.getAttribute('role'), svg.ariaLabel])")
    assert [role for role, _ in names] == ["img"] * 4
    assert len({name for _, name in names}) == 4
    assert all(len(name) > 10 for _, name in names)
    assert tab.js("document.querySelectorAll('.chart svg [role=graphics-symbol]').length") == 0


# -- in the dark ------------------------------------------------------------------------------------------------------


def test_page_follows_the_system_and_the_reader_goes_first(system: Tab, page: Path) -> None:
    choose = "(s => {{ s.value = '{}'; s.dispatchEvent(new Event('change')) }})(document.getElementById('look'))"
    system.open(page.as_uri())
    assert system.js(PAPER) == rgb(LIGHT["paper"])
    dark(system)
    assert system.js(PAPER) == rgb(DARK["paper"])
    system.js(choose.format("light"))
    assert system.js(PAPER) == rgb(LIGHT["paper"])
    system.open(page.as_uri())
    assert system.js(PAPER) == rgb(LIGHT["paper"]), "a choice is kept"
    assert system.js("document.getElementById('look').value") == "light"
    system.js(choose.format(""))
    assert system.js(PAPER) == rgb(DARK["paper"])


def test_charts_follow_the_screen_without_being_drawn_anew(system: Tab, page: Path) -> None:
    system.open(page.as_uri())
    title = "[...document.querySelectorAll('#quadrant text')].find(t => t.textContent.startsWith('土地效率'))"
    colour = f"getComputedStyle({title}).fill"
    assert system.js(colour) == rgb(LIGHT["ink"])
    dark(system)
    assert system.js(colour) == rgb(DARK["ink"])


def test_what_is_printed_is_light_whatever_the_screen(system: Tab, page: Path) -> None:
    dark(system)
    system.open(page.as_uri())
    dark(system, media="print")
    assert system.js(PAPER) == rgb(LIGHT["paper"])
    assert system.js("getComputedStyle(document.querySelector('.tier-A')).backgroundColor") == rgb(TIER_FILL["A"])


def test_a_quadrant_of_thousands_is_thinned_and_says_so(system: Tab, tmp_path: Path) -> None:
    report = sample_report(3500)
    write_page(tmp_path / "page.html", report)
    system.complaints.clear()
    system.open((tmp_path / "page.html").as_uri())
    marks = "document.querySelectorAll('#quadrant .mark-symbol path').length"
    assert system.js(marks) == 3000
    assert "3,500户" in system.js("document.querySelector('#quadrant svg').ariaLabel")
    assert "至多画3,000户" in system.js("document.getElementById('quadrant-note').textContent")
    legend = system.js("[...document.querySelectorAll('#quadrant-legend label')].map(l => l.textContent).join(' ')")
    assert all(f"{title} {count}" in legend for title, count in report.candidates["title"].value_counts().iter_rows())
    system.js("document.querySelector('input[name=tier][value=D]').click()")
    system.wait("document.querySelectorAll('#quadrant path[opacity=\"0.1\"]').length > 1000")
    rated = (report.scores["tier"] == "D").sum()
    system.wait(f"document.querySelectorAll('#quadrant .mark-symbol path:not([opacity=\"0.1\"])').length === {rated}")
    assert system.complaints == []


# -- on paper ---------------------------------------------------------------------------------------------------------


def printed(tab: Tab, folder: Path) -> list[str]:
    """The text of each printed page."""
    made = tab.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)["data"]
    (folder / "page.pdf").write_bytes(base64.b64decode(made))
    subprocess.run(["pdftotext", "-layout", "page.pdf", "page.txt"], cwd=folder, check=True, timeout=60)
    return (folder / "page.txt").read_text(encoding="utf-8").split("\f")[:-1]


def test_print_has_no_controls(tab: Tab) -> None:
    tab.call("Emulation.setEmulatedMedia", media="print", features=[])
    shown = tab.js(
        "[...document.querySelectorAll('button, input, select, nav, [type=search]')]"
        ".filter(e => e.checkVisibility() && !e.closest('.matrix')).map(e => e.outerHTML)"
    )
    tab.call("Emulation.setEmulatedMedia", media="", features=[])
    assert shown == []


@NEEDS_PDFTOTEXT
def test_print_holds_the_filtered_rows_and_says_how_many(tab: Tab, report: Report, tmp_path: Path) -> None:
    tab.js("document.querySelector('input[name=tier][value=C]').click()")
    text = "".join(printed(tab, tmp_path))
    flat = re.sub(r"\s", "", text)
    chosen = report.scores.filter(report.scores["tier"] == "C")
    assert f"符合条件{chosen.height}户，共120户" in flat
    assert "筛选条件：本期等级：C" in flat
    assert all(re.sub(r"\s", "", name) in flat for name in chosen["name"].to_list())
    assert tab.js("document.querySelectorAll('main details[open]').length") == 1, "folded again, but for the filters"


@NEEDS_PDFTOTEXT
def test_what_a_committee_asks_is_printed_on_one_page(tab: Tab, report: Report, tmp_path: Path) -> None:
    """The page begins as the workbook does, with the same words."""
    first, second = (re.sub(r"\s", "", page) for page in printed(tab, tmp_path)[:2])
    asked = one_page.one_page(report)
    said = [asked.title, asked.statement, *(text for section in asked.sections for text in section.texts)]
    assert all(re.sub(r"\s", "", words) in first for words in said)
    assert second.startswith("概况")


@NEEDS_PDFTOTEXT
def test_no_header_is_printed_without_what_it_heads(tab: Tab, tmp_path: Path) -> None:
    pages = [[line.split() for line in page.splitlines() if line.strip()] for page in printed(tab, tmp_path)]
    headings = ("企业与清单", "镇办与行业", "等级变动", "方法与数据", "可追溯信息", "土地效率与能源效率", "建议清单")
    for lines in pages:
        assert lines, "no page is empty"
        assert lines[-1][0] not in headings
        assert not {"企业名称", "指标", "问题"} & set(lines[-1]), "nor a table's header"


@NEEDS_PDFTOTEXT
def test_card_is_printed_alone_on_one_upright_page(tab: Tab, report: Report, tmp_path: Path) -> None:
    tab.js("document.querySelector('[value=list-merger]').click()")
    tab.js("document.querySelector('#table tbody a').click()")
    tab.wait("document.getElementById('card').open")
    pages = printed(tab, tmp_path)
    assert len(pages) == 1
    assert "各项指标与基准" in pages[0]
    assert "概况" not in pages[0]
    width, height = map(
        float, re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", (tmp_path / "page.pdf").read_bytes())[0]
    )
    assert height > width


@pytest.mark.long
def test_print_of_very_many_is_bounded_and_says_so(chromium: Tab, tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", sample_report(2100))
    chromium.open((tmp_path / "page.html").as_uri())
    chromium.js("window.dispatchEvent(new Event('beforeprint'))")
    assert chromium.js("[...document.querySelectorAll('#table tbody:not([hidden]) th')].length") == 2000
    assert "共2,100行，本次只打印前2,000行" in chromium.js("document.querySelector('#table .printed').textContent")
    chromium.js("window.dispatchEvent(new Event('afterprint'))")
    assert chromium.js("document.querySelectorAll('#table tbody th').length") < 400
