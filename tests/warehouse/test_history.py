"""Earlier evaluations: previous tier, streaks in D, and how a new evaluation joins them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from efficiency.warehouse.history import (
    PublishedEvaluation,
    add_evaluation,
    history,
    previous_evaluation,
    previous_scores,
)
from efficiency.warehouse.schema import Contents

Tiers = dict[str, str | None] | None

START = datetime(2026, 11, 5, 6, 0, tzinfo=UTC)


def evaluation(
    period: str = "2026-10",
    tiers: Tiers = None,
    *,
    inputs: str = "inputs",
    policy: str = "p1",
    text: str = "v1",
    run: int = 0,
) -> PublishedEvaluation:
    """A new evaluation in which each enterprise of `tiers` has its tier; None means insufficient data."""
    tiers = {"E1": "A"} if tiers is None else tiers
    scores = pl.DataFrame(
        {
            "uscc": list(tiers),
            "name": [f"企业{code}" for code in tiers],
            "status": ["ranked" if tier else "insufficient" for tier in tiers.values()],
            "tier": pl.Series(list(tiers.values()), dtype=pl.String),
        }
    )
    return PublishedEvaluation(
        period=period,
        policy_id=policy,
        policy_sha256=text,
        policy_toml="",
        run_id=f"run{run}",
        code_version="1",
        inputs_sha256=inputs,
        created_at=START + timedelta(hours=run),
        warnings=None,
        scores=scores,
        indicators=pl.DataFrame(),
        candidates=pl.DataFrame(),
        verifications=pl.DataFrame(),
    )


def added(*evaluations: PublishedEvaluation) -> Contents:
    contents = Contents()
    for new in evaluations:
        contents = add_evaluation(contents, new)
    return contents


def states(contents: Contents) -> dict[str, tuple[bool, bool]]:
    rows = contents["results.evaluations"].select("evaluation_id", "current", "stale")
    return {id_: (current, stale) for id_, current, stale in rows.iter_rows()}


def previous(contents: Contents, period: str, policy: str = "p1") -> dict[str, tuple[str | None, int]]:
    return {uscc: (tier, streak) for uscc, tier, streak in history(contents, policy, period).iter_rows()}


def test_no_warehouse_means_no_history() -> None:
    assert history(None, "p1", "2026-10").is_empty()
    assert previous_scores(None, "p1", "2026-10") is None
    assert previous_scores(Contents(), "p1", "2026-10") is None


def test_previous_tier_is_the_last_earlier_period_under_the_same_policy() -> None:
    contents = added(
        evaluation("2026-08", {"E1": "A"}),
        evaluation("2026-09", {"E1": "B"}),
        evaluation("2026-09", {"E1": "D"}, policy="other"),
        evaluation("2026-10", {"E1": "C"}),
    )
    assert previous(contents, "2026-10") == {"E1": ("B", 0)}
    assert previous_scores(contents, "p1", "2026-10")["tier"].to_list() == ["B"]


def test_the_period_itself_and_later_ones_are_no_history() -> None:
    contents = added(evaluation("2026-10", {"E1": "D"}), evaluation("2026-11", {"E1": "D"}))
    assert previous(contents, "2026-10") == {}


def test_superseded_evaluations_are_no_history() -> None:
    contents = added(evaluation("2026-09", {"E1": "D"}), evaluation("2026-09", {"E1": "B"}, inputs="corrected"))
    assert previous(contents, "2026-10") == {"E1": ("B", 0)}


def test_streak_counts_evaluated_periods_only_and_ends_at_another_tier() -> None:
    contents = added(
        evaluation("2026-03", {"E1": "D", "E2": "D"}),
        evaluation("2026-05", {"E1": "C", "E2": "D"}),
        evaluation("2026-08", {"E1": "D", "E2": "D"}),  # months without an evaluation do not interrupt
        evaluation("2026-09", {"E1": "D", "E2": "D"}),
    )
    assert previous(contents, "2026-10") == {"E1": ("D", 2), "E2": ("D", 4)}


def test_streak_ends_where_the_enterprise_was_not_rated_or_not_listed() -> None:
    contents = added(
        evaluation("2026-07", {"E1": "D", "E2": "D"}),
        evaluation("2026-08", {"E1": None}),
        evaluation("2026-09", {"E1": "D", "E2": "D"}),
    )
    assert previous(contents, "2026-10") == {"E1": ("D", 1), "E2": ("D", 1)}


def test_who_was_not_rated_last_time_has_no_previous_tier() -> None:
    contents = added(evaluation("2026-08", {"E1": "D"}), evaluation("2026-09", {"E1": None}))
    assert previous(contents, "2026-10") == {"E1": (None, 0)}


@given(st.lists(st.sampled_from(["A", "B", "C", "D", None]), min_size=1, max_size=8))
def test_streak_is_the_run_of_d_at_the_end(tiers: list[str | None]) -> None:
    periods = [f"2026-{month:02d}" for month in range(1, len(tiers) + 1)]
    contents = added(*(evaluation(period, {"E1": tier}) for period, tier in zip(periods, tiers, strict=True)))
    streak = 0
    while streak < len(tiers) and tiers[-1 - streak] == "D":
        streak += 1
    assert previous(contents, "2026-12") == {"E1": (tiers[-1], streak)}


def test_the_same_judgement_again_adds_nothing() -> None:
    once = added(evaluation())
    again = add_evaluation(once, evaluation(run=1))
    assert again["results.evaluations"].equals(once["results.evaluations"])
    assert again["results.scores"].height == 1


def test_the_same_judgement_has_the_same_id_anywhere() -> None:
    assert evaluation(run=1).evaluation_id == evaluation(run=2).evaluation_id
    assert evaluation(inputs="other").evaluation_id != evaluation().evaluation_id
    assert evaluation(text="v2").evaluation_id != evaluation().evaluation_id
    assert evaluation().evaluation_id.startswith("2026-10-p1-")


def test_changed_inputs_or_policy_add_one_that_becomes_current() -> None:
    first, second, third = evaluation(), evaluation(inputs="more", run=1), evaluation(text="v2", run=2)
    contents = added(first, second, third)
    assert states(contents) == {
        first.evaluation_id: (False, False),
        second.evaluation_id: (False, False),
        third.evaluation_id: (True, False),
    }
    assert contents["results.scores"].height == 3


def test_policies_do_not_displace_each_other() -> None:
    mine, other = evaluation(), evaluation(policy="p2")
    assert states(added(mine, other)) == {mine.evaluation_id: (True, False), other.evaluation_id: (True, False)}


def test_returning_to_earlier_inputs_makes_the_old_evaluation_current_again() -> None:
    first, second = evaluation(), evaluation(inputs="wrong", run=1)
    result = add_evaluation(added(first, second), evaluation(run=2))
    assert states(result) == {first.evaluation_id: (True, False), second.evaluation_id: (False, False)}
    assert result["results.scores"].height == 2


def test_rerunning_an_earlier_period_marks_later_ones_of_that_policy_stale() -> None:
    later, other = evaluation("2026-10"), evaluation("2026-10", policy="p2")
    again = evaluation("2026-09", inputs="corrected", run=3)
    contents = added(evaluation("2026-09"), later, other, again)
    assert states(contents)[later.evaluation_id] == (True, True)
    assert states(contents)[other.evaluation_id] == (True, False)
    assert states(contents)[again.evaluation_id] == (True, False)


def test_an_earlier_period_that_did_not_change_leaves_later_ones_fresh() -> None:
    later = evaluation("2026-10")
    contents = added(evaluation("2026-09"), later, evaluation("2026-09", run=5))
    assert states(contents)[later.evaluation_id] == (True, False)


def test_judging_a_stale_period_again_makes_it_fresh() -> None:
    later = evaluation("2026-10")
    stale = added(evaluation("2026-09"), later, evaluation("2026-09", inputs="corrected"))
    assert states(add_evaluation(stale, later))[later.evaluation_id] == (True, False)


def test_published_rows_stay_as_they_were() -> None:
    first = added(evaluation(tiers={"E1": "A", "E2": "D"}))
    after = add_evaluation(first, evaluation(tiers={"E1": "C", "E2": "C"}, inputs="new", run=1))
    kept = after["results.scores"].filter(pl.col("evaluation_id") == evaluation().evaluation_id)
    assert kept.equals(first["results.scores"])
    unchanged = [name for name in after["results.evaluations"].columns if name not in ("current", "stale")]
    assert after["results.evaluations"].head(1).select(unchanged).equals(first["results.evaluations"].select(unchanged))


def moved(new: PublishedEvaluation, previous: str, change: float = 1.0) -> PublishedEvaluation:
    """`new` with a movement of E1 since the evaluation `previous`."""
    row = {"uscc": ["E1"], "previous_evaluation_id": [previous], "previous_period": [previous[:7]], "change": [change]}
    return replace(new, movements=pl.DataFrame(row))


def movements(contents: Contents) -> list[tuple[str, str, float]]:
    frame = contents["results.movements"].sort("previous_evaluation_id")
    return frame.select("evaluation_id", "previous_evaluation_id", "change").rows()


def test_movements_join_the_evaluation_they_lead_to() -> None:
    first = evaluation("2026-09")
    second = moved(evaluation("2026-10"), first.evaluation_id)
    contents = added(first, second)
    assert movements(contents) == [(second.evaluation_id, first.evaluation_id, 1.0)]
    assert movements(add_evaluation(contents, second)) == movements(contents)


def test_the_same_evaluation_after_another_predecessor_gets_rows_of_its_own() -> None:
    october = evaluation("2026-10")
    contents = added(evaluation("2026-09"), moved(october, "2026-09-p1-a"), moved(october, "2026-09-p1-b", 2.0))
    assert movements(contents) == [
        (october.evaluation_id, "2026-09-p1-a", 1.0),
        (october.evaluation_id, "2026-09-p1-b", 2.0),
    ]


def test_the_previous_evaluation_is_the_policy_s_last_current_one() -> None:
    contents = added(evaluation("2026-08"), evaluation("2026-09", text="v1"), evaluation("2026-09", text="v2", run=1))
    found = previous_evaluation(contents, "p1", "2026-10")
    assert (found.period, found.policy_sha256) == ("2026-09", "v2")
    assert previous_evaluation(contents, "p1", "2026-08") is None
