"""Work on other cores: processes of our own that take a function with its arguments over a pipe and send the result.

Reading a small workbook is mostly Python, which threads cannot run in parallel. A worker is started before polars is
loaded here, so this module imports nothing that loads it. The result does not depend on which process did the work:
what a worker cannot do, whoever asked does itself, and meets the error there. Work that may take more than a process
should have, as reading a file from outside may, is done within `Limits`, of which the system ends the worker: it costs
that one piece of work, and the worker is started anew.

Why not `concurrent.futures.ProcessPoolExecutor`: a worker that is killed while its result is on the way leaves the pool
waiting for ever (Python 3.11), since the pool keeps the other end of the pipe open itself; a test here kills one there.
Its workers also outlive a parent that is killed, import `__main__` and start with the working folder on their path. It
takes 0.2 s of processor time more.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import IO, TYPE_CHECKING, Literal, TypeVar, TypeVarTuple

from efficiency import system
from efficiency.interpreter import python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_LOOK, _GROWTH = 10, 64 << 20
"""Milliseconds after which it is looked again how much memory a worker has, and bytes by which it may grow within."""
_RESERVED = 3
"""Times the memory that a worker may have, the address space that it may add: allocators reserve more than they use.
It bounds what is allocated at once, however late the look at its memory comes."""
_PATIENCE = 10
"""Seconds in which a process has ended that closed its output."""
_SERVE = "import sys; from efficiency.job.workers import serve; serve(sys.argv[1:])"


Cause = Literal["failed", "memory", "time", "ended"]
"""Why a worker gave no result: the work raised, it went over its memory or its time, the process ended otherwise."""


class WorkerError(Exception):
    """A worker has ended, or the work failed there: it is to be done here, or given up."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True, slots=True)
class Limits:
    """What a worker may take for one piece of work, where the system can limit it (Linux; elsewhere it is not)."""

    memory: int
    """Bytes that the process may have at once, its own included."""
    seconds: int
    """Of the processor's time."""


