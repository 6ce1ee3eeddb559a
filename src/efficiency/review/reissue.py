"""`efficiency reissue`: writes the documents of a published evaluation again; publishes nothing new."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import EfficiencyError, UsageError
from efficiency.intake.resolution import open_problems
from efficiency.job.documents import report_of, write_documents
from efficiency.job.evaluate import profile_at
from efficiency.language import say
from efficiency.policy.load import PolicyError, parse_policy
from efficiency.policy.model import VERIFY
from efficiency.reports.delivery import deliver, reports_folder, staging
from efficiency.review.as_of import origin_of, past_at, resolved_at, warehouse_at
from efficiency.version import code_version
from efficiency.warehouse.history import previous_evaluation
from efficiency.warehouse.staging import reading_scratch
from schemas import CANDIDATES, DATA_ERRORS, INDICATORS, MOVEMENTS, SCORES, VARIANT_EFFECTS, VARIANTS, VERIFICATIONS
from schemas.results import IDENTITY

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Reissued:
    """The documents that were written, and the versions of the software that made the evaluation and wrote them."""

    evaluation_id: str
    period: str
    files: tuple[Path, ...]
    made_by: str
    issued_by: str


def reissue(asked: str, warehouse: Path, output: Path) -> Reissued:
    """Write the officials' workbook, the public notice and the page of the evaluation `asked` below `output`.

    `asked` is the evaluation's id or a beginning of it. Results are those of the warehouse; facts and problems are
    resolved again from what the run of the evaluation knew, and must give the digest of its inputs. The submitters'
    workbooks are not written, since the warehouse does not keep their files. Raises UsageError for an unknown
    evaluation or a folder that has files, EfficiencyError when the inputs cannot be reproduced or the folder cannot
    be written.
    """
    contents = warehouse_at(warehouse)
    origin = origin_of(contents, asked)
    evaluation, evaluation_id = origin.evaluation, origin.evaluation["evaluation_id"]
    policy = _policy(evaluation["policy_toml"], evaluation_id)
    target = reports_folder(output, evaluation["period"], policy.id)
    if target.is_dir() and any(target.iterdir()):
        raise UsageError(
            say(
                "{target} has files already, and those of a month that was just run are not to be replaced by "
                "older ones. Name another folder with --output.",
                target=target,
            )
        )
    past = past_at(contents, origin)
    with reading_scratch(warehouse) as folder:
        resolved = resolved_at(warehouse, contents, origin, folder)
        profile = profile_at(resolved.facts, policy, evaluation["period"], past, submissions=resolved.submissions)
    if not profile.gives(evaluation["inputs_sha256"]):
        raise EfficiencyError(
            say(
                "The inputs of {evaluation_id} cannot be reproduced: their digest was {then} and is "
                "{now} now, so nothing was written. It was made by version {made_by}, this is "
                "{own}. To do: use that version, or a file of versions/ from that time; `efficiency "
                "audit --evaluation {evaluation_id}` tells what differs.",
                evaluation_id=evaluation_id,
                then=evaluation["inputs_sha256"][:12],
                now=profile.inputs_sha256[:12],
                made_by=evaluation["code_version"],
                own=code_version(),
            )
        )
    own = pl.col("evaluation_id") == evaluation_id
    tables = (SCORES, INDICATORS, CANDIDATES, VERIFICATIONS, VARIANTS, VARIANT_EFFECTS, DATA_ERRORS)
    results = {table.qualified: contents[table.qualified].filter(own) for table in tables}
    results[INDICATORS.qualified] = _in_policy_order(results[INDICATORS.qualified], policy)
    results[CANDIDATES.qualified] = _in_list_order(results[CANDIDATES.qualified], policy)
    results[VERIFICATIONS.qualified] = _in_order_of(results[CANDIDATES.qualified], results[VERIFICATIONS.qualified])
    previous = previous_evaluation(past, policy.id, evaluation["period"])
    movements = None
    if previous is not None:
        of_pair = own & (pl.col("previous_evaluation_id") == previous.evaluation_id)
        moved = contents[MOVEMENTS.qualified].filter(of_pair)
        movements = moved.drop(IDENTITY) if moved.height else None
    report = report_of(
        evaluation,
        policy,
        results=results,
        previous=previous.scores if previous else None,
        movements=movements,
        submissions=resolved.submissions,
        problems=open_problems(resolved.problems, resolved.submissions),
    )
    with staging(output, [evaluation["period"]], policy.id) as (delivery,):
        write_documents(delivery.staged, report)
        return Reissued(
            evaluation_id, evaluation["period"], deliver(delivery), evaluation["code_version"], code_version()
        )


def _policy(text: str, evaluation_id: str) -> Policy:
    try:
        return parse_policy(text, name=f"the policy of {evaluation_id}")
    except PolicyError as error:
        raise EfficiencyError(
            say(
                "{error}\nThe policy was good when it was applied; to issue the evaluation again, use the version "
                "of this software that made it.",
                error=error,
            )
        ) from error


def _in_policy_order(indicators: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Sorted by enterprise and in the policy's order, as an evaluation gives them; the warehouse sorts them by name."""
    order = {
        f"{cohort.id} {indicator.id}": position
        for cohort in policy.cohort
        for position, indicator in enumerate(cohort.indicator)
    }
    position = pl.concat_str("cohort", pl.lit(" "), "indicator").replace_strict(order, return_dtype=pl.Int64)
    return indicators.sort("uscc", position)


def _in_list_order(candidates: pl.DataFrame, policy: Policy) -> pl.DataFrame:
    """Sorted by list in the policy's order, then by priority, as an evaluation gives them."""
    # Several rules may fill one list: the first of them gives its position.
    lists = {VERIFY: len(policy.candidate)}
    lists |= {rule.list: position for position, rule in reversed(list(enumerate(policy.candidate)))}
    return candidates.sort(pl.col("list").replace_strict(lists, return_dtype=pl.Int64), "priority")


def _in_order_of(candidates: pl.DataFrame, verifications: pl.DataFrame) -> pl.DataFrame:
    """`verifications` enterprise by enterprise in the order of `candidates`, as an evaluation gives them."""
    order = candidates.select("uscc").with_row_index("__at")
    return verifications.join(order, on="uscc", how="left", validate="m:1").sort("__at", "number").drop("__at")
