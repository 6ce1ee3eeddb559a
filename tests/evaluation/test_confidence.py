"""How firm a tier is: the same figures for the same seed, sure where nothing can move, null without a tier."""

from collections.abc import Mapping, Sequence

import polars as pl
import pytest
from builders.profiles import INDICATOR, SCORE_ONLY, code, indicator, policy, profile, scored

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.robustness import confidence

ROWS = [{"tax": 3.0 + i % 7, "land": 1.0, "revenue": 2.0 + i % 5, "energy": 1.0 if i % 3 else None} for i in range(40)]
ROBUST = "[robustness]\ndraws = {}\nweight_sd = {}\nseed = {}\n"


def shares(
    rows: Sequence[Mapping[str, object]] = ROWS,
    draws: int = 200,
    sd: float = 0.5,
    seed: int = 1,
    *,
    tail: str = "",
    more: str = "",
    **parts: str,
) -> list[float | None]:
    rules = policy(tail=tail + ROBUST.format(draws, sd, seed) + more, **parts)
    return evaluate(profile(*rows), rules).scores["tier_confidence"].to_list()


def test_the_same_seed_gives_the_same_figures_and_another_seed_others() -> None:
    assert shares() == shares()
    assert shares() != shares(seed=2)
    assert any(share and 0 < share < 1 for share in shares())


def test_portions_do_not_change_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = shares()
    monkeypatch.setattr(confidence, "CELLS", 120)
    assert shares() == whole


def test_weights_that_do_not_move_keep_every_tier() -> None:
    assert set(shares(sd=0.0)) == {1.0}


def test_a_single_indicator_cannot_change_the_order() -> None:
    rules = policy(indicators=SCORE_ONLY)
    assert set(evaluate(scored([float(i) for i in range(30)]), rules).scores["tier_confidence"]) == {1.0}


def test_overrides_hold_in_every_draw() -> None:
    assert set(shares(tail='[[override]]\nwhen = "TRUE"\ntier = "B"\nlabel = "定档"\n')) == {1.0}


def test_confidence_is_null_without_draws_or_tier() -> None:
    assert set(shares(draws=0)) == {None}
    assert shares(rows=[*ROWS, {"tax": 1.0}])[-1] is None


@pytest.mark.parametrize("within", ["[]", '["town"]'])
def test_groups_are_ranked_apart_in_the_draws_too(within: str) -> None:
    rows = [{**row, "town": ["甲镇", None, "乙镇"][i % 3]} for i, row in enumerate(ROWS)]
    tiers = f"[cohort.tiers]\nwithin = {within}\ncuts = {{ A = 0.2, B = 0.6, C = 0.9 }}\n"
    found = shares(rows, tiers=tiers, indicators=INDICATOR)
    alone = shares([row for row in rows if row["town"] == "甲镇"], tiers=tiers, indicators=INDICATOR)
    own = [share for share, row in zip(found, rows, strict=True) if row["town"] == "甲镇"]
    assert (own == alone) == (within != "[]")


def test_every_ranked_enterprise_has_a_share_between_zero_and_one() -> None:
    assert pl.Series(shares()).is_between(0, 1).all()


DATA = "data_sd = 0.2\n"
PEERS = DATA + "benchmarks = true\n"
MEAN = INDICATOR.replace("{ fixed = 10.0 }", '{ stat = "mean" }')


@pytest.mark.parametrize("more", [DATA, PEERS])
def test_data_error_gives_the_same_figures_for_any_portion_threads_and_order(
    monkeypatch: pytest.MonkeyPatch, more: str
) -> None:
    whole = shares(more=more, indicators=MEAN)
    assert any(share and 0 < share < 1 for share in whole)
    assert whole != shares(indicators=MEAN)
    monkeypatch.setattr(confidence, "CELLS_MOVED", 120)
    assert shares(more=more, indicators=MEAN) == whole
    monkeypatch.setattr(confidence, "THREADS", 3)
    assert shares(more=more, indicators=MEAN) == whole
    turned = [{**row, "uscc": code(i)} for i, row in reversed(list(enumerate(ROWS)))]
    assert shares(rows=turned, more=more, indicators=MEAN) == whole


def test_benchmarks_move_with_the_figures_only_when_the_policy_asks() -> None:
    """Alone in its group an enterprise is its own benchmark, and earns the full weight whatever its figures are."""
    rows = [{"tax": 5.0, "land": 1.0}]
    items = indicator(benchmark='{ stat = "weighted_mean", within = ["town"] }')
    tiers = '[cohort.tiers]\nby = "score"\ncuts = { A = 99.9, B = 50, C = 20 }\n'
    assert shares(rows, sd=0.0, more=PEERS, indicators=items, tiers=tiers) == [1.0]
    (kept,) = shares(rows, sd=0.0, more=DATA, indicators=items, tiers=tiers)
    assert kept is not None
    assert 0.4 < kept < 0.6


def test_a_measure_moves_alike_wherever_it_is_used() -> None:
    """What cancels out in a quotient does not move it; two measures would."""
    tiers = '[cohort.tiers]\nby = "score"\ncuts = { A = 99.9, B = 50, C = 20 }\n'
    own = indicator(numerator="tax * 10", denominator="tax")
    other = indicator(numerator="tax * 10", denominator="revenue")
    rows = [{"tax": 5.0, "revenue": 5.0}]
    assert shares(rows, sd=0.0, more=DATA, indicators=own, tiers=tiers) == [1.0]
    assert shares(rows, sd=0.0, more=DATA, indicators=other, tiers=tiers) < [0.9]


def test_what_is_missing_stays_missing_when_figures_move() -> None:
    assert shares(rows=[*ROWS, {"tax": 1.0}], more=PEERS)[-1] is None
    zero = [{"tax": 0.0, "land": 1.0}, {"tax": 30.0, "land": 1.0}]
    assert shares(zero, more=PEERS, indicators=SCORE_ONLY) == [1.0, 1.0]
