"""The page works offline in a real browser, whatever a period lacks, and shows what the report says."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from builders.browser import Tab
from builders.pages import NAMES, column, embedded_data, shown_names

from efficiency.reports.content import notes
from efficiency.reports.page import write_page
from efficiency.reports.page.render import render
from efficiency.reports.report import Report
from schemas.results import MOVEMENT_PARTS

pytest_plugins = ("builders.page_fixtures",)


def blank(frame: pl.DataFrame, *columns: str) -> pl.DataFrame:
    """`frame` with nothing known in `columns`."""
    return frame.with_columns(pl.lit(None, dtype=frame.schema[name]).alias(name) for name in columns)


@pytest.mark.parametrize("width", [1280, 375])
def test_page_opens_without_complaint_and_fits_the_screen(chromium: Tab, page: Path, width: int) -> None:
    chromium.complaints.clear()
    chromium.asked.clear()
    chromium.open(page.as_uri(), width=width, height=812)
    assert chromium.complaints == []
    assert set(chromium.asked) == {page.as_uri()}
    assert chromium.js("document.documentElement.scrollWidth") == width
    assert chromium.js("document.querySelectorAll('.chart svg').length") == 4
    assert chromium.js("window.hacked") is None


def test_page_tells_what_the_report_says(tab: Tab, report: Report) -> None:
    text = tab.js("document.body.innerText")
    for words in (report.period_title, report.policy_title, notes.STATEMENT, report.evaluation["evaluation_id"],
                  report.evaluation["policy_sha256"], report.evaluation["inputs_sha256"]):  # fmt: skip
        assert str(words) in text


def test_hostile_names_are_shown_as_they_are_written(tab: Tab) -> None:
    assert set(NAMES) <= set(shown_names(tab))
    assert tab.js("window.hacked") is None
    assert tab.js("document.querySelectorAll('main img').length") == 0


def test_page_cannot_reach_the_network_nor_make_code_from_text(tab: Tab) -> None:
    assert tab.js("fetch('http://127.0.0.1:9/').then(() => 'reached', () => 'refused')") == "refused"
    # A timer's text is code that the page itself would compile; a debugger's evaluation is exempt from the policy.
    assert (
        tab.js("new Promise(r => { setTimeout('window.made = 1', 0); setTimeout(() => r(window.made), 60) })") is None
    )


def test_search_narrows_the_table_and_dims_the_quadrant(tab: Tab, report: Report) -> None:
    wanted = report.scores.filter(pl.col("status") == "ranked").row(60, named=True)
    typed = wanted["uscc"].lower()
    tab.js(
        f"(i => {{ i.value = '{typed}'; i.dispatchEvent(new Event('input')) }})(document.querySelector('[name=text]'))"
    )
    tab.wait("document.querySelectorAll('#table tbody tr').length === 1")
    assert shown_names(tab) == [wanted["name"]]
    tab.wait("document.querySelectorAll('#quadrant path[opacity=\"0.1\"]').length > 100")
    assert "符合条件 1 户" in tab.js("document.querySelector('.count').textContent")


def test_filters_by_list_town_and_tier_work_together(tab: Tab, report: Report) -> None:
    merger = report.candidates.filter(pl.col("list") == "merger").join(
        report.scores.select("uscc", "town"), on="uscc", how="left"
    )
    town, tier = merger.group_by("town", "tier").len().sort("len", "town", "tier").row(-1)[:2]
    tab.js("document.querySelector('[value=list-merger]').click()")
    for name, value in (("town", town), ("tier", tier)):
        tab.js(f"document.querySelector('input[name={name}][value={value}]').click()")
    expected = merger.filter((pl.col("town") == town) & (pl.col("tier") == tier)).sort("priority")
    assert shown_names(tab) == expected["name"].to_list()
    tab.js("[...document.querySelectorAll('button')].find(b => b.textContent === '清除筛选').click()")
    assert shown_names(tab)[:40] == merger.sort("priority")["name"].head(40).to_list()


def test_header_buttons_sort_and_say_so(tab: Tab, report: Report) -> None:
    button = "[...document.querySelectorAll('#table thead button')].find(b => b.textContent === '综合得分')"
    scores = report.scores["score"].drop_nulls().round(2).sort()
    for direction, expected in (("descending", scores.reverse()), ("ascending", scores)):
        tab.js(f"{button}.focus()")
        tab.press("Enter")
        assert tab.js(f"{button}.parentElement.getAttribute('aria-sort')") == direction
        assert [float(score) for score in column(tab, "综合得分")][:40] == expected.head(40).to_list()
    assert tab.js("document.querySelectorAll('#table [aria-sort]').length") == 1


def test_ranks_of_several_cohorts_name_their_cohort(report: Report, tab: Tab) -> None:
    two = pl.when(pl.col("rank") > 60).then(pl.lit("below_scale")).otherwise("cohort").alias("cohort")
    data = embedded_data(render(replace(report, scores=report.scores.with_columns(two))))
    with_rank = [view for view in data["views"] if "rank" in [name for name, *_ in view["columns"]]]
    assert len(with_rank) == 5
    assert all(["cohort_name", "评价组", "text"] in view["columns"] for view in with_rank)
    assert "评价组" not in tab.js("document.querySelector('#table thead').textContent"), "nothing to say of one"


def test_a_score_never_looks_better_than_its_tier(chromium: Tab, report: Report, tmp_path: Path) -> None:
    policy = re.sub(r'by = "rank"\n.*', 'by = "score"\n  cuts = { A = 90, B = 60, C = 30 }', report.policy_toml)
    scores = report.scores.with_columns(pl.when(pl.col("rank") == 1).then(59.996).otherwise("score").alias("score"))
    write_page(tmp_path / "page.html", replace(report, policy_toml=policy, scores=scores))
    chromium.open((tmp_path / "page.html").as_uri())
    assert column(chromium, "综合得分")[0] == "59.996"


def test_a_change_that_rounds_to_nothing_has_no_sign(chromium: Tab, report: Report, tmp_path: Path) -> None:
    scored = report.scores.filter(pl.col("score").is_not_null())
    parts = dict.fromkeys(MOVEMENT_PARTS, 0.0) | {"own": -0.001}
    movements = scored.select(
        "uscc", pl.col("score").alias("score_before"), pl.lit(-0.001).alias("change"),
        *(pl.lit(amount).alias(part) for part, amount in parts.items()), pl.lit(None, pl.String).alias("note"),
    )  # fmt: skip
    write_page(tmp_path / "page.html", replace(report, movements=movements))
    chromium.open((tmp_path / "page.html").as_uri())
    assert set(column(chromium, "较上期变化")) == {"0.00"}


def test_missing_values_stand_last_whichever_way_one_sorts(tab: Tab) -> None:
    for _ in range(2):
        tab.js("[...document.querySelectorAll('#table thead button')].find(b => b.textContent === '上期等级').click()")
        assert column(tab, "上期等级")[0] != "—"


def test_card_opens_with_enter_and_closes_with_escape(tab: Tab, report: Report) -> None:
    one = report.candidates.filter(pl.col("list") == "merger").sort("priority").row(0, named=True)
    tab.js("document.querySelector('[value=list-merger]').click()")
    tab.js("document.querySelector('#table tbody a').focus()")
    tab.press("Enter")
    tab.wait("document.getElementById('card').open")
    text = tab.js("document.getElementById('card').innerText")
    for words in (one["name"], one["uscc"], one["reason"], one["partner_1_name"], "亩均税收", "单位能耗营业收入",
                  "基准值", "稳健度", "上期"):  # fmt: skip
        assert words in text
    assert tab.js("location.hash") == f"#view=list-merger&card={one['uscc']}"
    assert tab.js("document.activeElement.id") == "card-title"
    tab.press("Escape")
    # The address follows a moment after the dialog.
    tab.wait("!document.getElementById('card').open && location.hash === '#view=list-merger'")
    assert tab.js("document.activeElement.textContent") == one["name"]


def test_card_can_be_linked_to(chromium: Tab, page: Path, report: Report) -> None:
    other = report.scores.filter(pl.col("status") == "insufficient").row(0, named=True)
    chromium.open(f"{page.as_uri()}#{other['uscc']}")
    text = chromium.js("document.getElementById('card').innerText")
    assert other["name"] in text
    assert other["status_reason"] in text
    assert "不等同于D类" in text


def test_card_leads_on_to_the_next_enterprise(tab: Tab, report: Report) -> None:
    names = shown_names(tab)
    tab.js("document.querySelector('#table tbody a').click()")
    tab.wait("document.getElementById('card').open")
    for expected in names[1:3]:
        tab.js("[...document.querySelectorAll('#card a')].find(a => a.textContent.startsWith('下一户')).click()")
        tab.wait(f"document.getElementById('card-title').textContent === {json.dumps(expected)}")


def test_a_point_of_the_quadrant_opens_its_card(tab: Tab) -> None:
    tab.js("document.getElementById('quadrant').scrollIntoView({behavior: 'instant', block: 'center'})")
    x, y = tab.js(
        "(b => [b.x + b.width / 2, b.y + b.height / 2])([...document.querySelectorAll('#quadrant .mark-symbol path')]"
        ".at(-1).getBoundingClientRect())"
    )
    tab.click(x, y)
    tab.wait("document.getElementById('card').open")


def test_a_cell_of_the_movement_shows_who_moved(tab: Tab, report: Report) -> None:
    tab.js("[...document.querySelectorAll('.matrix button')].find(b => b.ariaLabel.startsWith('上期B、本期C')).click()")
    moved = report.scores.filter((pl.col("previous_tier") == "B") & (pl.col("tier") == "C")).sort("rank")
    assert shown_names(tab) == moved["name"].to_list()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda r: replace(r, previous=None, scores=blank(r.scores, "previous_tier")), id="first"),
        pytest.param(lambda r: replace(r, candidates=r.candidates.clear()), id="no lists"),
        pytest.param(lambda r: replace(r, scores=blank(r.scores, "land_score")), id="no quadrant"),
        pytest.param(lambda r: replace(r, problems=r.problems.clear(), warnings=()), id="no problems"),
        pytest.param(
            lambda r: replace(
                r,
                scores=blank(r.scores, "tier", "tier_initial", "land_tier", "energy_tier"),
                candidates=r.candidates.clear(),
            ),
            id="no tiers",
        ),
        pytest.param(
            lambda r: replace(
                r,
                scores=r.scores.filter(pl.col("status") != "ranked"),
                indicators=r.indicators.clear(),
                candidates=r.candidates.clear(),
            ),
            id="nobody ranked",
        ),
    ],
)
def test_page_copes_with_what_a_period_lacks(
    chromium: Tab, report: Report, tmp_path: Path, change: Callable[[Report], Report]
) -> None:
    chromium.complaints.clear()
    write_page(tmp_path / "page.html", change(report))
    chromium.open((tmp_path / "page.html").as_uri())
    assert chromium.complaints == []


def test_limited_page_works(chromium: Tab, report: Report, tmp_path: Path) -> None:
    chromium.complaints.clear()
    write_page(tmp_path / "page.html", report, limit=30)
    chromium.open((tmp_path / "page.html").as_uri())
    assert chromium.complaints == []
    assert "超过本页能列的30户" in chromium.js("document.getElementById('limited').innerText")


# -- without a mouse --------------------------------------------------------------------------------------------------


def test_every_point_of_the_quadrant_can_be_chosen_from_a_list_by_quadrant(tab: Tab, report: Report) -> None:
    both = report.scores.filter(pl.col("land_score").is_not_null() & pl.col("energy_score").is_not_null())
    codes = tab.js("[...document.querySelectorAll('#quadrant-find option')].map(one => one.value).filter(Boolean)")
    assert sorted(codes) == sorted(both.filter(pl.col("status") == "ranked")["uscc"])
    groups = dict(tab.js(
        "[...document.querySelectorAll('#quadrant-find optgroup')].map(g => [g.label.split('(')[0], g.children.length])"
    ))  # fmt: skip
    assert groups["省地省能"] == both.filter((pl.col("land_score") >= 100) & (pl.col("energy_score") >= 100)).height
    code = codes[7]
    tab.js(
        f"(list => {{ list.focus(); list.value = '{code}'; list.dispatchEvent(new Event('change')) }})"
        "(document.querySelector('#quadrant-find select'))"
    )
    told = "document.querySelector('#quadrant-find .told').textContent"
    tab.wait(f"{told}.includes('土地得分')")
    row = both.row(by_predicate=pl.col("uscc") == code, named=True)
    assert f"土地得分 {row['land_score']:,.2f}" in tab.js(told)
    ring = "document.querySelectorAll('#quadrant path[stroke-width=\"2.5\"]').length"
    tab.wait(f"{ring} === 1")
    assert not tab.complaints


def test_moving_through_the_table_rings_the_enterprise_in_the_quadrant(tab: Tab) -> None:
    tab.js("document.querySelectorAll('#table tbody th a')[2].focus()")
    tab.wait("document.querySelectorAll('#quadrant path[stroke-width=\"2.5\"]').length === 1")
    name = tab.js("document.activeElement.textContent")
    assert tab.js("document.querySelector('#quadrant-find .told a').textContent") == name


def test_problems_are_named_in_chinese(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "应填数字" in text
    assert "not_a_number" not in text
