"""方法稳健 in workbook and page: what is said of the method variants is what the stored results hold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
from builders.reports import POLICY, of_nobody, renamed, sample_report
from openpyxl import load_workbook

from efficiency.reports import robustness
from efficiency.reports.content import lists, one_page
from efficiency.reports.officials import write_officials
from efficiency.reports.page import write_page
from efficiency.reports.report import Report
from schemas import VARIANT_EFFECTS, VARIANTS

TITLES = {"median": "基准取中位数", "year": "取自然年"}
DECLARED = POLICY + "".join(
    f'[[variant]]\nid = "{own}"\ntitle = "{title}"\nwhy = "也说得通"\nset = {{ window = "{window}" }}\n'
    for window, (own, title) in zip(("year_to_date", "calendar_year"), TITLES.items(), strict=True)
)
HANGING = 3
"""Position, on the list 关停, of the enterprise that only one method would not list."""


def evaluated(report: Report) -> Report:
    """`report` under two variants: all agree, but that every fifth in A is B by the median, and one is not on 关停."""
    listed = report.candidates.filter(list="shutdown")["uscc"]
    off = listed[HANGING] if listed.len() > HANGING else ""
    base = report.scores.select("uscc", "status", "score", "rank", "tier").join(
        report.candidates.select("uscc", "list"), on="uscc", how="left", maintain_order="left"
    )
    moved = (pl.col("tier") == "A") & (pl.col("rank") % 5 == 0)
    by_median = base.with_columns(
        tier=pl.when(moved).then(pl.lit("B")).when(pl.col("uscc") == off).then(pl.lit("C")).otherwise("tier"),
        list=pl.when(pl.col("uscc") != off).then("list"),
    )
    frames = {"median": by_median, "year": base}
    agreeing = 1 + sum(frame["tier"].eq_missing(base["tier"]).cast(pl.Int64) for frame in frames.values())
    on_list = 1 + sum(frame["list"].eq_missing(base["list"]).cast(pl.Int64) for frame in frames.values())
    shares = pl.DataFrame({"agreement": agreeing, "list_agreement": on_list}) / 3
    known = shares.with_columns(pl.when(base["tier"].is_not_null()).then("agreement").alias("agreement"))
    scores = report.scores.with_columns(known)
    own = report.evaluation["evaluation_id"]
    rows = pl.concat(
        frame.with_columns(pl.lit(own).alias("evaluation_id"), pl.lit(id_).alias("variant"))
        for id_, frame in frames.items()
    )
    effects = [
        {
            "evaluation_id": own, "period": report.period, "policy_id": "p", "variant": id_, "number": number,
            "title": title, "why": "也说得通", "tiered": base["tier"].count(),
            "tiers_moved": (frames[id_]["tier"].ne_missing(base["tier"])).sum(),
            "tier_d": 1, "d_moved": 1, "listed": base["list"].count(), "lists_moved": 1, "newly_listed": 0,
        }
        for number, (id_, title) in enumerate(TITLES.items(), start=1)
    ]  # fmt: skip
    return replace(
        report,
        policy_toml=DECLARED,
        scores=scores,
        variants=VARIANTS.conform(rows),
        variant_effects=VARIANT_EFFECTS.conform(pl.DataFrame(effects)),
    )


@pytest.fixture(scope="module")
def report() -> Report:
    return evaluated(sample_report(200))


def doubts(report: Report) -> str:
    return "\n".join(one_page.one_page(report).section("doubts").texts)


def test_the_first_page_counts_what_no_choice_moves_and_names_what_one_does(report: Report) -> None:
    tiered = report.scores.filter(pl.col("tier").is_not_null())
    same = tiered.filter(pl.col("agreement") == 1).height
    assert 0 < same < tiered.height
    said = doubts(report)
    assert f"本办法与办法所列其他2种说得通的算法比较：{tiered.height}户的等级中{same}户在这3种算法下都一样" in said
    assert f"{tiered.height - same}户取决于算法；改变最多的是“基准取中位数”" in said
    hanging = report.candidates.filter(list="shutdown").row(HANGING, named=True)
    assert f"1户取决于算法：{hanging['name']}(只因“基准取中位数”而不符合)" in said


def test_nothing_is_said_where_the_policy_has_no_variants_and_that_it_is_unknown_where_they_were_left_out() -> None:
    plain = sample_report(60)
    assert "算法" not in doubts(plain)
    assert "未设方法口径" in (robustness.not_evaluated(plain) or "")
    assert "未测算方法口径" in doubts(replace(plain, policy_toml=DECLARED))


def test_lists_say_in_how_many_methods_tier_and_list_stay(report: Report) -> None:
    shutdown = next(one for one in lists.candidate_lists(report) if one.id == "shutdown")
    assert {"tier_methods", "list_methods"} <= {field.name for field in shutdown.fields if not field.paper}
    row = shutdown.frame.row(HANGING, named=True)
    assert row["tier_methods"] == f"3种口径中2种为{row['tier']}类"
    assert row["list_methods"] == "3种口径中2种列入"
    without = next(one for one in lists.candidate_lists(sample_report(60)) if one.id == "shutdown")
    assert "tier_methods" not in {field.name for field in without.fields}


def test_the_sheet_shows_each_listed_enterprise_under_each_choice(report: Report, tmp_path: Path) -> None:
    hanging = report.candidates.filter(list="shutdown")["uscc"][HANGING]
    named = renamed(report, {hanging: "=1+1有限公司"})
    write_officials(tmp_path / "w.xlsx", named)
    sheet = load_workbook(tmp_path / "w.xlsx")["方法稳健"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    head = next(i for i, row in enumerate(rows) if row[0] == "清单")
    assert [str(text).split("\n")[1] for text in rows[head][5:7]] == list(TITLES.values())
    found = {row[1]: row for row in rows[head + 1 :]}
    assert len(found) == report.candidates.height
    assert found["=1+1有限公司"][3:7] == ["2/3", "2/3", "↑C出", found["=1+1有限公司"][2]]
    cell = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "=1+1有限公司")
    assert cell.data_type == "s"
    assert any("改变等级最多的一项是“基准取中位数”" in str(row[0]) for row in rows[:head])
    assert sheet.print_area


def test_the_page_has_the_same_part_and_no_name_becomes_a_tag(report: Report, tmp_path: Path) -> None:
    hanging = report.candidates.filter(list="shutdown")["uscc"][HANGING]
    write_page(tmp_path / "p.html", renamed(report, {hanging: "<b>公司</b>"}))
    page = (tmp_path / "p.html").read_text("utf-8")
    part = page[page.index('<section id="variants"') : page.index('<section id="method"')]
    assert "↑C出" in part
    assert "&lt;b&gt;公司&lt;/b&gt;" in part
    assert "<b>公司</b>" not in part
    write_page(tmp_path / "q.html", sample_report(60))
    assert "本办法未设方法口径" in (tmp_path / "q.html").read_text("utf-8")


def test_long_names_many_lists_and_nobody_are_shown(tmp_path: Path, report: Report) -> None:
    long = renamed(report, dict.fromkeys(report.candidates["uscc"], "长" * 200))
    assert len(robustness.grid(long, 5).rows) == 5
    assert robustness.grid(long, 5).left_out == report.candidates.height - 5
    write_officials(tmp_path / "long.xlsx", long)
    nobody = evaluated(of_nobody(sample_report(60)))
    assert "没有等级可比" in robustness.headline(nobody)
    write_officials(tmp_path / "nobody.xlsx", nobody)
    write_page(tmp_path / "nobody.html", nobody)
