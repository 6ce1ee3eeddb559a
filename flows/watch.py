"""Ends a flow run whose server has gone away or was asked to cancel it, instead of Prefect, which waits for minutes.

The month does not need the server: a run that is at work goes on without it, and when the month is published or has
failed, the process ends with one line. A cancelled run is interrupted, unless it is publishing.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Any, NoReturn
from uuid import UUID

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.exceptions import PrefectException
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Cancelled, Completed

from efficiency.errors import EfficiencyError
from efficiency.language import say, shown
from efficiency.processes import remove_temporary
from efficiency.serving.server import API_URL, no_answer
from efficiency.streams import flush
from efficiency.system import interrupt
from flows.progress import ProgressBar

LOOK_S, ANSWER_S = 2, 10
"""Seconds between two looks at the server, and those that it has to answer one."""
GONE_S = 20
"""Seconds without an answer after which nobody waits for the server any more."""

CANCELLED = (StateType.CANCELLING, StateType.CANCELLED)

Summary = dict[str, Any]
Show = Callable[[Summary], None]
"""Prints the summary of a published month."""


class CancelledError(EfficiencyError):
    """The flow run was cancelled through Prefect."""

    def __init__(self) -> None:
        super().__init__(
            say("The flow run was cancelled through Prefect. Nothing was published; run again when wanted.")
        )


class Watch:
    """What is known of this process's flow run and of its server; a thread looks at both."""

    def __init__(self, show: Show | None = None) -> None:
        """`show` prints the summary where the process must be ended here; without one it is logged by the run."""
        self._show = show
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.run: UUID | None = None
        self._interruptible = False
        """Whether a cancel may interrupt what is being done: the run is at work and does not publish."""
        self.cancelled = False
        self._at_work = False
        self._error: BaseException | None = None
        self.summary: Summary | None = None
        """Of the month, once it is published."""
        self.bar = ProgressBar()

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Look at the server within the block."""
        threading.Thread(target=self._look, daemon=True).start()
        try:
            yield
        finally:
            self._stopped.set()

    @contextmanager
    def work(self, run: UUID | None, *, cancellable: bool) -> Iterator[None]:
        """Within the block flow run `run` is at work: only a cancel, where it is `cancellable` here, ends it."""
        with self._lock:
            self.run, self._at_work, self._interruptible = run, True, cancellable
        try:
            yield
        except BaseException as error:
            self._error = error
            raise
        finally:
            with self._lock:
                self._at_work = self._interruptible = False

    def begin(self, step: str) -> None:
        """Begin a step of the run. Raises CancelledError where it is cancelled; nothing cancels `publish`."""
        if step == "publish" and self._interruptible:
            self._look_once()
        with self._lock:
            if self.cancelled:
                raise CancelledError
            if step == "publish":
                self._interruptible = False

    def _look_once(self) -> None:
        """Look whether a cancel has come since the last look; of a server that does not answer it has not."""
        with suppress(httpx.TransportError, RuntimeError), _not_asked_again():
            if self._state(LOOK_S) in CANCELLED:
                with self._lock:
                    self.cancelled = True

    def show_progress(self) -> None:
        """Send what the bar says now, unless the server does not take it."""
        if self.run is None:
            return
        with (
            suppress(httpx.HTTPError, PrefectException, RuntimeError),
            _not_asked_again(),
            get_client(sync_client=True, httpx_settings={"timeout": LOOK_S}) as client,
        ):
            self.bar.send(client, self.run)

    def _look(self) -> None:
        """Look until stopped; ends the process when the server is gone and no work is being done."""
        answered = time.monotonic()
        # Of this thread alone: the run's own requests are repeated by Prefect as often as it is set.
        with _not_asked_again():
            while not self._stopped.wait(LOOK_S):
                try:
                    state = self._state()
                except (httpx.TransportError, RuntimeError):
                    if time.monotonic() - answered > GONE_S and not self._at_work and not self._stopped.is_set():
                        self._end()
                    continue
                answered = time.monotonic()
                if state in CANCELLED:
                    self._cancel()

    def _state(self, seconds: int = ANSWER_S) -> StateType | None:
        """State of the flow run on the server, which learns how far it is; None where it has none or it is not said."""
        if self.run is None and not os.environ.get(API_URL):
            return None  # the embedded server starts with the run
        with get_client(sync_client=True, httpx_settings={"timeout": seconds}) as client:
            if self.run is None:
                if (error := client.api_healthcheck()) is not None:
                    raise RuntimeError(str(error))
                return None
            with suppress(httpx.HTTPStatusError, PrefectException):  # it answers, and the run meets the reason itself
                self.bar.send(client, self.run)
                return client.read_flow_run(self.run).state_type
        return None

    def _cancel(self) -> None:
        with self._lock:
            if not self.cancelled and self._interruptible:
                self.cancelled = True
                interrupt()

    def _end(self) -> NoReturn:
        """End this process with one line and the status of what was done; Prefect would wait and ask again."""
        address = os.environ.get(API_URL, say("this machine"))
        status = 0
        if self.summary is not None:
            if self._show is not None:
                self._show(self.summary)
            message: object = say(
                "The Prefect server at {address} has gone away; the month is published, and the server does not know "
                "of it.",
                address=address,
            )
        elif isinstance(self._error, EfficiencyError):
            message, status = self._error, self._error.exit_status
        elif self._error is not None:
            message, status = f"{type(self._error).__name__}: {' '.join(str(self._error).split())}", 1
        else:
            message, status = (
                say(
                    "The Prefect server at {address} has gone away before the run began. Nothing was published. "
                    "Start it again and run again.",
                    address=address,
                ),
                1,
            )
        print(f"efficiency: {shown(message)}", file=sys.stderr)
        remove_temporary()
        flush()
        os._exit(status)


def _not_asked_again() -> AbstractContextManager[object]:
    """Within it a request that fails is not repeated, in this thread alone."""
    return temporary_settings(updates={PREFECT_CLIENT_MAX_RETRIES: 0})


def one_line_for_a_server_that_is_gone() -> None:
    """Keep Prefect from printing each message that a server does not take: the watch says it once."""
    for name in ("prefect.events.clients", "prefect._internal.concurrency"):
        logging.getLogger(name).addFilter(lambda record: record.levelno >= logging.CRITICAL)
    logging.raiseExceptions = False  # prints each log that the server did not take


def set_ended(run: UUID | None, *, published: bool) -> None:
    """Tell the server how a run ended that was asked to cancel: cancelled, or published before it could be."""
    with suppress(httpx.HTTPError, PrefectException), _not_asked_again(), get_client(sync_client=True) as client:
        if run is None:
            return
        if not published:
            client.set_flow_run_state(run, Cancelled(message="Cancelled. Nothing was published."), force=True)
        elif client.read_flow_run(run).state_type == StateType.CANCELLING:
            late = "The month was being published when the cancel came; it is published."
            client.set_flow_run_state(run, Completed(message=late), force=True)


def server_error(error: BaseException) -> EfficiencyError | None:
    """`error` of Prefect as a message with its remedy where the server refuses us or is gone; None for any other."""
    address = os.environ.get(API_URL, say("this machine"))
    if isinstance(error, httpx.HTTPStatusError) and error.response.status_code in (401, 403):
        return EfficiencyError(
            say(
                "The Prefect server at {address} refuses access (HTTP {status_code}). Set PREFECT_API_AUTH_STRING "
                "to the server's user:password (PREFECT_API_KEY for Prefect Cloud).",
                address=address,
                status_code=error.response.status_code,
            )
        )
    if isinstance(error, httpx.HTTPStatusError):
        return EfficiencyError(
            say(
                "The Prefect server at {address} failed (HTTP {status_code}). Read its log.",
                address=address,
                status_code=error.response.status_code,
            )
        )
    if isinstance(error, httpx.TransportError):
        return EfficiencyError(no_answer(address))
    return None
