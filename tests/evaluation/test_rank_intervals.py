"""Rank intervals: they contain the rank and, where figures have a known error, the true rank as often as they say."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import pytest
from builders.examples import examples
from builders.profiles import INDICATOR, SCORE_ONLY, code, indicator, policy, profile, scored
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.robustness import LEVEL, confidence
from efficiency.evaluation.robustness.rank_intervals import RankQuantiles, ranks_of

Floats = NDArray[np.float64]
MEASURES = ("tax", "land", "revenue", "energy")
PEERS = INDICATOR.replace("{ fixed = 10.0 }", '{ stat = "weighted_mean" }')
UNTIERED = " "


def drawn(
    rows: Sequence[Mapping[str, object]],
    *,
    draws: int = 200,
    weight_sd: float = 0.3,
    data_sd: float = 0.1,
    **parts: str,
) -> pl.DataFrame:
    tail = f"[robustness]\ndraws = {draws}\nweight_sd = {weight_sd}\ndata_sd = {data_sd}\nseed = 3\n"
    return evaluate(profile(*rows), policy(tail=tail, **parts)).scores


def figures(n: int, spread: float, seed: int) -> dict[str, Floats]:
    dice = np.random.default_rng(seed)
    return {name: dice.lognormal(2, spread, n) for name in MEASURES}


def rows_of(stated: Mapping[str, Floats]) -> list[dict[str, object]]:
    return [dict(zip(stated, map(float, row), strict=True)) for row in zip(*stated.values(), strict=True)]


def coverage(error: float, spread: float, *, n: int = 80, zones: int = 6) -> float:
    """Share of enterprises whose true rank is in the interval: truth, and figures with an error that is known."""
    hits = []
    for seed in range(zones):
        truth, dice = figures(n, spread, seed), np.random.default_rng(1000 + seed)
        stated = {name: figure * dice.lognormal(0, error, n) for name, figure in truth.items()}
        right = drawn(rows_of(truth), draws=0, indicators=PEERS).select("uscc", pl.col("rank").alias("true"))
        found = drawn(rows_of(stated), weight_sd=0.0, data_sd=error, indicators=PEERS).join(right, on="uscc")
        hits.append(found.select(pl.col("true").is_between("rank_low", "rank_high").mean()).item())
    return float(np.mean(hits))


@pytest.mark.parametrize(("error", "spread"), [(0.02, 0.5), (0.05, 0.3), (0.1, 0.3), (0.2, 0.3), (0.05, 0.05)])
def test_the_interval_contains_the_true_rank_as_often_as_it_says(error: float, spread: float) -> None:
    assert coverage(error, spread) >= LEVEL


def test_the_interval_is_no_excuse_where_figures_are_good() -> None:
    found = drawn(rows_of(figures(200, 0.5, 1)), weight_sd=0.0, data_sd=0.02)
    width: float = found.select((pl.col("rank_high") - pl.col("rank_low") + 1).mean()).item()
    assert 1 < width < 30


@examples(25, 200)
@given(
    st.lists(st.tuples(*[st.one_of(st.none(), st.floats(0.1, 50))] * 4), min_size=1, max_size=25),
    st.sampled_from([0.0, 0.2]),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
)
def test_the_interval_contains_the_rank_and_lies_within_the_cohort(
    found: list[tuple[float | None, ...]], weight_sd: float, data_sd: float, tiered: bool
) -> None:
    rows = [dict(zip(MEASURES, row, strict=True)) for row in found]
    scores = drawn(rows, draws=20, weight_sd=weight_sd, data_sd=data_sd, **({} if tiered else {"tiers": UNTIERED}))
    ranked = scores.filter(pl.col("rank").is_not_null())
    assert (ranked["rank_low"] <= ranked["rank"]).all()
    assert (ranked["rank"] <= ranked["rank_high"]).all()
    assert (ranked["rank_low"] >= 1).all()
    assert (ranked["rank_high"] <= ranked.height).all()
    others = scores.filter(pl.col("rank").is_null())
    assert others["rank_low"].null_count() == others["rank_high"].null_count() == others.height


def test_nothing_moves_and_the_interval_is_the_rank() -> None:
    found = drawn(rows_of(figures(30, 0.5, 2)), weight_sd=0.0, data_sd=0.0)
    assert found["rank_low"].equals(found["rank"])
    assert found["rank_high"].equals(found["rank"])
    alone = evaluate(scored([float(i) for i in range(9)]), policy(indicators=SCORE_ONLY)).scores
    assert alone["rank_low"].equals(alone["rank"])


def test_there_is_no_interval_without_draws_and_one_without_tiers() -> None:
    rows = rows_of(figures(30, 0.5, 2))
    assert drawn(rows, draws=0)["rank_low"].null_count() == 30
    untiered = drawn(rows, tiers=UNTIERED)
    assert untiered["tier_confidence"].null_count() == 30
    assert untiered.select("rank_low", "rank_high").equals(drawn(rows).select("rank_low", "rank_high"))


def test_each_cohort_has_ranks_and_intervals_of_its_own() -> None:
    rows = rows_of(figures(20, 0.5, 4))
    alone = drawn(rows).select("uscc", "rank", "rank_low", "rank_high")
    others = [{**row, "scale": "规下", "uscc": code(100 + i)} for i, row in enumerate(rows)]
    assert drawn([*rows, *others]).filter(scale="规上").select(alone.columns).equals(alone)


@pytest.mark.parametrize("data_sd", [0.0, 0.2])
def test_portions_threads_and_order_do_not_change_the_interval(monkeypatch: pytest.MonkeyPatch, data_sd: float) -> None:
    rows = [{**row, "uscc": code(i)} for i, row in enumerate(rows_of(figures(40, 0.5, 5)))]
    columns = ["uscc", "rank_low", "rank_high"]
    whole = drawn(rows, data_sd=data_sd).select(columns)
    assert (whole["rank_high"] > whole["rank_low"]).any()
    for name in ("CELLS", "CELLS_MOVED"):
        monkeypatch.setattr(confidence, name, 120)
    monkeypatch.setattr(confidence, "THREADS", 3)
    assert drawn(rows, data_sd=data_sd).select(columns).equals(whole)
    assert drawn(rows[::-1], data_sd=data_sd).select(columns).equals(whole)


@given(st.lists(st.lists(st.integers(-3, 3), min_size=6, max_size=6), min_size=1, max_size=40), st.integers(1, 7))
def test_a_share_of_the_drawn_ranks_lies_beyond_either_end(scores: list[list[int]], portion: int) -> None:
    """Against ranks counted one by one, and all of them sorted."""
    array = np.array(scores, dtype=np.float64)
    ranks = np.array([[1 + sum(other > own for other in row) for own in row] for row in scores])
    assert (ranks_of(array) == ranks).all()
    for tail in (0.05, 0.1, 0.3):
        quantiles = RankQuantiles(6, len(scores), tail)
        for first in range(0, len(scores), portion):
            quantiles.add(ranks_of(array[first : first + portion]))
        low, high = quantiles.interval()
        beyond, ordered = int(tail * len(scores) + 1e-9), np.sort(ranks, axis=0)
        assert (low == ordered[beyond]).all()
        assert (high == ordered[-1 - beyond]).all()


def test_who_has_no_score_in_a_draw_comes_last_there() -> None:
    rows: list[dict[str, object]] = [{"tax": 5.0, "land": 1.0}, {"tax": 6.0, "land": 1.0}, {"tax": 1.0}]
    only = indicator(missing="reweight")
    found = drawn(rows, indicators=only, weight_sd=0.0, data_sd=2.0)
    assert found.row(0, named=True)["rank_high"] == 2
    assert found.row(2, named=True)["rank"] is None
