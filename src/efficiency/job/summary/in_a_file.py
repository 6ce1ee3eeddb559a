"""The summary of a run as a text file beside the reports of each period, in Chinese like all that stands there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.errors import not_written
from efficiency.job.summary.as_json import as_json
from efficiency.job.summary.closing_lines import closing_lines
from efficiency.language import in_language, say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.job.contracts import CompletedRun
    from efficiency.reports.delivery import Delivery


def run_summary_file_name(period: str) -> str:
    """Name of the file in the folder of the period's reports."""
    return f"运行摘要_{period}.txt"


def write_run_summaries(completed: CompletedRun, deliveries: Sequence[Delivery]) -> None:
    """Write the summary of each period into its staged folder. Raises EfficiencyError when that cannot be written."""
    run = completed.run
    started = f"{run.started.astimezone():%Y-%m-%d %H:%M}"
    summary = as_json(completed)
    for one, delivery in zip(completed.evaluations, deliveries, strict=True):
        head = say(
            "Run {run_id} by {operator}, begun {started}", run_id=run.run_id, operator=run.operator, started=started
        )
        lines = [head, *closing_lines(completed, summary, one.period)]
        path = delivery.staged / run_summary_file_name(one.period)
        try:
            # With a mark of UTF-8, without which older programs of Windows take it for GB18030.
            path.write_text("".join(f"{in_language(line, 'zh')}\n" for line in lines), encoding="utf-8-sig")
        except OSError as error:
            remedy = say("Free some space or name another folder with --output, and run again.")
            raise not_written(path, error, remedy) from error
