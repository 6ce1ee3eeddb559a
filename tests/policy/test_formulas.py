"""A scoring formula: what a value earns, the value that earns a share, and what people are told of it."""

from pathlib import Path
from typing import get_args

import polars as pl
import pytest
from builders.profiles import indicator, policy, policy_text
from hypothesis import given
from hypothesis import strategies as st

from efficiency.policy.formulas import FORMULAS, Formula
from efficiency.policy.load import PolicyError, parse_policy
from efficiency.policy.model import FormulaName, Indicator

DOCS = Path(__file__).parents[2] / "docs"
BENCHMARK = 10.0
PEERS = {"min": 2.0, "max": 42.0}

every_formula = pytest.mark.parametrize("formula", FORMULAS.values(), ids=FORMULAS)


def item(better: str = "higher", more: str = "") -> Indicator:
    return policy(indicators=indicator(better=better, more=more)).cohort[0].indicator[0]


def earned(formula: Formula, of: Indicator, value: float | None, low: float = 2.0, high: float = 42.0) -> float | None:
    figures = {**PEERS, "min": low, "max": high}
    frame = pl.DataFrame(
        {"value": value, "benchmark": BENCHMARK}, schema={"value": pl.Float64, "benchmark": pl.Float64}
    )
    peers = [pl.lit(figures[name]) for name in formula.peers]
    share: float | None = frame.select(formula.earned(of, pl.col("value"), pl.col("benchmark"), peers)).item()
    return share


def test_every_name_that_a_policy_may_give_has_a_formula() -> None:
    assert set(FORMULAS) == set(get_args(FormulaName))


@every_formula
@given(share=st.floats(0.2, 1), better=st.sampled_from(["higher", "lower"]))
def test_the_value_that_is_needed_earns_the_share(formula: Formula, share: float, better: str) -> None:
    of = item(better)
    needed = formula.value_needed(of, share, BENCHMARK, [PEERS[name] for name in formula.peers])
    assert needed.note is None
    assert earned(formula, of, needed.value) == pytest.approx(share)


@every_formula
def test_a_missing_value_earns_nothing_that_could_be_computed(formula: Formula) -> None:
    assert earned(formula, item(), None) is None


@pytest.mark.parametrize(
    ("value", "better", "more", "share"),
    [
        (15.0, "higher", "", 1.5), (15.0, "higher", "cap = 1.2", 1.2), (-5.0, "higher", "floor = 0", 0.0),
        (5.0, "lower", "", 2.0), (0.0, "lower", "cap = 1.5", 1.5), (0.0, "lower", "", None),
    ],
)  # fmt: skip
def test_a_ratio_is_value_to_benchmark_between_floor_and_cap(
    value: float, better: str, more: str, share: float | None
) -> None:
    assert earned(FORMULAS["ratio"], item(better, more), value) == share


@pytest.mark.parametrize(
    ("value", "better", "share"),
    [(2.0, "higher", 0.2), (42.0, "higher", 1.0), (22.0, "higher", 0.6), (2.0, "lower", 1.0), (-3.0, "higher", 0.1)],
)
def test_min_max_is_the_position_between_least_and_greatest(value: float, better: str, share: float) -> None:
    assert earned(FORMULAS["minmax"], item(better), value) == pytest.approx(share)


def test_min_max_of_equal_values_is_undefined_and_says_so() -> None:
    formula = FORMULAS["minmax"]
    assert earned(formula, item(), 7.0, low=7.0, high=7.0) is None
    assert formula.undefined([7.0, 7.0]) == "最大值等于最小值(7)，极差法无法计分，此项按缺项处理"
    assert formula.undefined([2.0, 7.0]) is None
    # Nobody has a value: that is a gap in the data, not a fault of the formula.
    assert formula.undefined([float("nan")] * 2) is None


@pytest.mark.parametrize(
    ("name", "share", "benchmark", "peers", "note"),
    [
        ("ratio", 1.0, None, [], "该指标没有有效基准值"),
        ("ratio", 1.6, 10.0, [], "该指标得分以权重的1.5倍为限，单靠该指标无法达到"),
        ("ratio", -0.1, 10.0, [], "其他指标得分已足够"),
        ("minmax", 0.5, None, [7.0, 7.0], "评价组内指标值无差异，单靠该指标无法达到"),
        ("minmax", 0.5, None, [float("nan")] * 2, "评价组内指标值无差异，单靠该指标无法达到"),
        ("minmax", 1.1, None, [2.0, 7.0], "该指标得满分仍不足，单靠该指标无法达到"),
    ],
)
def test_where_no_value_would_do_the_reason_is_given(
    name: FormulaName, share: float, benchmark: float | None, peers: list[float], note: str
) -> None:
    assert FORMULAS[name].value_needed(item(more="cap = 1.5"), share, benchmark, peers) == (None, note)


@every_formula
def test_the_guide_to_policies_states_every_formula(formula: Formula) -> None:
    assert formula.definition in (DOCS / "policies.md").read_text(encoding="utf-8")


@every_formula
def test_officials_read_every_formula_and_what_stands_for_a_benchmark(formula: Formula) -> None:
    assert "权重" in formula.rule
    assert "权重" in formula.card_rule
    assert formula.uses_benchmark != bool(formula.compared_with)
    assert formula.uses_benchmark != bool(formula.scope)


@pytest.mark.parametrize(("name", "formula"), FORMULAS.items())
def test_an_indicator_lacks_a_benchmark_only_where_the_formula_uses_one(name: str, formula: Formula) -> None:
    items = "\n".join(line for line in indicator().splitlines() if not line.strip().startswith("benchmark"))
    text = policy_text(indicators=items, cohort=f'formula = "{name}"')
    if formula.uses_benchmark:
        with pytest.raises(PolicyError, match=f'has no benchmark, which formula = "{name}" needs'):
            parse_policy(text)
    else:
        assert parse_policy(text).cohort[0].formula == name
