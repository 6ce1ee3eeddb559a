"""Published evaluations: those before a period, and a new one added to them. Frames in, frames out; no I/O."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.warehouse.schema import Contents, in_order
from schemas import (
    CANDIDATES,
    COMPOSITIONS,
    DATA_ERRORS,
    EVALUATIONS,
    INDICATORS,
    MOVEMENTS,
    SCORES,
    VARIANT_EFFECTS,
    VARIANTS,
    VERIFICATIONS,
)

if TYPE_CHECKING:
    from datetime import datetime

    from efficiency.evaluation.evaluate import VariantResults
    from efficiency.evaluation.variants import VariantMode
    from schemas import Table

PREVIOUS = pl.Schema({"uscc": pl.String(), "previous_tier": pl.String(), "d_streak_before": pl.Int64()})
"""Shape of the frame that `history` returns."""


@dataclass(frozen=True)
class PublishedEvaluation:
    """A new evaluation of one period under one policy, in the shape in which the warehouse stores it."""

    period: str
    policy_id: str
    policy_sha256: str
    policy_toml: str
    run_id: str
    code_version: str
    inputs_sha256: str
    created_at: datetime
    warnings: str | None
    scores: pl.DataFrame
    """schemas.SCORES without evaluation_id, period and policy_id; likewise the next three."""
    indicators: pl.DataFrame
    candidates: pl.DataFrame
    verifications: pl.DataFrame
    movements: pl.DataFrame | None = None
    """schemas.MOVEMENTS without evaluation_id, period and policy_id; None when there is no previous evaluation."""
    compositions: pl.DataFrame | None = None
    """schemas.COMPOSITIONS likewise; None when they are not known."""
    variants: VariantMode | None = None
    """Whose rows the method variants have; None where the policy has no variants."""
    variant_results: VariantResults | None = None
    """What they give; None where they were not evaluated."""
    data_errors: pl.DataFrame | None = None
    """schemas.DATA_ERRORS likewise; None where the policy takes no error from the zone's history."""

    @property
    def evaluation_id(self) -> str:
        """Period, policy and a digest of inputs and policy text: the same evaluation has the same id on any machine."""
        parts = (self.inputs_sha256, self.policy_sha256, self.period, self.variants_sha256)
        text = " ".join(part for part in parts if part is not None)
        return f"{self.period}-{self.policy_id}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    @property
    def variants_sha256(self) -> str | None:
        """Digest of what the method variants read; None where they were not evaluated."""
        return self.variant_results.inputs_sha256 if self.variant_results else None

    @property
    def results(self) -> dict[Table, pl.DataFrame]:
        """Its rows of the results tables."""
        return {
            SCORES: self.scores,
            INDICATORS: self.indicators,
            CANDIDATES: self.candidates,
            VERIFICATIONS: self.verifications,
            **(
                {VARIANTS: self.variant_results.rows, VARIANT_EFFECTS: self.variant_results.effects}
                if self.variant_results
                else {}
            ),
            **({} if self.data_errors is None else {DATA_ERRORS: self.data_errors}),
        }

    @property
    def row(self) -> dict[str, Any]:
        """Its row of results.evaluations, without `current` and `stale`."""
        own = ("period", "policy_id", "policy_sha256", "policy_toml", "run_id", "code_version", "inputs_sha256",
               "created_at", "warnings", "variants", "variants_sha256")  # fmt: skip
        return {"evaluation_id": self.evaluation_id, **{name: getattr(self, name) for name in own}}


def history(contents: Contents | None, policy_id: str, before_period: str) -> pl.DataFrame:
    """Last tier and streak in D of each enterprise before `before_period`, in the shape `PREVIOUS`.

    Only the policy's current evaluations count. `previous_tier` is the enterprise's tier in the last of them, null if
    it had none there. `d_streak_before` counts the evaluated periods in D immediately before: it ends at the first in
    which the enterprise was not in D, was not rated or not listed. Periods without an evaluation neither count nor
    interrupt.
    """
    if contents is None:
        return pl.DataFrame(schema=PREVIOUS)
    earlier = (
        contents["results.evaluations"]
        .filter(pl.col("current"), pl.col("policy_id") == policy_id, pl.col("period") < before_period)
        .sort("period", descending=True)
        .select("evaluation_id", pl.int_range(1, pl.len() + 1, dtype=pl.Int64).alias("back"))
    )
    tiers = (
        contents["results.scores"]
        .select("evaluation_id", "uscc", "tier")
        .join(earlier, on="evaluation_id", how="inner", validate="m:1")
    )
    # The k-th evaluation back belongs to the streak when it is also the k-th in D going back.
    streaks = (
        tiers.filter(pl.col("tier") == "D")
        .sort("uscc", "back")
        .filter(pl.col("back") == pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("uscc"))
        .group_by("uscc", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("d_streak_before"))
    )
    return (
        tiers.filter(pl.col("back") == 1)
        .select("uscc", pl.col("tier").alias("previous_tier"))
        .join(streaks, on="uscc", how="left", validate="1:1")
        .with_columns(pl.col("d_streak_before").fill_null(0))
        .sort("uscc")
        .cast(PREVIOUS)
    )


