"""Makes the check-up of one published evaluation: every section, from its tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.checkup.bunching import bunching
from efficiency.evaluation.checkup.caps import caps
from efficiency.evaluation.checkup.groups import groups
from efficiency.evaluation.checkup.influence import influences
from efficiency.evaluation.checkup.moved_land import moved_land, stated_twice
from efficiency.evaluation.checkup.neighbours import cuts_and_neighbours
from efficiency.evaluation.explanation import as_profile, with_profile_columns
from efficiency.parts import whole
from efficiency.periods import period_end
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from efficiency.policy.model import Policy

FACTS_READ = ("facts.enterprises", "facts.surveys", "facts.incidents", "facts.land")
"""The tables of facts that a check-up reads beside the results."""


@dataclass(frozen=True)
class CheckUp:
    """What the check-up of one evaluation found; each frame has the shape that its module declares."""

    members: int
    """Enterprises of the evaluation."""
    ranked: int
    influences: pl.DataFrame
    caps: pl.DataFrame
    groups: pl.DataFrame
    bunching: pl.DataFrame
    cuts: pl.DataFrame
    neighbours: pl.DataFrame
    moved: pl.DataFrame
    land_known_twice: int
    """Enterprises whose land is stated for two dates at least, so that it can be seen to move."""


def check_up(
    policy: Policy, period: str, scores: pl.DataFrame, indicators: pl.DataFrame, facts: Mapping[str, pl.DataFrame]
) -> CheckUp:
    """The check-up of the evaluation of `period` (YYYY-MM) by `policy`.

    `scores`, `indicators`: its rows of results.scores and results.indicators. `facts`: the tables `FACTS_READ` by
    qualified name; of the register, visits and incidents only what the results lack is taken, as it is now.
    """
    described = with_profile_columns(facts, scores, period_end(period))
    judged = _with_items(described, indicators)
    land = facts["facts.land"].filter(~pl.col("superseded"))
    counting = whole(FORMS["land"], land)
    cuts, neighbours = cuts_and_neighbours(judged, policy)
    return CheckUp(
        members=scores.height,
        ranked=scores.filter(pl.col("status") == "ranked").height,
        influences=influences(scores, indicators, policy),
        caps=caps(scores, indicators, policy),
        groups=groups(judged, policy),
        bunching=bunching(judged, policy),
        cuts=cuts,
        neighbours=neighbours,
        moved=moved_land(counting, scores, as_profile(described), policy, period),
        land_known_twice=stated_twice(counting, period),
    )


def _with_items(described: pl.DataFrame, indicators: pl.DataFrame) -> pl.DataFrame:
    """`described` with value_<id> and score_<id> of each indicator."""
    wide = indicators.select("uscc", "indicator", "value", "score").pivot(
        on="indicator", index="uscc", values=["value", "score"], aggregate_function="first"
    )
    return described.join(wide, on="uscc", how="left", validate="1:1") if len(wide.columns) > 1 else described
