"""Finding enterprises in the page: facets, the address that keeps them, rows drawn as they are scrolled to, the CSV."""

import csv
import io
import json
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import polars as pl
import pytest
from builders.browser import Tab
from builders.pages import NAMES, column, shown_names
from builders.reports import renamed, sample_report

from efficiency.reports.page import write_page
from efficiency.reports.report import Report

pytest_plugins = ("builders.page_fixtures",)

DRAWN = "document.querySelectorAll('#table tbody th').length"
REGION = "document.querySelector('#table .scroll')"


def choose(tab: Tab, name: str, *values: str) -> None:
    for value in values:
        tab.js(f"document.querySelector('input[name={name}][value=\"{value}\"]').click()")


def search(tab: Tab, text: str) -> None:
    tab.js(
        f"(i => {{ i.value = {json.dumps(text)}; i.dispatchEvent(new Event('input')) }})"
        "(document.querySelector('[name=text]'))"
    )
    tab.wait(f"new URLSearchParams(location.hash.slice(1)).get('text') === {json.dumps(text)}")


def facet(tab: Tab, name: str) -> dict[str, int]:
    """Values of a facet that can be chosen, and their counts."""
    pairs: list[tuple[str, int]] = tab.js(
        f"[...document.querySelectorAll('.facet label:not([hidden])')].filter(l => l.querySelector('[name={name}]'))"
        ".map(l => [l.querySelector('input').value, Number(l.querySelector('.number').textContent.replace(',', ''))])"
    )
    return dict(pairs)


def counts(frame: pl.DataFrame, by: str) -> dict[str, int]:
    return dict(frame[by].drop_nulls().value_counts().iter_rows())


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    """A report of 1 200 ranked enterprises, and its page."""
    report = sample_report(1200)
    path = tmp_path_factory.mktemp("many") / "page.html"
    write_page(path, report)
    return report, path


@pytest.fixture
def long(chromium: Tab, many: tuple[Report, Path]) -> Tab:
    """The page of 1 200, freshly opened."""
    chromium.complaints.clear()
    chromium.open(many[1].as_uri())
    return chromium


# -- facets -----------------------------------------------------------------------------------------------------------


def test_counts_of_a_facet_follow_the_other_filters(tab: Tab, report: Report) -> None:
    everyone = report.scores.filter(pl.col("status") == "ranked")
    assert facet(tab, "tier") == counts(everyone, "tier")
    town = everyone["town"].value_counts(sort=True)["town"][0]
    choose(tab, "town", town)
    there = everyone.filter(pl.col("town") == town)
    assert facet(tab, "tier") == counts(there, "tier"), "and what would give nothing is not offered"
    assert facet(tab, "town") == counts(everyone, "town"), "a facet does not follow itself"
    lists = dict(report.candidates.join(there, on="uscc", how="semi")["title"].value_counts().iter_rows())
    shown = tab.js("[...document.querySelectorAll('.views .pill')].map(p => p.textContent.split(' '))")
    assert {title: int(number) for title, number in shown if int(number) and title in lists} == lists


def test_several_values_of_a_facet_are_either_or(tab: Tab, report: Report) -> None:
    choose(tab, "tier", "C", "D")
    expected = report.scores.filter(pl.col("tier").is_in(["C", "D"])).sort("rank")
    assert tab.js("document.querySelector('.grid').ariaRowCount") == str(expected.height + 1)
    assert shown_names(tab)[:20] == expected["name"].head(20).to_list()
    choose(tab, "tier", "C")
    assert tab.js("document.querySelector('.grid').ariaRowCount") == str((expected["tier"] == "D").sum() + 1)


# -- the address ------------------------------------------------------------------------------------------------------