@dataclass(frozen=True, slots=True)
class PreviousEvaluation:
    """The policy's last current evaluation of an earlier period, as it was published."""

    evaluation_id: str
    period: str
    policy_sha256: str
    policy_toml: str
    inputs_sha256: str
    scores: pl.DataFrame
    indicators: pl.DataFrame


def previous_evaluation(contents: Contents | None, policy_id: str, before_period: str) -> PreviousEvaluation | None:
    """The policy's last current evaluation before `before_period`; None when there is none."""
    if contents is None:
        return None
    earlier = contents["results.evaluations"].filter(
        pl.col("current"), pl.col("policy_id") == policy_id, pl.col("period") < before_period
    )
    if earlier.is_empty():
        return None
    last = earlier.sort("period").row(-1, named=True)
    own = pl.col("evaluation_id") == last["evaluation_id"]
    return PreviousEvaluation(
        **{name: last[name] for name in ("evaluation_id", "period", "policy_sha256", "policy_toml", "inputs_sha256")},
        # Sums of floats depend on the order: as the warehouse keeps them, also within the run that made them.
        scores=in_order(SCORES, contents[SCORES.qualified].filter(own)),
        indicators=in_order(INDICATORS, contents[INDICATORS.qualified].filter(own)),
    )


def previous_scores(contents: Contents | None, policy_id: str, before_period: str) -> pl.DataFrame | None:
    """The scores of the policy's last current evaluation before `before_period`; None when there is none."""
    previous = previous_evaluation(contents, policy_id, before_period)
    return previous.scores if previous else None


def add_evaluation(contents: Contents, new: PublishedEvaluation) -> Contents:
    """`contents` with `new` as the current evaluation of its period under its policy.

    An evaluation of the same inputs, policy text, period and method variants that exists already is made current again
    instead of being written twice. When the period's current evaluation changes, the current evaluations of the
    policy's later periods are marked stale, since they were given another history; the new one is not stale. Rows that
    were published before are never altered, but for `current` and `stale` and what the totals are made of.
    """
    evaluations = contents["results.evaluations"]
    chosen = new.evaluation_id
    same_evaluation = (
        (pl.col("period") == new.period)
        & (pl.col("policy_id") == new.policy_id)
        & (pl.col("policy_sha256") == new.policy_sha256)
        & (pl.col("inputs_sha256") == new.inputs_sha256)
        & pl.col("variants_sha256").eq_missing(pl.lit(new.variants_sha256, dtype=pl.String))
    )
    existing = evaluations.filter(same_evaluation)
    frames: dict[str, pl.DataFrame] = {}
    if existing.height:
        chosen = existing["evaluation_id"][0]
        changed = not existing["current"][0]
    else:
        changed = True
        evaluations = pl.concat([evaluations, _row(new)])
        for table, rows in new.results.items():
            added = table.conform(_with_keys(table, rows, new, chosen))
            frames[table.qualified] = pl.concat([contents[table.qualified], added])
    if new.compositions is not None:
        # They go with the facts in the file, which may have changed without changing a total.
        others = contents[COMPOSITIONS.qualified].filter(pl.col("evaluation_id") != chosen)
        made = COMPOSITIONS.conform(_with_keys(COMPOSITIONS, new.compositions, new, chosen))
        frames[COMPOSITIONS.qualified] = pl.concat([others, made])
    if new.movements is not None:
        frames[MOVEMENTS.qualified] = _with_movements(contents[MOVEMENTS.qualified], new.movements, new, chosen)

    of_policy = pl.col("policy_id") == new.policy_id
    is_chosen = pl.col("evaluation_id") == chosen
    overtaken = of_policy & (pl.col("period") > new.period) & pl.col("current") & changed
    evaluations = evaluations.with_columns(
        pl.when(of_policy & (pl.col("period") == new.period)).then(is_chosen).otherwise("current").alias("current"),
        pl.when(is_chosen).then(pl.lit(value=False)).otherwise(pl.col("stale") | overtaken).alias("stale"),
    )
    return contents.with_frames({EVALUATIONS.qualified: evaluations, **frames})


def _with_movements(
    published: pl.DataFrame, movements: pl.DataFrame, new: PublishedEvaluation, chosen: str
) -> pl.DataFrame:
    """`published` and the `movements` of `new`, unless those of the same two evaluations are there already.

    An evaluation that stays as it was can get another one before it: what moved since then are rows of their own.
    """
    rows = MOVEMENTS.conform(_with_keys(MOVEMENTS, movements, new, chosen))
    pair = ["evaluation_id", "previous_evaluation_id"]
    return pl.concat([published, rows.join(published, on=pair, how="anti")])


def _with_keys(table: Table, rows: pl.DataFrame, new: PublishedEvaluation, evaluation_id: str) -> pl.DataFrame:
    """`rows` with those of evaluation_id, period and policy_id that `table` has, of the evaluation they belong to."""
    keys = {"evaluation_id": evaluation_id, "period": new.period, "policy_id": new.policy_id}
    return rows.with_columns(pl.lit(value).alias(name) for name, value in keys.items() if name in table.names)


def _row(new: PublishedEvaluation) -> pl.DataFrame:
    """The evaluation's own row."""
    return EVALUATIONS.conform(pl.DataFrame([{**new.row, "current": True, "stale": False}]))
