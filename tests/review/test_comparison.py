"""Two policies over the same facts: who changes tier or list, counted once, and why."""

import json
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.profiles import SCORE_ONLY, TIERS, indicator, policy, profile, scored
from conftest import SampleRun, efficiency
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from efficiency.evaluation.changes import STATES, Comparison, Side, compare
from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.lists import select
from efficiency.policy.model import Policy
from efficiency.reports.comparison import comparison_as_dict, comparison_as_text

TWO = indicator("tax", "tax", "land", 50) + indicator("revenue", "revenue", "energy", 50)
OTHER_WEIGHTS = indicator("tax", "tax", "land", 10) + indicator("revenue", "revenue", "energy", 90)
SHUTDOWN = """
[[candidate]]
list = "shutdown"
title = "关停"
when = "tier = 'D'"
reason = "等级{tier}"
"""
MERGER = SHUTDOWN.replace("shutdown", "merger").replace("关停", "并转")


def compared(frame: pl.DataFrame, first: Policy, second: Policy) -> Comparison:
    sides = []
    for rules in (first, second):
        evaluation = evaluate(frame, rules)
        sides.append(Side(rules, evaluation, select(evaluation, rules)))
    return compare(*sides)


def of(comparison: Comparison, i: int) -> dict[str, Any]:
    return comparison.enterprises.row(i, named=True)


def mixed(count: int = 10) -> pl.DataFrame:
    """Enterprises that are the better by tax the worse they are by revenue."""
    return profile(*(
        {"tax": 200.0 - 18 * i, "land": 10.0, "revenue": 10.0 + 9 * i, "energy": 10.0} for i in range(count)
    ))  # fmt: skip


def test_the_same_policy_changes_nobody() -> None:
    comparison = compared(mixed(), policy(indicators=TWO), policy(indicators=TWO))
    assert comparison.changes.is_empty()
    assert comparison.enterprises["reason"].null_count() == 10
    assert "没有企业变更等级或清单" in comparison_as_text(comparison, "2026-10")


figures = st.floats(1, 100).map(lambda x: round(x, 1))


@given(
    st.lists(st.tuples(figures, figures, st.sampled_from(["规上", "规下"]), st.booleans()), min_size=1, max_size=12),
    st.sampled_from(
        [TIERS, TIERS.replace("rank", "score").replace("0.20", "90").replace("0.75", "60").replace("0.95", "30")]
    ),
)
def test_every_enterprise_is_once_in_the_matrix_and_the_lists_balance(
    given_: list[tuple[Any, ...]], tiers: str
) -> None:
    frame = profile(*(
        {"tax": tax, "land": 10.0, "revenue": revenue, "energy": 10.0, "scale": scale, "utility": utility}
        for tax, revenue, scale, utility in given_
    ))  # fmt: skip
    excluded = '[[excluded]]\nwhen = "utility"\nlabel = "公用事业"\n'
    second = policy(indicators=OTHER_WEIGHTS, tiers=tiers, tail=MERGER + excluded)
    comparison = compared(frame, policy(indicators=TWO, tail=SHUTDOWN), second)
    assert comparison.matrix.select(STATES).sum().row(0) == tuple(
        int((comparison.enterprises["tier_b"].fill_null("未评级") == state).sum()) for state in STATES
    )
    assert sum(comparison.matrix.select(STATES).sum().row(0)) == len(given_)
    off_diagonal = sum(row[state] for row in comparison.matrix.to_dicts() for state in STATES if state != row["tier"])
    assert off_diagonal == comparison.enterprises["movement"].count()
    for row in comparison.lists.iter_rows(named=True):
        assert row["count_a"] == row["stays"] + row["left"]
        assert row["count_b"] == row["stays"] + row["entered"]
    changed = comparison.enterprises.filter(pl.col("movement").is_not_null() | pl.col("list_movement"))
    assert changed["reason"].null_count() == 0
    assert comparison.changes.height == changed.height


