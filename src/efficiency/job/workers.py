"""Work on other cores: processes of our own that take a function with its arguments over a pipe and send the result.

Reading a small workbook is mostly Python, which threads cannot run in parallel. A worker is started before polars is
loaded here, so this module imports nothing that loads it. The result does not depend on which process did the work:
what a worker cannot do, whoever asked does itself, and meets the error there.

Why not `concurrent.futures.ProcessPoolExecutor`: a worker that is killed while its result is on the way leaves the pool
waiting for ever (Python 3.11), since the pool keeps the other end of the pipe open itself; a test here kills one there.
Its workers also outlive a parent that is killed, import `__main__` and start with the working folder on their path. It
takes 0.2 s of processor time more.
"""

from __future__ import annotations

import os
import pickle
import select
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import IO, TYPE_CHECKING, TypeVar, TypeVarTuple

from efficiency.interpreter import python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_SERVE = "import sys; from efficiency.job.workers import serve; serve(sys.argv[1:])"


class WorkerError(Exception):
    """A worker has ended, or the work failed there: it is to be done here."""


class Worker:
    """Another process, which does one thing at a time and never outlives this one."""

    def __init__(self, *modules: str) -> None:
        """Start it; `modules` are those that it loads before it is asked for anything. Raises OSError if refused."""
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own words
            python("-c", _SERVE, *modules),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "POLARS_MAX_THREADS": "1"},  # a process a core: threads would only wait for each other
            start_new_session=True,  # an interrupt from the keyboard reaches this process alone
        )

    def run(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What `work`, a function of a module, returns there. Raises WorkerError when it does not return."""
        requests, results = self._pipes
        try:
            pickle.dump((work, arguments), requests, protocol=pickle.HIGHEST_PROTOCOL)
            requests.flush()
            done: bool
            result: T
            done, result = pickle.load(results)  # noqa: S301  # from our own process
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise WorkerError from error
        if not done:
            raise WorkerError
        return result

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

    A request is a function with its arguments; an answer is (True, result), or (False, None) where the function raised.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what libraries print must not come between the answers
    threading.Thread(target=_end_with_parent, daemon=True).start()
    for module in modules:
        import_module(module)
    while True:
        try:
            work, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  # from the process that started this one
        except EOFError:
            return
        try:
            answer = (True, work(*arguments))
        except Exception:  # raised again where the work was asked for
            answer = (False, None)
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _end_with_parent() -> None:
    """End this process when nobody holds the other end of its standard input any more, even in the middle of work."""
    if hasattr(select, "poll"):  # elsewhere (Windows) it ends when it next reads or answers
        parent = select.poll()
        parent.register(sys.stdin, 0)  # without an event asked for, only the end of the other side is reported
        parent.poll()
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