def test_an_address_shows_again_what_was_chosen(tab: Tab, page: Path) -> None:
    choose(tab, "view", "list-merger")
    choose(tab, "tier", "C")
    search(tab, "山东 有限")
    tab.js("[...document.querySelectorAll('#table thead button')].find(b => b.textContent === '用地(亩)').click()")
    names, address = shown_names(tab), tab.js("location.hash")
    assert len(names) > 1
    assert "sort=-land" in address
    tab.open(f"{page.as_uri()}{address}")
    assert shown_names(tab) == names
    assert column(tab, "综合等级") == ["C"] * len(names)
    assert tab.js("document.querySelector('#table [aria-sort=descending]').textContent") == "用地(亩)"
    assert tab.js("document.querySelector('[name=text]').value") == "山东 有限"
    assert tab.js("document.querySelector('[value=list-merger]').checked")
    assert tab.complaints == []


def test_an_address_keeps_a_search_with_any_character(tab: Tab, page: Path) -> None:
    search(tab, "甲&lt;乙")
    address = tab.js("location.hash")
    tab.open(f"{page.as_uri()}{address}")
    assert shown_names(tab) == [NAMES[4]]


def test_an_address_keeps_the_enterprise_beside_the_filters(tab: Tab, page: Path, report: Report) -> None:
    code = report.scores.filter(pl.col("tier") == "B")["uscc"][3]
    tab.open(f"{page.as_uri()}#tier=B&card={code}")
    assert tab.js("document.getElementById('card').open")
    assert code in tab.js("document.getElementById('card').innerText")
    assert set(column(tab, "综合等级")) == {"B"}


def test_going_back_closes_the_card_and_keeps_the_filters(tab: Tab) -> None:
    choose(tab, "tier", "A")
    tab.js("document.querySelector('#table tbody a').click()")
    tab.wait("document.getElementById('card').open && location.hash.includes('card=')")
    tab.js("history.back()")
    tab.wait("!document.getElementById('card').open && location.hash === '#tier=A'")
    assert set(column(tab, "综合等级")) == {"A"}
    tab.js("history.forward()")
    tab.wait("document.getElementById('card').open")


def test_going_to_a_heading_keeps_the_address(tab: Tab) -> None:
    choose(tab, "tier", "A")
    tab.js("document.querySelector('.sections a[href=\"#method\"]').click()")
    tab.wait("scrollY > 500")
    assert tab.js("location.hash") == "#tier=A"


def test_an_address_changed_by_hand_is_followed(tab: Tab) -> None:
    tab.js("location.hash = 'view=list-merger&tier=D'")
    tab.wait("document.querySelector('[value=list-merger]').checked")
    assert set(column(tab, "综合等级")) == {"D"}
    tab.js("location.hash = ''")
    tab.wait("document.querySelector('[value=ranked]').checked")


@pytest.mark.long
@pytest.mark.parametrize(
    "address",
    [
        "#view=nobody&sort=;&card=x",
        "#tier=%E0%A4%A&town=%",
        "#sort=constructor",
        "#__proto__=1&view=__proto__",
        "#" + quote("<img src=x onerror=alert(1)>"),
        "#text=" + quote("<img src=x onerror=alert(1)>"),
        "#method",
    ],
)
def test_an_address_that_means_nothing_opens_the_page(chromium: Tab, page: Path, address: str) -> None:
    chromium.complaints.clear()
    chromium.open(page.as_uri() + address)
    assert chromium.complaints == []
    assert chromium.js("document.querySelector('[value=ranked]').checked")
    assert chromium.js("document.querySelectorAll('main img').length") == 0


def test_a_value_that_nobody_has_is_shown_as_chosen(chromium: Tab, page: Path) -> None:
    """An address of another month may name a town that is no more: it shows nobody, not everybody."""
    chromium.open(f"{page.as_uri()}#town={quote('撤销的镇')}")
    assert "没有符合条件的企业" in chromium.js("document.getElementById('table').innerText")
    assert facet(chromium, "town")["撤销的镇"] == 0
    assert chromium.js("document.querySelector('[value=撤销的镇]').checked")


# -- rows as they are scrolled to -------------------------------------------------------------------------------------


