"""Why a score is not what it was: the parts add up, and each is what its name says."""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pytest
from builders.profiles import indicator, policy, profile
from hypothesis import given
from hypothesis import strategies as st

from efficiency.evaluation.changes import MOVEMENT, Results, movement
from efficiency.evaluation.evaluate import evaluate
from efficiency.policy.model import Policy
from schemas.results import MOVEMENT_PARTS

MEAN = '{ stat = "weighted_mean" }'
HONOURS = '[[adjustment]]\nwhen = "honours = \'专精特新\'"\npoints = 2\nlabel = "专精特新"\n'


def two(
    formula_benchmark: str = MEAN, missing: str = "reweight", second: str = "zero", weights: tuple[int, int] = (60, 40)
) -> str:
    upper = '{ stat = "quantile", q = 0.75 }'
    return (
        indicator("tax", "tax", "land", weights[0], benchmark=formula_benchmark, missing=missing, more="cap = 1.5")
        + indicator("revenue", "revenue", "energy", weights[1], benchmark=upper, missing=second)
    )  # fmt: skip


def standing(frame: pl.DataFrame, rules: Policy) -> Results:
    evaluation = evaluate(frame, rules)
    return Results(evaluation.scores, evaluation.indicators, rules)


def firms(rows: Sequence[Mapping[str, object]]) -> pl.DataFrame:
    return profile(*({"land": 10.0, "energy": 10.0, **row} for row in rows))


def moved(before: pl.DataFrame, after: pl.DataFrame, rules: Policy, **steps: Results) -> list[dict[str, Any]]:
    return movement(standing(before, rules), standing(after, rules), **steps).to_dicts()


figure = st.one_of(st.none(), st.floats(1, 100).map(lambda x: round(x, 1)))
firm = st.fixed_dictionaries({
    "tax": figure, "revenue": figure, "scale": st.sampled_from(["规上", "规上", "规下"]),
    "honours": st.sampled_from([None, "专精特新"]), "months_since_commissioned": st.sampled_from([6, 60]),
})  # fmt: skip
Row = dict[str, object]
RULES = ("zero", "cohort_mean", "reweight", "insufficient")


@given(
    rows=st.lists(st.tuples(firm, firm, firm), min_size=1, max_size=8),
    missing=st.sampled_from(RULES),
    second=st.sampled_from(RULES),
    formula=st.sampled_from(["ratio", "minmax"]),
    corrected=st.booleans(),
    revised=st.booleans(),
    weight=st.integers(5, 95),
)
def test_the_parts_always_add_up_to_the_change(
    *,
    rows: list[tuple[Row, Row, Row]],
    missing: str,
    second: str,
    formula: str,
    corrected: bool,
    revised: bool,
    weight: int,
) -> None:
    factor = 'factor = "CASE WHEN months_since_commissioned < 24 THEN 1.1 ELSE 1.0 END"'

    def rules(first_weight: int) -> Policy:
        items = two(missing=missing, second=second, weights=(first_weight, 100 - first_weight))
        if formula == "minmax":
            items = "\n".join(line for line in items.splitlines() if not line.strip().startswith(("benchmark", "cap")))
        return policy(indicators=items, cohort=f'{factor}\nformula = "{formula}"', tail=HONOURS)

    old, new = rules(60), rules(weight if revised else 60)
    before, restated, after = (firms([row[i] for row in rows]) for i in range(3))
    result = movement(
        standing(before, old),
        standing(after, new),
        restated=standing(restated, old) if corrected else None,
        unrevised=standing(after, old) if revised else None,
    )
    assert result.schema == MOVEMENT
    known = result.filter(pl.col("change").is_not_null())
    off = known.select((pl.col("change") - pl.sum_horizontal(*MOVEMENT_PARTS)).abs().max()).item()
    assert (off or 0.0) < 1e-6
    assert known.select(pl.col(list(MOVEMENT_PARTS)).is_finite().all()).row(0) == (True,) * len(MOVEMENT_PARTS)
    assert result.filter(pl.col("change").is_null())["note"].null_count() == 0
    if not revised:
        assert (known["policy"].abs() < 1e-6).all()
    if not corrected:
        assert (known["corrections"].abs() < 1e-6).all()


def test_with_fixed_benchmarks_only_own_figures_move_a_score() -> None:
    rules = policy(indicators=indicator("tax", "tax", "land", 100))
    rows = moved(firms([{"tax": 50.0}, {"tax": 80.0}]), firms([{"tax": 60.0}, {"tax": 20.0}]), rules)
    assert [row["own"] for row in rows] == pytest.approx([10.0, -60.0])
    assert [row["change"] for row in rows] == pytest.approx([10.0, -60.0])
    assert all(row[part] == 0 for row in rows for part in MOVEMENT_PARTS if part != "own")


