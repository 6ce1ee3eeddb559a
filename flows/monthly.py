"""The monthly Prefect flow: the six steps of `efficiency.job.run` as tasks, with retries, artifacts and history.

`python flows/monthly.py` runs it on sample_data/ with an embedded server; `efficiency run --prefect` runs it on any
inbox; `efficiency serve` and prefect.yaml run it on a schedule.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from efficiency.defaults import DEFAULT_OUTPUT, DEFAULT_POLICY, DEFAULT_WAREHOUSE
from efficiency.errors import EfficiencyError, UsageError, ending
from efficiency.interpreter import current_folder, import_installed_only
from efficiency.language import say, shown, speaking
from efficiency.project import chosen_language
from efficiency.serving.prefect_home import enter_prefect_home, with_absolute_paths
from efficiency.streams import make_streams_lenient

HERE = Path(__file__).resolve().parent.parent


def _options() -> dict[str, Any]:
    """The parameters of the flow as the command line states them, with absolute paths."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--inbox", type=Path, default=HERE / "sample_data" / "inbox")
    parser.add_argument("--period", default="2026-09..2026-10")
    parser.add_argument("--policy", default=DEFAULT_POLICY)
    parser.add_argument("--warehouse", type=Path, default=DEFAULT_WAREHOUSE)
    parser.add_argument("--output", type=Path, default=DEFAULT_OUTPUT)
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--by", choices=("town",))
    parser.add_argument("--variants", choices=("none", "lists", "all"), default="all")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster that reads the files, or: local")
    return with_absolute_paths(vars(parser.parse_args()))


if __name__ == "__main__":  # before Prefect is imported, which reads settings from the current folder
    import_installed_only()
    make_streams_lenient()
    _speaking = speaking(chosen_language())
    _speaking.__enter__()  # to the end of the process
    OPTIONS = _options()
    enter_prefect_home(OPTIONS["inbox"])

# Set before prefect is imported: state kept locally, no telemetry, no prompts, and time enough for a server to start.
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
    print(shown(say("Starting Prefect (5 to 15 seconds, longer the first time) ...")), file=sys.stderr, flush=True)

from prefect import flow, runtime, task  # noqa: E402
from prefect.cache_policies import NO_CACHE  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.utilities.annotations import quote  # noqa: E402

from efficiency.job import run as plain  # noqa: E402
from efficiency.job.contracts import CompletedRun, PeriodEvaluation, RunRequest  # noqa: E402
from efficiency.job.summary import as_json, closing_lines, first_to_open  # noqa: E402
from efficiency.periods import period_range  # noqa: E402
from efficiency.policy.load import load_policy  # noqa: E402
from efficiency.project.settings import read_settings  # noqa: E402
from efficiency.serving.notify import with_notice  # noqa: E402
from efficiency.serving.retries import WAITS_S, worth_another  # noqa: E402
from efficiency.serving.schedule import TIMEZONE, due_periods, published_periods, zone  # noqa: E402
from efficiency.serving.server import require_named  # noqa: E402
from flows.artifacts import create_artifacts  # noqa: E402
from flows.parameters import completed  # noqa: E402
from flows.watch import (  # noqa: E402
    CancelledError,
    Show,
    Watch,
    one_line_for_a_server_that_is_gone,
    server_error,
    set_ended,
)

log = logging.getLogger("efficiency")
log.setLevel(logging.INFO)  # Prefect adds them to the log of the flow run


