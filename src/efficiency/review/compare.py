"""`efficiency compare`: evaluates the published facts under two policies and compares; publishes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.errors import UsageError
from efficiency.evaluation.changes import Comparison, Side, compare
from efficiency.evaluation.lists import select
from efficiency.job.evaluate import evaluate_period, variants_read
from efficiency.job.ingest import kept_facts
from efficiency.language import say
from efficiency.periods import period_start
from efficiency.policy.load import load_policy
from efficiency.reports.delivery import reports_folder
from efficiency.warehouse.read import existing
from efficiency.warehouse.staging import reading_scratch
from schemas import EVALUATIONS, SCORES, SUBMISSIONS

if TYPE_CHECKING:
    from efficiency.policy.model import Policy


@dataclass(frozen=True)
class Compared:
    """The comparison of a period, and the path of its workbook if one was written."""

    period: str
    comparison: Comparison
    workbook: Path | None


def compare_policies(period: str, policies: tuple[str, str], warehouse: Path, output: Path | None = None) -> Compared:
    """Evaluate `period` under both policies (ids or files); with `output` write 办法比较_<period>.xlsx to it.

    The workbook goes to the folder of the first policy's reports. Each policy has its own window, energy basis and, by
    its id, its own earlier tiers. Raises UsageError for a
    wrong period, a policy or warehouse that does not exist, and a warehouse without a register.
    """
    period_start(period)
    first, second = (load_policy(asked) for asked in policies)
    contents = existing(warehouse, [EVALUATIONS.qualified, SCORES.qualified, SUBMISSIONS.qualified])
    with reading_scratch(warehouse) as folder:
        facts = kept_facts(warehouse, folder)
        if not facts.table("register").height:
            raise UsageError(
                say(
                    "{warehouse} holds no register of enterprises, so there is nobody to compare. Run `efficiency run` "
                    "on an inbox that has one.",
                    warehouse=warehouse,
                )
            )

        def side(policy: Policy) -> Side:
            evaluation = evaluate_period(
                facts,
                policy,
                period,
                contents,
                submissions=contents[SUBMISSIONS.qualified],
                variants=variants_read(policy, "lists"),
            )
            return Side(policy, evaluation, select(evaluation, policy))

        comparison = compare(side(first), side(second))
    workbook = None
    if output is not None:
        from efficiency.reports.comparison import comparison_file_name, write_comparison

        workbook = reports_folder(output, period, first.id) / comparison_file_name(period)
        write_comparison(workbook, comparison, period, datetime.now(UTC))
    return Compared(period, comparison, workbook)
