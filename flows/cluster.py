"""Reading on a Dask cluster: workers stage batches of files on shared storage, one process collects and publishes them.

Workers need this program, the inbox and the warehouse's folder under the same paths, and the Prefect server. A batch
whose worker dies is read again by another one; a batch that no worker completes is read by the publishing process.
"""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from distributed.comm.addressing import parse_address, parse_host_port
from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.server.api.server import SubprocessASGIServer
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_dask.task_runners import DaskTaskRunner

from efficiency.errors import UsageError
from efficiency.intake.files import InboxFile
from efficiency.intake.layout import MappingFile
from efficiency.intake.read_result import ReadResult
from efficiency.job.contracts import Ingested, Progress, RunContext, silent
from efficiency.job.execution import collect, is_staged, split_into_batches, stage_batch
from efficiency.job.ingest import ingest as ingest_here
from efficiency.language import say
from efficiency.warehouse.staging import discard, staging_file

if TYPE_CHECKING:
    from prefect.futures import PrefectFuture
    from prefect.task_runners import TaskRunner

log = logging.getLogger("efficiency")
logging.getLogger("distributed").setLevel(logging.WARNING)  # INFO reports each start and end of a worker

LOCAL = "local"
"""Given in place of a scheduler's address: a cluster of this machine's cores, for a trial."""


@task(name="read", cache_policy=NO_CACHE, persist_result=False, retries=2, retry_delay_seconds=1)
def read_batch(folder: Path, number: int, batch: Sequence[InboxFile], mapping: MappingFile) -> None:
    """Read one batch on a worker and stage it in `folder` under its `number`."""
    stage_batch(folder, number, batch, mapping)


def ingest_on(address: str) -> Callable[..., Ingested]:
    """The step `ingest` whose files are read by the Dask cluster at `address` (tcp://host:8786), or `LOCAL`.

    Raises UsageError when no scheduler answers at `address`.
    """
    _require_scheduler(address)

    def ingest(run: RunContext, progress: Progress = silent) -> Ingested:
        folder = staging_file(run.request.warehouse.resolve(), "reading")

        def read(
            files: Sequence[InboxFile], mapping: MappingFile, done: Callable[[int, int], None], scratch: Path
        ) -> ReadResult:
            return read_on(address, folder, files, mapping, done, scratch=scratch)

        try:
            return ingest_here(run, progress, read=read)
        finally:
            discard(folder)

    return ingest


def read_on(
    address: str,
    folder: Path,
    files: Sequence[InboxFile],
    mapping: MappingFile,
    progress: Callable[[int, int], None],
    *,
    scratch: Path,
) -> ReadResult:
    """Read `files` on the workers, staged in `folder`, and collect them in `scratch`.

    Takes and gives what `efficiency.job.execution.read_files` does; `progress` gets files done and files in all.
    """
    work = split_into_batches([replace(file, path=file.path.resolve()) for file in files])
    folder.mkdir(parents=True, exist_ok=True)

    runner = cast("TaskRunner[PrefectFuture[Any]]", _runner(address))  # declared with a narrower type of future

    # The files are no parameters of the flow: Prefect would search them and store them.
    @flow(name="efficiency-reading", flow_run_name=f"{len(files)} files", task_runner=runner)
    def reading() -> None:
        futures = [read_batch.submit(folder, number, batch, mapping) for number, batch in enumerate(work)]
        done = 0
        for future, batch in zip(futures, work, strict=True):
            future.wait()
            done += len(batch)
            progress(done, len(files))

    if work:
        with temporary_settings({PREFECT_API_URL: _server()}):
            reading()
    for number, batch in enumerate(work):
        if not is_staged(folder, number):
            log.warning("no worker completed batch %d (%s …): it is read here", number, batch[0].name)
            stage_batch(folder, number, batch, mapping)
    return collect(folder, len(work), scratch)


def _require_scheduler(address: str) -> None:
    if address == LOCAL:
        return
    try:
        host, port = parse_host_port(parse_address(address)[1])
        socket.create_connection((host, port), timeout=10).close()
    except (OSError, ValueError) as error:
        raise UsageError(
            say(
                "No Dask scheduler answers at {address} ({error}). Start one with `dask scheduler`, or name "
                "another with --dask: tcp://host:8786, or local.",
                address=address,
                error=error,
            )
        ) from error


def _runner(address: str) -> DaskTaskRunner:
    if address != LOCAL:
        return DaskTaskRunner(address=address)
    # One process for each core: reading is mostly Python, which threads do not run in parallel.
    return DaskTaskRunner(
        cluster_kwargs={"n_workers": os.cpu_count() or 1, "threads_per_worker": 1, "dashboard_address": None}
    )


def _server() -> str | None:
    """The Prefect server that the workers report to: the one in the settings, else the one embedded in this run."""
    return PREFECT_API_URL.value() or SubprocessASGIServer().api_url
