"""A figure changed and the cohort judged again is what an evaluation of the changed profile gives."""

import numpy as np
import polars as pl
from builders.examples import examples
from builders.oracle_evaluation import Row
from builders.profiles import code, indicator, policy, profile
from builders.random_policies import policies, rows
from hypothesis import assume, given
from hypothesis import strategies as st

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.targets import Search, supposing
from efficiency.policy.model import Policy


def changed(frame: pl.DataFrame, uscc: str, column: str, value: float) -> pl.DataFrame:
    return frame.with_columns(pl.when(pl.col("uscc") == uscc).then(value).otherwise(column).alias(column))


@examples(short=8, long=100)
@given(
    rows=rows,
    rules=policies(),
    column=st.sampled_from(["tax", "land", "revenue", "energy", "rd_expense"]),
    value=st.floats(0.5, 900).map(lambda x: round(x, 3)),
)
def test_what_is_supposed_is_what_an_evaluation_gives(
    rows: list[Row], rules: Policy, column: str, value: float
) -> None:
    frame = profile(*rows)
    before = evaluate(frame, rules).scores
    for cohort in rules.cohort:
        base = supposing(frame, rules, cohort)
        assert base is not None
        ranked = before.filter(cohort=cohort.id, status="ranked")["uscc"].to_list()
        at = base.members["uscc"].to_list()
        judged = base.judged(
            np.array([at.index(u) for u in ranked], dtype=np.int64), column, np.full(len(ranked), value)
        )
        for uscc, (tier, score) in zip(ranked, judged.rows(), strict=True):
            again = evaluate(changed(frame, uscc, column, value), rules).scores
            found = again.filter(uscc=uscc).row(0, named=True)
            # A change that lets another cohort or nobody take the enterprise is no way to a better tier.
            assume(found["cohort"] == cohort.id or tier is None)
            if found["cohort"] == cohort.id and found["status"] == "ranked":
                assert (tier, score) == (found["tier"], found["score"])
            else:
                assert tier is None


GROUPED = indicator(
    "tax_per_mu", weight=60, dimension="land",
    benchmark='{ stat = "weighted_mean", within = ["town"], min_group = 2 }', more="cap = 1.5",
) + indicator(
    "revenue_per_energy", "revenue", "energy", 40, dimension="energy", benchmark='{ stat = "median" }', more="cap = 1.5"
)  # fmt: skip
figure = st.floats(1, 400).map(lambda x: round(x, 2))
member = st.fixed_dictionaries(
    {"tax": figure, "land": figure, "revenue": figure, "energy": figure, "town": st.sampled_from(["甲", "乙"])}
)


@examples(short=10, long=150)
@given(rows=st.lists(member, min_size=6, max_size=14), column=st.sampled_from(["tax", "land", "revenue", "energy"]))
def test_every_change_that_is_offered_reaches_its_tier_when_it_is_made(rows: list[Row], column: str) -> None:
    rules = policy(indicators=GROUPED)
    frame = profile(*rows)
    base = supposing(frame, rules, rules.cohort[0])
    assert base is not None
    tiers = evaluate(frame, rules).scores.select("uscc", "tier")
    targets = {uscc: "ABC"["BCD".index(tier)] for uscc, tier in tiers.iter_rows() if tier != "A"}
    search = Search(base, targets)
    for uscc, target in targets.items():
        change = search.change(uscc, column)
        if change is None:
            continue
        assert (change > 0) is (column in ("tax", "revenue"))
        own = frame.filter(uscc=uscc)[column].item()
        there = evaluate(changed(frame, uscc, column, own + change), rules).scores
        assert there.filter(uscc=uscc)["tier"].item() <= target


def test_the_own_weight_in_the_benchmark_is_part_of_the_answer() -> None:
    # Alone in its town with one other: each unit of tax raises the benchmark that it is held against.
    rows = [{"tax": 10.0, "land": 10.0, "town": "甲"}, {"tax": 30.0, "land": 10.0, "town": "甲"}]
    one = indicator(benchmark='{ stat = "weighted_mean", within = ["town"], min_group = 2 }', more="cap = 1.5")
    cuts = '  [cohort.tiers]\n  by = "score"\n  cuts = { A = 120, B = 100, C = 40 }\n'
    base = supposing(profile(*rows), rules := policy(indicators=one, tiers=cuts), rules.cohort[0])
    assert base is not None
    # 2t ÷ (t + 30) ≥ 1 at t = 30: twenty more, where ten more would reach the benchmark of before.
    assert Search(base, {code(0): "B"}).change(code(0), "tax") == 20.0