@given(st.lists(st.tuples(figures, figures), min_size=2, max_size=12), st.integers(0, 5))
def test_the_items_add_up_to_what_separates_the_scores(given_: list[tuple[Any, ...]], points: int) -> None:
    frame = profile(*({"tax": t, "land": 10.0, "revenue": r, "energy": 10.0} for t, r in given_))
    adjustment = f'[[adjustment]]\nwhen = "tax > 50"\npoints = {points}\nlabel = "加分"\n'
    comparison = compared(frame, policy(indicators=TWO), policy(indicators=OTHER_WEIGHTS, tail=adjustment))
    gap = {s: pl.col(f"score_{s}") - pl.col(f"score_{s}").mean() for s in "ab"}
    expected = comparison.enterprises.select("uscc", (gap["b"] - gap["a"]).alias("gap"))
    summed = comparison.parts.group_by("uscc").agg(pl.col("shift").sum())
    off = expected.join(summed, on="uscc", validate="1:1").select((pl.col("gap") - pl.col("shift")).abs().max()).item()
    assert off < 3e-6


def test_the_item_whose_weight_moved_is_named_with_both_its_weights() -> None:
    comparison = compared(mixed(), policy(indicators=TWO), policy(indicators=OTHER_WEIGHTS))
    fallen = comparison.changes.filter(pl.col("movement") == "down")
    assert fallen.height > 0
    assert fallen["reason"].str.contains(r"(tax|revenue)：甲得.*分\(权重50，.*乙得.*分\(权重(10|90)，").all()


def test_a_rank_that_is_the_same_under_both_is_not_shown_as_a_change() -> None:
    by_score = TIERS.replace("rank", "score").replace("0.20", "90").replace("0.75", "60").replace("0.95", "30")
    first, second = (policy(indicators=items, tiers=by_score) for items in (TWO, OTHER_WEIGHTS))
    alone = of(compared(mixed(1), first, second), 0)
    assert (alone["movement"], alone["rank_a"], alone["rank_b"]) == ("down", 1, 1)
    assert alone["reason"].startswith("名次均为第1名；")


def test_other_cuts_alone_are_named_as_the_reason() -> None:
    wider = TIERS.replace("A = 0.20", "A = 0.40")
    comparison = compared(
        scored([90.0, 80.0, 70.0, 60.0, 50.0]),
        policy(indicators=SCORE_ONLY),
        policy(indicators=SCORE_ONLY, tiers=wider),
    )
    row = of(comparison, 1)
    assert (row["tier_a"], row["tier_b"], row["movement"]) == ("B", "A", "up")
    assert row["reason"].startswith("分级界线不同")


def test_an_override_of_one_policy_is_named_as_the_reason() -> None:
    scores = (90.0, 80.0, 70.0, 60.0, 50.0)
    frame = profile(*({"tax": score, "land": 1.0, "open_incidents": int(score == 90.0)} for score in scores))
    veto = '[[override]]\nwhen = "open_incidents > 0"\nat_most = "C"\nlabel = "一票否决"\n'
    row = of(compared(frame, policy(indicators=SCORE_ONLY), policy(indicators=SCORE_ONLY, tail=veto)), 0)
    assert (row["tier_a"], row["tier_b"]) == ("A", "C")
    assert "调档不同" in row["reason"]
    assert "一票否决" in row["reason"]


def test_who_is_excluded_by_one_policy_is_named_so() -> None:
    frame = profile({"tax": 50.0, "land": 1.0, "utility": True}, {"tax": 40.0, "land": 1.0})
    excluded = '[[excluded]]\nwhen = "utility"\nlabel = "公用事业"\n'
    row = of(compared(frame, policy(indicators=SCORE_ONLY), policy(indicators=SCORE_ONLY, tail=excluded)), 0)
    assert row["movement"] == "left"
    assert "乙办法不纳入排名(公用事业)" in row["reason"]


