"""`efficiency run`: the monthly job."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from typing import TYPE_CHECKING, Any, TypeVar

from efficiency.commands.arguments import (
    Commands,
    command,
    print_json,
    take_by,
    take_dask,
    take_inbox,
    take_json,
    take_mapping,
    take_output,
    take_periods,
    take_policy,
    take_strict,
    take_variants,
    take_warehouse,
)
from efficiency.language import say, shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from efficiency.job.contracts import Progress, RunRequest

T = TypeVar("T")


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "run",
        run,
        say("the monthly job: ingest, validate, evaluate, select, publish"),
        "efficiency run --inbox inbox --period 2026-10 --json",
        lasting=True,
    )
    take_inbox(parser)
    take_periods(parser)
    take_policy(parser)
    take_warehouse(parser)
    take_output(parser)
    take_mapping(parser)
    take_by(parser)
    take_strict(parser, say("publish nothing when there are error-level problems (status 3)"))
    take_variants(parser)
    parser.add_argument(
        "--prefect",
        action="store_true",
        help=say("as the Prefect flow run that the schedule makes (also when PREFECT_API_URL is set)"),
    )
    take_dask(parser)
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help=say("publish nothing: print what would change of what is published (tiers, lists, problems)"),
    )
    parser.add_argument(
        "--quiet", action="store_true", help=say("print nothing where all went well; the summary is beside the reports")
    )
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Run the month, as a Prefect flow where that is asked for."""
    from efficiency.periods import period_range

    periods = period_range(options.period)
    flow = options.prefect or options.dask
    if options.dry_run and flow:
        from efficiency.errors import UsageError

        raise UsageError(say("--dry-run works in this process alone. Leave out --prefect and --dask."))
    if flow or (os.environ.get("PREFECT_API_URL") and not options.dry_run):
        return _run_as_flow(options)
    _use_memory_and_cores_well()
    from efficiency.job.contracts import RunRequest
    from efficiency.job.workers import worker_ready

    with worker_ready("efficiency.job.execution.reading", "efficiency.reports.submitters.returned"):
        request = RunRequest(
            options.inbox,
            periods,
            options.policy,
            options.warehouse,
            options.output,
            options.strict,
            options.mapping,
            options.by,
            options.variants,
        )
        return (_run_dry if options.dry_run else _run_plainly)(options, request)


def _run_as_flow(options: argparse.Namespace) -> int:
    """Run the month as a Prefect flow."""
    from efficiency.serving.prefect_home import enter_prefect_home, with_absolute_paths
    from efficiency.serving.server import require_named

    require_named()
    asked = ("inbox", "period", "policy", "warehouse", "output", "strict", "mapping", "by", "variants", "dask")
    parameters = with_absolute_paths({name: getattr(options, name) for name in asked})
    enter_prefect_home(options.inbox)
    from flows.monthly import monthly_flow_run

    def show(summary: dict[str, Any]) -> None:
        if options.json:
            print_json(summary)
        elif not options.quiet:
            print("\n".join(map(shown, summary["lines"])))

    monthly_flow_run(show, **parameters)
    return 0


def _run_dry(options: argparse.Namespace, request: RunRequest) -> int:
    """Do what a run does, publish nothing, and print what would change."""
    from efficiency.review.dry_run import dry_run, dry_run_as_json, dry_run_lines

    options.lasting = False  # nothing stays done where the output cannot be written
    done = _with_progress(lambda progress: dry_run(request, progress), quiet=options.quiet)
    if options.json:
        print_json(dry_run_as_json(done))
    else:
        print("\n".join(map(shown, dry_run_lines(done))))
    return 0


def _run_plainly(options: argparse.Namespace, request: RunRequest) -> int:
    """Run the month without Prefect and print its summary."""
    from efficiency.job.run import run_month
    from efficiency.serving.notify import with_notice

    completed = with_notice(
        options.period,
        options.policy,
        lambda: _with_progress(lambda progress: run_month(request, progress=progress), quiet=options.quiet),
    )
    from efficiency.job.summary import as_json, closing_lines

    try:
        summary = as_json(completed)
        if options.json:
            print_json(summary)
        elif not options.quiet:
            print("\n".join(map(shown, closing_lines(completed, summary))))
    except Exception as error:
        if options.debug:
            raise
        line = say(
            "the month is published; its summary could not be made ({kind}: {error}). This is a fault of the program; "
            "run again with --debug for the traceback and report it.",
            kind=type(error).__name__,
            error=error,
        )
        print(f"efficiency: {shown(line)}", file=sys.stderr)
    return 0


def _use_memory_and_cores_well() -> None:
    """Set limits that the libraries read when they are loaded, so before that."""
    # Nearly every object of a run is in use to its end: searching them for cycles took a tenth of the time.
    gc.set_threshold(100_000, 50, 50)
    # Nothing here uses NumPy's library for matrices, whose threads would wait for work in a busy loop.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


_STEPS = {
    "ingest": say("ingest"),
    "validate": say("validate"),
    "evaluate": say("evaluate"),
    "select": say("select"),
    "report": say("report"),
    "publish": say("publish"),
}
"""Step → its name beside the progress bar."""


def _with_progress(work: Callable[[Progress], T], *, quiet: bool) -> T:
    """Do `work`, with a progress bar for each step where stderr is a terminal."""
    if quiet or not sys.stderr.isatty():
        from efficiency.job.contracts import silent

        return work(silent)
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description:<9}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        shown = {step: bars.add_task(shown(name), total=None, start=False) for step, name in _STEPS.items()}
        steps = list(shown)

        def progress(step: str, done: int, total: int) -> None:
            for earlier in steps[: steps.index(step)]:
                task = bars.tasks[shown[earlier]]
                if not task.finished:
                    bars.start_task(shown[earlier])
                    bars.update(shown[earlier], total=task.total or 1, completed=task.total or 1)
            bars.start_task(shown[step])
            bars.update(shown[step], total=total, completed=done)

        return work(progress)