def test_rows_are_drawn_as_they_are_scrolled_to(long: Tab, many: tuple[Report, Path]) -> None:
    report, _ = many
    assert long.js(DRAWN) < 200
    assert long.js("document.querySelector('.grid').ariaRowCount") == "1201"
    long.js(f"{REGION}.scrollTop = {REGION}.scrollHeight")
    last = report.scores.sort("rank", nulls_last=True).filter(pl.col("rank").is_not_null())["name"][-1]
    shown = "[...document.querySelectorAll('#table tbody th')].at(-1)"
    long.wait(f"{shown}.textContent === {json.dumps(last)}")
    assert long.js(f"{shown}.parentElement.ariaRowIndex") == "1201"
    long.wait(f"{DRAWN} < 200")
    long.js(f"{REGION}.scrollTop = {REGION}.scrollHeight / 2")
    in_sight = (
        f"(r => [...document.querySelectorAll('#table tbody th')].filter(th => th.getBoundingClientRect().top > r.top"
        f" && th.getBoundingClientRect().bottom < r.bottom).length)({REGION}.getBoundingClientRect())"
    )
    long.wait(f"{in_sight} > 5")
    assert long.complaints == []


def test_each_row_says_which_it_is(long: Tab) -> None:
    long.js(f"{REGION}.scrollTop = 9000")
    long.wait("[...document.querySelectorAll('#table tbody tr:not(.space)')].some(tr => tr.ariaRowIndex > 200)")
    rows = long.js(
        "[...document.querySelectorAll('#table tbody tr:not(.space)')]"
        ".map(tr => [tr.ariaRowIndex, tr.cells[0].textContent])"
    )
    assert all(int(index) == int(rank.replace(",", "")) + 1 for index, rank in rows)


def test_columns_keep_their_width_whichever_rows_are_drawn(long: Tab) -> None:
    widths = "[...document.querySelectorAll('#table thead th')].map(th => Math.round(th.offsetWidth))"
    before = long.js(widths)
    long.js(f"{REGION}.scrollTop = {REGION}.scrollHeight")
    long.wait("[...document.querySelectorAll('#table tbody tr')].some(tr => tr.ariaRowIndex === '1201')")
    assert long.js(widths) == before


def test_the_row_with_the_focus_stays_while_others_go(long: Tab) -> None:
    long.js("document.querySelector('#table tbody a').focus()")
    name = long.js("document.activeElement.textContent")
    long.js(f"{REGION}.scrollTop = {REGION}.scrollHeight")
    long.wait("[...document.querySelectorAll('#table tbody tr')].some(tr => tr.ariaRowIndex === '1201')")
    time.sleep(0.2)
    assert long.js("document.activeElement.textContent") == name


def test_moving_by_the_keyboard_draws_the_next_rows(long: Tab) -> None:
    last = "[...document.querySelectorAll('#table tbody a')].at(-1)"
    for _ in range(3):
        before = long.js(f"Number({last}.closest('tr').ariaRowIndex)")
        long.js(f"{last}.focus()")
        long.wait(f"Number({last}.closest('tr').ariaRowIndex) > {before}")


def test_the_search_finds_whom_no_row_shows_yet(long: Tab, many: tuple[Report, Path]) -> None:
    one = many[0].scores.row(by_predicate=pl.col("rank") == 1100, named=True)
    assert one["uscc"] not in long.js("document.getElementById('table').innerHTML")
    search(long, one["uscc"])
    assert shown_names(long) == [one["name"]]


def test_a_name_of_two_hundred_characters_is_shown_whole(chromium: Tab, report: Report, tmp_path: Path) -> None:
    name = "淄博" + "超长名称" * 49 + "公司"
    code = report.scores.filter(pl.col("rank") == 1)["uscc"][0]
    write_page(tmp_path / "page.html", renamed(report, {code: name}))
    chromium.open((tmp_path / "page.html").as_uri(), width=390)
    assert chromium.js("document.documentElement.scrollWidth") == 390
    cut = "[...document.querySelectorAll('#table td, #table th')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    assert chromium.js(cut) == 0
    assert name in shown_names(chromium)