def test_a_list_that_only_one_policy_has_is_named_so() -> None:
    frame = scored([90.0, 80.0, 70.0, 60.0, 50.0])
    first, second = (policy(indicators=SCORE_ONLY, tail=tail) for tail in (SHUTDOWN, MERGER))
    row = of(compared(frame, first, second), 4)
    assert (row["movement"], row["list_a"], row["list_b"]) == (None, "关停", "并转")
    assert "乙办法没有“关停”清单" in row["reason"]
    assert "列入乙办法的“并转”清单：等级D(甲办法没有此清单)" in row["reason"]


def test_one_list_under_two_titles_is_no_change() -> None:
    frame = scored([90.0, 80.0, 70.0, 60.0, 50.0])
    renamed = SHUTDOWN.replace("关停", "关停淘汰")
    second = policy(indicators=SCORE_ONLY, tail=renamed)
    assert compared(frame, policy(indicators=SCORE_ONLY, tail=SHUTDOWN), second).changes.is_empty()


def test_evaluations_of_other_enterprises_are_not_compared() -> None:
    rules = policy(indicators=SCORE_ONLY)
    sides = [
        Side(rules, evaluation, select(evaluation, rules))
        for evaluation in (evaluate(scored([1.0, 2.0]), rules), evaluate(scored([1.0]), rules))
    ]
    with pytest.raises(ValueError, match="different enterprises"):
        compare(*sides)


def test_printed_tables_are_aligned_by_display_width() -> None:
    comparison = compared(mixed(), policy(indicators=TWO), policy(indicators=OTHER_WEIGHTS))
    lines = comparison_as_text(comparison, "2026-10").splitlines()
    start = next(i for i, line in enumerate(lines) if line.strip().startswith("甲＼乙"))
    assert len({cell_len(line) for line in lines[start : start + 7]}) == 1


def test_the_comparison_is_json_for_programs() -> None:
    document = comparison_as_dict(
        compared(mixed(), policy(indicators=TWO), policy(indicators=OTHER_WEIGHTS)), "2026-10"
    )
    printed = json.loads(json.dumps(document, allow_nan=False))
    assert sum(sum(row.values()) for row in printed["matrix"].values()) == printed["counts"]["enterprises"] == 10
    assert printed["counts"]["changed"] == len(printed["changes"])


@pytest.mark.long
def test_compare_publishes_nothing_and_writes_a_workbook_only_when_asked(sample_run: SampleRun, tmp_path: Path) -> None:
    before = sample_run.warehouse.read_bytes()
    arguments = (
        "compare",
        "--period",
        "2026-10",
        "--policy",
        "zibo-jkq",
        "--policy",
        "huaian-2024",
        "--warehouse",
        sample_run.warehouse,
    )
    assert "等级对照" in efficiency(*arguments, cwd=tmp_path).stdout
    assert list(tmp_path.iterdir()) == []
    printed = json.loads(efficiency(*arguments, "--json", "--output", "out", cwd=tmp_path).stdout)
    assert printed["workbook"] == "out/2026-10/办法比较_2026-10.xlsx"
    book = openpyxl.load_workbook(tmp_path / printed["workbook"], read_only=True)
    assert book.sheetnames == ["对照概览", "等级或清单变化", "全部企业对照", "得分项对照"]
    names = {row[1] for row in book["等级或清单变化"].iter_rows(min_row=4, values_only=True)}
    assert {row["name"] for row in printed["changes"]} <= names
    assert sample_run.warehouse.read_bytes() == before
    same = json.loads(
        efficiency(*(a if a != "huaian-2024" else "zibo-jkq" for a in arguments), "--json", cwd=tmp_path).stdout
    )
    assert same["counts"]["changed"] == 0
    tiers = {state: sum(row[state] for row in same["matrix"].values()) for state in "ABCD"}
    assert tiers == {state: sample_run.told["tiers"][state] for state in "ABCD"}
