"""Registers the monthly flow with a Prefect server and runs it on its schedule until this process is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from efficiency.errors import EfficiencyError, UsageError
from efficiency.language import say
from efficiency.policy.load import load_policy
from efficiency.serving.schedule import due_periods, published_periods
from efficiency.serving.server import announce
from efficiency.warehouse.lock import holder
from flows.monthly import monthly
from flows.watch import server_error

# After flows.monthly, which sets Prefect's environment (state on this machine, no telemetry).
from prefect.client.orchestration import PrefectClient, get_client  # isort: skip
from prefect.client.schemas.filters import (  # isort: skip
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import (  # isort: skip
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    FlowRun,
    State,
    StateType,
)
from prefect.client.schemas.sorting import FlowRunSort  # isort: skip

from prefect.deployments.runner import RunnerDeployment  # isort: skip
from prefect.exceptions import PrefectException  # isort: skip
from prefect.runner import Runner  # isort: skip
from prefect.schedules import Cron  # isort: skip
from prefect.server.schemas.schedules import CronSchedule  # isort: skip  # the client's has no get_dates
from prefect.states import Crashed, Scheduled  # isort: skip
from prefect.types.entrypoint import EntrypointType  # isort: skip

NAME = "monthly"
"""Name of the deployment: `prefect deployment run efficiency-monthly/monthly`."""


def serve(address: str, *, cron: str, timezone: str, **parameters: Any) -> int:  # noqa: ANN401  # the flow checks them
    """Register the deployment at the server `address` and run it until SIGINT or SIGTERM; returns the exit status.

    `parameters` are those of the flow without the period, which each run finds by itself. Raises UsageError when
    `cron` is no schedule, and EfficiencyError when the server does not take the deployment.
    """
    try:
        schedule = CronSchedule(cron=cron, timezone=timezone)
    except ValueError as error:
        raise UsageError(
            say(
                "{cron!r} is not a schedule in cron's form. Write minute, hour, day, month and weekday, for "
                'example --cron "0 6 5 * *".',
                cron=cron,
            )
        ) from error
    given = {**{name: str(v) if isinstance(v, Path) else v for name, v in parameters.items()}, "timezone": timezone}
    try:
        asyncio.run(_serve(address, schedule, given))
    except httpx.HTTPError as error:
        if known := server_error(error):
            raise known from error
        raise
    except PrefectException as error:
        raise EfficiencyError(
            say("The Prefect server at {address} failed: {error}", address=address, error=" ".join(str(error).split()))
        ) from error
    return 0


def deployment(cron: str, timezone: str, parameters: Mapping[str, Any]) -> RunnerDeployment:
    """The monthly deployment with its schedule. One run at a time: a second one waits for the end of the first."""
    deployed: RunnerDeployment = monthly.to_deployment(  # type: ignore[assignment]  # not a coroutine outside of a loop
        name=NAME,
        schedule=Cron(cron, timezone=timezone),
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        parameters=dict(parameters),
        entrypoint_type=EntrypointType.MODULE_PATH,
        description="The monthly evaluation. Leave `period` empty for the month before the scheduled date and those "
        "that were missed, or name a month (2026-10) or a range (2025-11..2026-10).",
        tags=["efficiency"],
    )
    return deployed


async def _serve(address: str, schedule: CronSchedule, parameters: dict[str, Any]) -> None:
    # Without pausing, runs that are due while nobody serves stay on the server as late and are run later.
    runner = Runner(name="efficiency", pause_on_shutdown=False, limit=1)
    deployed = await asyncio.to_thread(deployment, schedule.cron, str(schedule.timezone), parameters)
    identifier = await runner.aadd_deployment(deployed)
    missed = await _catch_up(identifier, schedule, parameters)
    if missed:
        announce(say("Not evaluated when it was due: {missed}. Running now.", missed=missed))
    next_run = ", ".join(f"{at:%Y-%m-%d %H:%M}" for at in await schedule.get_dates(1, start=datetime.now(UTC)))
    await _until_stopped(
        runner,
        say(
            "Serving efficiency-monthly/{name} at {address}: {cron!r} {timezone}, next run {next_run}. Run it now "
            "with: PREFECT_API_URL={address} {prefect} deployment run efficiency-monthly/{name}. Stop with Ctrl-C.",
            name=NAME,
            address=address,
            cron=schedule.cron,
            timezone=schedule.timezone,
            next_run=next_run,
            prefect=Path(sys.executable).parent / "prefect",
        ),
    )


async def _until_stopped(runner: Runner, ready: str) -> None:
    """Print `ready` and execute the deployment's runs until SIGINT or SIGTERM, which also stops a run at work.

    The handlers are set here because the runner's own handler of SIGTERM breaks off its event loop.
    """
    serving = asyncio.create_task(runner.start())
    await asyncio.sleep(0)  # until the runner has set its handler, which the next lines replace
    with contextlib.suppress(NotImplementedError):  # Windows has no such handlers; Ctrl-C raises there
        for stop in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(stop, serving.cancel)
    announce(ready)
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    announce(say("Stopped."))


async def _catch_up(identifier: UUID, schedule: CronSchedule, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Create a run now where months were missed while server or machine was down; returns these months.

    No month is missed before the first evaluation is published, nor while a run that was due still waits.
    """
    now = datetime.now(UTC)
    warehouse = Path(parameters["warehouse"])
    due = await last_due(schedule, now)
    published = published_periods(warehouse, load_policy(parameters["policy"]).id)
    periods = due_periods(due, parameters["timezone"], published) if due else ()
    missed = tuple(period for period in periods if period not in published)
    async with get_client() as client:
        waiting = await _unfinished(client, identifier, StateType.SCHEDULED)
        at_work = await _unfinished(client, identifier, StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
        if holder(warehouse) is None:
            # Killed by a power cut or kill -9, they are still running for the server, which would start no other run.
            for run in at_work:
                crashed: State[Any] = Crashed(message="Its process was no longer alive when serving began again.")
                await client.set_flow_run_state(run.id, crashed, force=True)
            at_work = []
        expected = [run.expected_start_time for run in (*waiting, *at_work)]
        if not published or not missed or any(at is not None and at <= now for at in expected):
            return ()
        await client.create_flow_run_from_deployment(
            identifier,
            state=Scheduled(scheduled_time=due),
            idempotency_key=f"catch-up {due} at {now:%Y-%m-%dT%H:%M}",
        )
    return missed


async def _unfinished(client: PrefectClient, identifier: UUID, *states: StateType) -> list[FlowRun]:
    """The deployment's runs in one of `states`, by expected start."""
    return await client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[identifier])),
        flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))),
        sort=FlowRunSort.EXPECTED_START_TIME_ASC,
    )


async def last_due(schedule: CronSchedule, now: datetime) -> datetime | None:
    """The last time before `now` at which the schedule was due; None when that is more than a year ago."""
    # Prefect gives at most a thousand dates, so the shortest window with a date is used.
    for window in (timedelta(hours=1), timedelta(days=1), timedelta(days=32), timedelta(days=367)):
        dates = await schedule.get_dates(1000, start=now - window, end=now)
        if dates:
            return dates[-1]
    return None