class Worker:
    """Another process, which does one thing at a time and never outlives this one."""

    def __init__(self, *modules: str) -> None:
        """Start it; `modules` are those that it loads before it is asked for anything. Raises OSError if refused."""
        self._modules = modules
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        self.fresh = True
        """Whether it has not been asked for anything since it started."""
        return subprocess.Popen(  # noqa: S603  # our own interpreter and our own words
            python("-c", _SERVE, *self._modules),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "POLARS_MAX_THREADS": "1"},  # a process a core: threads would only wait for each other
            **system.ALONE,  # an interrupt from the keyboard reaches this process alone
        )

    def run(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What `work`, a function of a module, returns there. Raises WorkerError when it does not return."""
        return self._asked(None, work, *arguments)

    def run_within(self, limits: Limits, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """The same within `limits`. Raises WorkerError with the cause; a worker that has ended is then started anew.

        What earlier work has left in a worker counts towards its memory, so that only a fresh one has the last word;
        of one that ended otherwise, perhaps killed from outside, a second. Raises OSError where none can be started.
        """
        again = True
        while True:
            was_fresh = self.fresh
            try:
                return self._asked(limits, work, *arguments)
            except WorkerError as error:
                if error.cause == "failed":
                    raise
                self.restart()
                if was_fresh:
                    if error.cause != "ended" or not again:
                        raise
                    again = False

    def _asked(self, limits: Limits | None, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        requests, results = self._pipes
        self.fresh = False
        try:
            pickle.dump((work, arguments, limits), requests, protocol=pickle.HIGHEST_PROTOCOL)
            requests.flush()
            if limits is not None and self._outgrows(limits):
                raise WorkerError("memory")
            cause: Cause | None
            result: T
            cause, result = pickle.load(results)  # noqa: S301  # from our own process
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise WorkerError(self._cause(limits)) from error
        if cause is not None:
            raise WorkerError(cause)
        return result

    def _outgrows(self, limits: Limits) -> bool:
        """Whether the process takes more memory than it may before it answers or ends: it is killed then.

        Much address space is reserved and never used, so that the system cannot be told the bound itself.
        """
        most = limits.memory - _GROWTH
        while not system.readable(self._pipes[1], _LOOK):
            used = system.bytes_of(self._process.pid)
            if used is not None and used[1] > most:
                self._process.kill()
                return True
        return False

    def _cause(self, limits: Limits | None) -> Cause:
        """Why the process has ended."""
        with suppress(subprocess.TimeoutExpired):
            status = self._process.wait(_PATIENCE)
            return (limits and system.cause_of_end(status)) or "ended"
        return "ended"

    def restart(self) -> None:
        """End it and start it anew. Raises OSError if refused."""
        self.stop()
        self._process = self._started()

    def stop(self) -> None:
        """End it, whatever it is doing."""
        self._process.kill()
        for pipe in self._pipes:
            with suppress(BrokenPipeError):  # a request that it did not live to read
                pipe.close()
        self._process.wait()

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def serve(modules: list[str]) -> None:
    """What a worker does until its parent ends: load `modules`, then answer requests from standard input.

    A request is a function with its arguments and limits; an answer is (None, result), or (cause, None) where the
    function raised.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not come between the answers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for module in modules:
        import_module(module)
    limited = _Limited()
    while True:
        try:
            work, arguments, limits = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the process that started this
        except EOFError:
            return
        answer: tuple[Cause | None, object]
        try:
            with limited.to(limits):
                answer = (None, work(*arguments))
        except MemoryError:
            answer = ("memory", None)
        except Exception:  # raised again where the work was asked for
            answer = ("failed", None)
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


class _Limited:
    """Limits of the process it is made in, while it does the work for which they are."""

    def __init__(self) -> None:
        self._space = 0
        """Bytes of address space before the first work within limits."""

    @contextmanager
    def to(self, limits: Limits | None) -> Iterator[None]:
        """Within the block the system refuses memory beyond `limits` and ends this process after their time."""
        used = system.bytes_of(os.getpid()) if limits else None
        if limits is None or used is None:
            yield
            return
        self._space = self._space or used[0]
        with _quiet(), system.limited(self._space + _RESERVED * limits.memory, limits.seconds):
            yield


@contextmanager
def _quiet() -> Iterator[None]:
    """Within the block what native code prints as it ends this process is dropped; Python's own stderr stays."""
    kept, nowhere, ours = os.dup(2), os.open(os.devnull, os.O_WRONLY), sys.stderr
    os.dup2(nowhere, 2)
    os.close(nowhere)
    sys.stderr = os.fdopen(kept, "w", errors="backslashreplace", closefd=False)
    try:
        yield
    finally:
        sys.stderr.flush()
        sys.stderr = ours
        os.dup2(kept, 2)
        os.close(kept)


def _end_with_parent() -> None:
    """End this process when nobody holds the other end of its standard input any more, even in the middle of work."""
    if system.wait_until_left(sys.stdin):  # elsewhere it ends when it next reads or answers
        os._exit(0)


_waiting: list[Worker] = []
"""Workers that have been started and wait for work."""


@contextmanager
def worker_ready(*modules: str) -> Iterator[None]:
    """Within the block a worker with `modules` waits for whoever asks first; none where there is but one core."""
    if (os.cpu_count() or 1) > 1:
        _waiting.extend(_start(1, *modules))
    try:
        yield
    finally:
        while _waiting:
            _waiting.pop().stop()


def _start(count: int, *modules: str) -> list[Worker]:
    """`count` new workers, or as many as the machine allows: without them everything is done here."""
    started: list[Worker] = []
    with suppress(OSError):
        for _ in range(count):
            started.append(Worker(*modules))
    return started


def ready() -> int:
    """How many workers wait for work."""
    return len(_waiting)


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    """At most `count` workers: waiting ones, which wait again after the block, and new ones, which end with it.

    All end where the block raises, since they may be at work.
    """
    waiting = [_waiting.pop() for _ in range(min(count, len(_waiting)))]
    new = _start(count - len(waiting))
    try:
        yield [*waiting, *new]
    except BaseException:
        for worker in waiting:
            worker.stop()
        raise
    else:
        _waiting.extend(waiting)
    finally:
        for worker in new:
            worker.stop()


@contextmanager
def in_background(work: Callable[[*Ts], T], *arguments: *Ts) -> Iterator[Callable[[], T]]:
    """Let a waiting worker do `work` while the block goes on.

    Yields a function that waits for the result, or does the work itself where no worker could. A block that raises
    ends the work too.
    """
    with ThreadPoolExecutor(1) as executor, workers(min(1, ready())) as found:

        def ask(worker: Worker) -> T:
            return worker.run(work, *arguments)

        answers = [executor.submit(ask, worker) for worker in found]

        def result() -> T:
            for answer in answers:
                with suppress(WorkerError):
                    return answer.result()
            return work(*arguments)

        yield result