class _WithoutTraceback(logging.Filter):
    """Drops the traceback of an error that the user can mend, so that Prefect logs its one or two lines alone.

    Of a run that was cancelled it drops the lines by which Prefect takes the interrupt for a crash.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno >= logging.ERROR and any(watch.cancelled for watch in _watches):
            return False
        if record.exc_info and isinstance(record.exc_info[1], EfficiencyError):
            record.exc_info = None
        return True


# The last lines are to be those that name what to open.
logging.getLogger("prefect").addFilter(lambda record: not record.getMessage().startswith("Stopping temporary server"))
for _logger in ("prefect.flow_runs", "prefect.task_runs"):
    logging.getLogger(_logger).addFilter(_WithoutTraceback())
one_line_for_a_server_that_is_gone()

_watches: list[Watch] = []
"""The watch of the run that this process is asked for; empty in a process that Prefect has started for a run."""


def _as_task(step: Callable[..., Any]) -> Callable[..., Any]:
    """`step` as a task. `quote` passes frames by reference, without Prefect searching them for futures."""
    name = step.__name__
    wrapped = task(name=name, cache_policy=NO_CACHE, persist_result=False)(step)

    def begun(*arguments: Any) -> Any:  # noqa: ANN401  # those of any step
        for watch in _watches:
            watch.begin(name)
        periods = [one.period if isinstance(one, PeriodEvaluation) else one for one in arguments]
        of_one = [one for one in periods if isinstance(one, str)]  # a step that is done for each period is given it
        own = wrapped.with_options(task_run_name=f"{name} {of_one[0]}") if of_one else wrapped
        return own(*(quote(argument) for argument in arguments))

    return begun


STEPS = plain.Steps(**{step.name: _as_task(getattr(plain.Steps(), step.name)) for step in fields(plain.Steps)})


def _steps(dask: str | None) -> plain.Steps:
    """The six steps as tasks; files are read by the cluster at `dask` where one is named."""
    if dask is None:
        return STEPS
    try:
        from flows.cluster import ingest_on
    except ModuleNotFoundError as error:
        raise UsageError(say("--dask needs the optional part `cluster`: pip install 'efficiency[cluster]'.")) from error
    return replace(STEPS, ingest=_as_task(ingest_on(dask)))


def _run_name() -> str:
    """Name of a flow run: its period, or the day for which it was scheduled."""
    parameters = runtime.flow_run.parameters
    return str(parameters["period"] or f"scheduled {_scheduled(parameters['timezone'] or TIMEZONE):%Y-%m-%d}")


def _scheduled(timezone: str) -> datetime:
    """The time for which this flow run was scheduled, in `timezone`."""
    at = runtime.flow_run.scheduled_start_time or datetime.now(UTC)
    return at.astimezone(zone(timezone))


@flow(name="efficiency-monthly", flow_run_name=_run_name, validate_parameters=True)
def monthly(  # noqa: PLR0917  # Prefect passes parameters by name
    inbox: Path | None = None,
    period: str = "",
    policy: str | None = None,
    warehouse: Path | None = None,
    output: Path | None = None,
    strict: bool | None = None,
    mapping: Path | None = None,
    by: Literal["town"] | None = None,
    variants: Literal["none", "lists", "all"] | None = None,
    timezone: str | None = None,
    dask: str | None = None,
) -> dict[str, Any]:
    """Run the month and create artifacts with its counts, lists, problems and links.

    `period` is a month (2026-10) or a range. Where it is empty, the run evaluates the month before the scheduled date
    in `timezone`, after the months that were missed since the last one published. What is left open comes from the
    Prefect variable `efficiency_monthly`, else from the zone's settings. `dask` is the address of the scheduler of a
    cluster that reads the files. Returns the object that `--json` prints, with the closing lines.
    """
    given = {"inbox": inbox, "policy": policy, "warehouse": warehouse, "output": output, "strict": strict}
    given |= {"mapping": mapping, "by": by, "variants": variants, "timezone": timezone}
    scheduled = runtime.deployment.id is not None
    asked = completed(given, TIMEZONE, deployed=scheduled)
    links = read_settings().links

    def month() -> CompletedRun:
        periods = period_range(period) if period else ()
        loaded = load_policy(asked.policy)
        scheduled_for = _scheduled(asked.timezone)
        periods = periods or due_periods(scheduled_for, asked.timezone, published_periods(asked.warehouse, loaded.id))
        log.info("periods: %s", ", ".join(periods))
        request = RunRequest(
            asked.inbox, periods, asked.policy, asked.warehouse, asked.output,
            asked.strict, asked.mapping, asked.by, asked.variants,
        )  # fmt: skip
        watch.bar.periods = named(periods)
        return plain.run_month(request, _steps(dask), watch.bar.note, loaded)

    # A scheduled run repeats itself; one that an operator has started fails at once.
    with _watch() as watch:
        run = UUID(runtime.flow_run.id) if runtime.flow_run.id else None
        with watch.work(run, cancellable=not scheduled):  # whoever serves cancels a scheduled one
            attempts = in_attempts(month, asked.inbox, WAITS_S if scheduled else ())
            done = with_notice(period or "定时运行", asked.policy, attempts)
            summary = as_json(done)
            lines = {"lines": list(closing_lines(done, summary)), "first": list(first_to_open(done))}
            watch.summary = {**summary, **lines}
        watch.show_progress()
        create_artifacts(done, watch.summary, links)
        return watch.summary


def in_attempts(month: Callable[[], CompletedRun], inbox: Path, waits: Sequence[float]) -> Callable[[], CompletedRun]:
    """`month` as a task, which Prefect runs again after each of `waits` (seconds) while that may help.

    The whole month is repeated rather than one step: a run that failed has published nothing or everything and has
    removed its staged outputs, and publishes the same when it is repeated.
    """

    def may_help(_task: object, _run: object, state: State[Any]) -> bool:  # Prefect takes a plain function alone
        error = state.result(raise_on_failure=False)
        return isinstance(error, BaseException) and worth_another(error, inbox)

    return task(
        name="month",
        cache_policy=NO_CACHE,
        persist_result=False,
        retries=len(waits),
        retry_delay_seconds=list(waits),
        retry_condition_fn=may_help,
    )(month)


def named(periods: Sequence[str]) -> str:
    """Periods as one: 2026-10, or the first and the last of several."""
    return periods[0] if len(periods) == 1 else f"{periods[0]}..{periods[-1]}"


@contextmanager
def _watch(show: Show | None = None) -> Iterator[Watch]:
    """The watch of this process's run, which `monthly_flow_run` has begun or is begun here."""
    if _watches:
        yield _watches[0]
        return
    watch = Watch(show)
    _watches.append(watch)
    try:
        with watch.looking():
            yield watch
    finally:
        _watches.clear()


