"""The monthly Prefect flow: the six steps of `efficiency.month` as tasks, with retries, a table artifact and history.

`python flows/monthly.py` runs it on sample_data/ with an embedded server; `efficiency run --prefect` runs it on any
inbox. The only module that imports prefect.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent

# Before prefect is imported: everything local, nothing told to anybody, and a server that may take its time to start.
for _name, _value in {
    "PREFECT_HOME": str(Path.cwd() / ".prefect"),
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "efficiency",
    "PREFECT_CLI_PROMPT": "false",
}.items():
    os.environ.setdefault(_name, _value)

if "prefect" not in sys.modules:
    print("Starting Prefect (5 to 15 seconds, longer the first time) ...", file=sys.stderr, flush=True)

from prefect import flow, task  # noqa: E402
from prefect.artifacts import create_table_artifact  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import State, TaskRun  # noqa: E402
from prefect.tasks import Task  # noqa: E402
from prefect.utilities.annotations import quote  # noqa: E402

from efficiency import month  # noqa: E402
from efficiency.errors import EfficiencyError  # noqa: E402
from efficiency.periods import period_range  # noqa: E402
from efficiency.summary import as_json, closing_lines  # noqa: E402

logging.getLogger("efficiency").setLevel(logging.INFO)  # its lines go to the flow run's log


class _PlainFailures(logging.Filter):
    """A failure that the user can mend is one or two lines, also in Prefect's own log."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.exc_info and isinstance(record.exc_info[1], EfficiencyError):
            record.exc_info = None
        return True


# The last line is to be the one that names the workbook.
logging.getLogger("prefect").addFilter(lambda record: not record.getMessage().startswith("Stopping temporary server"))
for _logger in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_logger).addFilter(_PlainFailures())


def _is_worth_retrying(_task: Task[..., Any], _run: TaskRun, state: State[Any]) -> bool:
    """A share that fails may be back in a minute; wrong data stays wrong."""
    error = state.result(raise_on_failure=False)
    return isinstance(error, OSError) and not isinstance(error, EfficiencyError)


def _as_task(step: Callable[..., Any], *, retries: int = 0) -> Callable[..., Any]:
    """`step` as a task. Frames are passed by reference: Prefect neither looks into them nor keeps them."""
    as_task = task(
        name=step.__name__,
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=retries,
        retry_delay_seconds=[10, 60],
        retry_condition_fn=_is_worth_retrying,
    )
    wrapped = as_task(step)
    return lambda *arguments: wrapped(*(quote(argument) for argument in arguments))


STEPS = month.Steps(
    ingest=_as_task(month.ingest, retries=2),
    validate=_as_task(month.validate),
    evaluate=_as_task(month.evaluate),
    select=_as_task(month.select),
    report=_as_task(month.report, retries=2),
    publish=_as_task(month.publish, retries=2),
)


@flow(name="efficiency-monthly", flow_run_name="{period}", validate_parameters=True)
def monthly(  # noqa: PLR0917  # Prefect passes parameters by name
    inbox: Path,
    period: str,
    policy: str = "zibo-jkq",
    warehouse: Path = Path("warehouse/efficiency.duckdb"),
    output: Path = Path("output"),
    strict: bool = False,
    mapping: Path | None = None,
) -> dict[str, Any]:
    """Run the month and leave a table of its counts. Returns what `--json` prints, with the closing lines."""
    order = month.Order(inbox, period_range(period), policy, warehouse, output, strict, mapping)
    finished = month.run_month(order, STEPS)
    told = as_json(finished)
    create_table_artifact(key="counts", table=counts_table(told), description=f"Counts of the run for {period}")
    return {**told, "lines": list(closing_lines(finished))}


def counts_table(told: dict[str, Any]) -> list[dict[str, str | int]]:
    """Counts, tiers and lists of a run as the rows of a table artifact."""
    return [
        {"group": group, "what": what, "number": number}
        for group in ("counts", "tiers", "lists")
        for what, number in told[group].items()
    ]


def monthly_flow_run(**parameters: Any) -> dict[str, Any]:  # noqa: ANN401  # the flow checks them
    """One flow run; a failure that the user can mend is raised as itself."""
    told: dict[str, Any] = monthly(**parameters)
    return told


def main() -> int:
    """Run the flow with its defaults: the sample inbox, results below the current folder."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inbox", type=Path, default=HERE / "sample_data" / "inbox")
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--policy", default="zibo-jkq")
    parser.add_argument("--warehouse", type=Path, default=Path("warehouse/efficiency.duckdb"))
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--strict", action="store_true")
    try:
        told = monthly_flow_run(**vars(parser.parse_args()))
    except EfficiencyError as error:
        print(f"efficiency: {error}", file=sys.stderr)
        return error.exit_status
    print("\n".join(told["lines"]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
