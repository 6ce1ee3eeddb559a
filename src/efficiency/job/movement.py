"""A new evaluation compared with the one before, which is made again where facts or policy have changed since."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.changes import Results, movement
from efficiency.evaluation.evaluate import evaluate
from efficiency.job.evaluate import profile_at
from efficiency.policy.load import PolicyError, parse_policy
from efficiency.warehouse.history import previous_evaluation

if TYPE_CHECKING:
    from efficiency.evaluation.evaluate import Evaluation
    from efficiency.partitions import Partitions
    from efficiency.policy.model import Policy
    from efficiency.warehouse.schema import Contents


def score_changes(
    facts: Partitions,
    policy: Policy,
    period: str,
    evaluation: Evaluation,
    past: Contents | None,
    *,
    submissions: pl.DataFrame,
    same_facts: bool = False,
) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    """Why each score of `evaluation` is not that of the policy's previous evaluation in `past`.

    The facts keep every figure ever stated with what superseded it, so that the previous period can be evaluated on
    the facts of today; when that reads exactly what was read then, nothing was corrected. `same_facts`: the previous
    evaluation was made on these very facts, and need not be made again.

    Returns:
        The changes in the shape of `schemas.MOVEMENTS` without evaluation_id, period and policy_id, None where there is
        nothing to compare with; and warnings (Chinese) that say why there is nothing although there should be.

    """
    previous = previous_evaluation(past, policy.id, period)
    if previous is None:
        return None, ()
    revised = previous.policy_sha256 != policy.sha256
    try:
        old = parse_policy(previous.policy_toml, name=f"policy of {previous.evaluation_id}") if revised else policy
    except PolicyError as error:
        # A policy of years ago may use what this version has no longer; that must not stop the month.
        first = str(error).splitlines()[0]
        warning = f"上期评价({previous.evaluation_id})的办法全文已不能按本程序读取，未分解得分变化：{first}"
        return None, (warning,)
    # No score depends on the draws.
    old = old.model_copy(update={"robustness": old.robustness.model_copy(update={"draws": 0})})

    restated = unrevised = None
    if not same_facts:
        as_now = profile_at(facts, old, previous.period, past, submissions=submissions)
        if not as_now.gives(previous.inputs_sha256):
            restated = _results(evaluate(as_now.frame, old), old)
    if revised:
        as_before = profile_at(facts, old, period, past, submissions=submissions)
        unrevised = _results(evaluate(as_before.frame, old), old)
    changes = movement(
        Results(previous.scores, previous.indicators, old),
        _results(evaluation, policy),
        restated=restated,
        unrevised=unrevised,
    )
    named = changes.with_columns(
        pl.lit(previous.evaluation_id).alias("previous_evaluation_id"),
        pl.lit(previous.period).alias("previous_period"),
    )
    return named, ()


def _results(evaluation: Evaluation, policy: Policy) -> Results:
    return Results(evaluation.scores, evaluation.indicators, policy)