def monthly_flow_run(show: Show, **parameters: Any) -> None:  # noqa: ANN401  # the flow checks them
    """Run the flow with these parameters and `show` what it returns; raises what the run raises.

    A month that is published is shown whatever becomes of the server. Raises EfficiencyError where the server refuses
    us or has gone before the run began, and where the run was cancelled.
    """
    with _watch(show) as watch:
        try:
            monthly(**parameters)
        except BaseException as error:
            if watch.summary is None:
                if watch.cancelled:
                    set_ended(watch.run, published=False)
                    raise CancelledError from error
                if known := server_error(error):
                    raise known from error
                raise
            log.warning("%s: %s; the month is published", type(error).__name__, " ".join(str(error).split()))
        else:
            set_ended(watch.run, published=True)
    show(watch.summary or {})


def main(options: dict[str, Any]) -> int:
    """Run the flow with the parameters of the command line: by default the sample, results below the current folder."""
    try:
        require_named()
        monthly_flow_run(
            lambda summary: print("\n".join(map(shown, [*summary["lines"], *summary["first"]]))), **options
        )
    except BaseException as error:
        ended = ending(error, say("run `efficiency run --prefect --debug` for the traceback"), current_folder())
        if ended is None:
            raise
        print(f"efficiency: {shown(ended)}", file=sys.stderr)
        return ended.exit_status
    return 0


if __name__ == "__main__":
    sys.exit(main(OPTIONS))