def test_who_stands_still_moves_by_its_peers_alone() -> None:
    rules = policy(indicators=indicator("tax", "tax", "land", 100, benchmark=MEAN))
    still, _ = moved(firms([{"tax": 50.0}, {"tax": 50.0}]), firms([{"tax": 50.0}, {"tax": 150.0}]), rules)
    assert still["own"] == 0
    assert still["peers"] == still["change"] == pytest.approx(-50.0)


def test_a_greatest_value_of_others_counts_as_peers_under_min_max() -> None:
    items = "\n".join(
        line for line in indicator("tax", "tax", "land", 100).splitlines() if not line.strip().startswith("benchmark")
    )
    rules = policy(indicators=items, cohort='formula = "minmax"')
    before, after = (firms([{"tax": tax} for tax in (0.0, 50.0, greatest)]) for greatest in (100.0, 200.0))
    middle = moved(before, after, rules)[1]
    assert middle["own"] == 0
    assert middle["peers"] == pytest.approx(-20.0)


def test_points_and_factor_are_adjustments() -> None:
    rules = policy(indicators=indicator("tax", "tax", "land", 100), tail=HONOURS)
    (row,) = moved(firms([{"tax": 50.0}]), firms([{"tax": 50.0, "honours": "专精特新"}]), rules)
    assert (row["adjustments"], row["change"]) == (2.0, 2.0)
    double = 'factor = "CASE WHEN honours IS NULL THEN 1 ELSE 2 END"'
    rules = policy(indicators=indicator("tax", "tax", "land", 100), cohort=double)
    (row,) = moved(firms([{"tax": 50.0}]), firms([{"tax": 60.0, "honours": "专精特新"}]), rules)
    assert (row["own"], row["adjustments"], row["change"]) == pytest.approx((10.0, 60.0, 70.0))


def test_a_figure_that_is_missing_now_is_the_enterprise_s_own_doing() -> None:
    rules = policy(indicators=two("{ fixed = 10.0 }", missing="zero"))
    rows = [{"tax": 50.0, "revenue": 40.0}, {"tax": 50.0, "revenue": 40.0}]
    row = moved(firms(rows), firms([{**rows[0], "tax": None}, rows[1]]), rules)[0]
    assert row["own"] == row["change"] == pytest.approx(-30.0)


def test_another_cohort_is_scope_and_not_split() -> None:
    items = indicator("tax", "tax", "land", 100)
    other = f'[[cohort]]\nid = "small"\nwhere = "scale = \'规下\'"\n{items.replace("10.0", "5.0")}'
    rules = policy(indicators=items, tail=other)
    (row,) = moved(firms([{"tax": 30.0}]), firms([{"tax": 40.0, "scale": "规下"}]), rules)
    assert row["scope"] == row["change"] == pytest.approx(50.0)
    assert row["own"] == 0
    assert "评价组变化" in row["note"]


def test_who_was_not_ranked_at_one_end_has_no_change_and_is_told_why() -> None:
    rules = policy(indicators=indicator("tax", "tax", "land", 100))
    (row,) = moved(firms([{"tax": None}]), firms([{"tax": 40.0}]), rules)
    assert row["change"] is None
    assert row["note"] == "上期数据不足，本期参评，得分不可比"
    entered = moved(firms([{"tax": 50.0}]), firms([{"tax": 50.0}, {"tax": 40.0}]), rules)[1]
    assert entered["note"] == "上期不在名录，本期参评，得分不可比"


def test_a_corrected_earlier_figure_is_a_correction_and_not_this_period_s_doing() -> None:
    rules = policy(indicators=indicator("tax", "tax", "land", 100))
    wrong, right = firms([{"tax": 90.0}]), firms([{"tax": 50.0}])
    (row,) = moved(wrong, right, rules, restated=standing(right, rules))
    assert (row["corrections"], row["own"]) == (-40.0, 0.0)


def test_a_revised_policy_is_told_apart_from_the_figures() -> None:
    old = policy(indicators=indicator("tax", "tax", "land", 100))
    new = policy(indicators=indicator("tax", "tax", "land", 100, benchmark="{ fixed = 5.0 }"))
    before, after = firms([{"tax": 30.0}]), firms([{"tax": 40.0}])
    (row,) = movement(standing(before, old), standing(after, new), unrevised=standing(after, old)).to_dicts()
    assert (row["own"], row["policy"], row["change"]) == pytest.approx((10.0, 40.0, 50.0))