# -- the CSV ----------------------------------------------------------------------------------------------------------

LIVE = ('=HYPERLINK("http://example.invalid")', "+1+1", "-1", "@SUM(A1)", "\t=1", '甲"乙",丙\n丁')


def downloaded(tab: Tab, folder: Path) -> tuple[str, list[dict[str, str]]]:
    """Name and rows of the file that the page's button saves."""
    tab.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))
    tab.js("document.querySelector('.save').click()")
    end = time.monotonic() + 20
    while not (found := [*folder.glob("*.csv")]):
        assert time.monotonic() < end, "nothing was saved"
        time.sleep(0.05)
    text = found[0].read_bytes().decode("utf-8")
    assert text.startswith("\ufeff"), "without the mark Excel takes it for GBK"
    return found[0].name, [*csv.DictReader(io.StringIO(text[1:], newline=""))]


def test_the_csv_has_all_filtered_rows_in_their_order_with_the_evaluation(
    long: Tab, many: tuple[Report, Path], tmp_path: Path
) -> None:
    report, _ = many
    choose(long, "tier", "B")
    long.js("[...document.querySelectorAll('#table thead button')].find(b => b.textContent === '土地得分').click()")
    name, rows = downloaded(long, tmp_path)
    expected = report.scores.filter(pl.col("tier") == "B").sort("land_score", descending=True)
    assert name == f"全部参评_筛选_2026-10_{report.evaluation['evaluation_id']}.csv"
    assert expected.height == len(rows) > long.js(DRAWN)
    assert {row["评价编号"] for row in rows} == {report.evaluation["evaluation_id"]}
    assert {row["评价期"] for row in rows} == {"2026-10"}
    assert {row["统一社会信用代码"] for row in rows} == set(expected["uscc"])
    assert [float(row["土地得分"]) for row in rows] == pytest.approx(expected["land_score"].to_list(), rel=1e-8)
    by_code = {row["uscc"]: row for row in expected.to_dicts()}
    for row in rows:
        own = by_code[row["统一社会信用代码"]]
        assert float(row["用地(亩)"]) == pytest.approx(own["land"], rel=1e-8)
        assert float(row["稳健度(仅权重)(比例)"]) == pytest.approx(own["tier_confidence"], rel=1e-8)


def test_no_cell_of_the_csv_is_computed(chromium: Tab, report: Report, tmp_path: Path) -> None:
    codes = report.scores.sort("rank", nulls_last=True)["uscc"].head(len(LIVE)).to_list()
    write_page(tmp_path / "page.html", renamed(report, dict(zip(codes, LIVE, strict=True))))
    chromium.open((tmp_path / "page.html").as_uri())
    _, rows = downloaded(chromium, tmp_path)
    names = {row["统一社会信用代码"]: row["企业名称"] for row in rows}
    assert [names[code] for code in codes] == [f"'{name}" for name in LIVE[:-1]] + [LIVE[-1]]
    assert all(not cell.lstrip().startswith(("=", "+", "@")) for row in rows for cell in row.values())


def test_a_list_in_the_csv_has_its_reasons(tab: Tab, report: Report, tmp_path: Path) -> None:
    choose(tab, "view", "list-merger")
    name, rows = downloaded(tab, tmp_path)
    merger = report.candidates.filter(pl.col("list") == "merger").sort("priority")
    assert name.startswith("并转_2026-10_")
    assert [row["入选理由"] for row in rows] == merger["reason"].to_list()


def test_a_list_that_is_empty_gives_a_header_alone(chromium: Tab, report: Report, tmp_path: Path) -> None:
    write_page(tmp_path / "page.html", replace(report, candidates=report.candidates.clear()))
    chromium.open((tmp_path / "page.html").as_uri())
    choose(chromium, "view", "list-merger")
    _, rows = downloaded(chromium, tmp_path)
    assert rows == []
