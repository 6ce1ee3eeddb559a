"""Work for other cores: processes of our own, asked over a pipe; one is started while libraries still load here.

Reading a small workbook is mostly Python and the setting up of expressions, which threads cannot run in parallel. The
result does not depend on which process did the work: where a worker breaks down over it, the one that asked does it
itself, and meets whatever was wrong.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from typing import IO, TYPE_CHECKING, TypeVar, TypeVarTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_SERVE = "import sys; from efficiency.job.execution.workers import serve; serve(sys.argv[1:])"


class GoneError(Exception):
    """A worker that has ended before it answered."""


class Worker:
    """Another process, which does one thing at a time. It ends when its input does, so it never outlives this one."""

    def __init__(self, *modules: str) -> None:
        """Start it; `modules` are those that it is to load before it is asked for anything."""
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter and our own words
            [sys.executable, "-P", "-c", _SERVE, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "POLARS_MAX_THREADS": "1"},  # a process a core: threads would only wait for each other
            start_new_session=True,  # an interrupt from the keyboard is this process's affair
        )

    def ask(self, work: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What `work`, a function of a module, returns there. Raises GoneError when the process broke down over it."""
        to, back = self._pipes
        try:
            pickle.dump((work, arguments), to, protocol=pickle.HIGHEST_PROTOCOL)
            to.flush()
            answer: T = pickle.load(back)  # noqa: S301  # what our own process has just said
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise GoneError from error
        return answer

    def dismiss(self) -> None:
        """Let it go, whatever it is doing."""
        self._process.kill()
        for pipe in self._pipes:
            with suppress(BrokenPipeError):  # what it did not live to read
                pipe.close()
        self._process.wait()

    @property
    def _pipes(self) -> tuple[IO[bytes], IO[bytes]]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        return self._process.stdin, self._process.stdout


def serve(modules: list[str]) -> None:
    """The life of a worker: functions and arguments come in on standard input, results go out on standard output."""
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for module in modules:
        import_module(module)
    while True:
        try:
            work, arguments = pickle.load(sys.stdin.buffer)  # noqa: S301  # what the process that started us says
            answer = work(*arguments)
        except EOFError:
            return
        try:
            pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
            answers.flush()
        except BrokenPipeError:  # whoever asked is gone
            os._exit(0)


_ready: list[Worker] = []
"""Workers that have been started and wait for work."""


@contextmanager
def worker_ready(*modules: str) -> Iterator[None]:
    """Within the block a worker with `modules` is there for whoever asks first; none where there is but one core."""
    if (os.cpu_count() or 1) > 1:
        _ready.extend(_started(1, *modules))
    try:
        yield
    finally:
        while _ready:
            _ready.pop().dismiss()


def _started(count: int, *modules: str) -> list[Worker]:
    """`count` new workers, or as many as the machine allows: without them everything is done here."""
    found: list[Worker] = []
    with suppress(OSError):
        for _ in range(count):
            found.append(Worker(*modules))
    return found


def ready() -> int:
    """How many workers wait for work."""
    return len(_ready)


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    """At most `count` workers: waiting ones, which wait again after the block, and new ones, which end with it."""
    waiting = [_ready.pop() for _ in range(min(count, len(_ready)))]
    with ExitStack() as going:
        try:
            new = _started(count - len(waiting))
            for one in new:
                going.callback(one.dismiss)
            yield [*waiting, *new]
        except BaseException:
            for one in waiting:  # it may be at work
                one.dismiss()
            raise
        _ready.extend(waiting)


@contextmanager
def in_background(work: Callable[[*Ts], T], *arguments: *Ts) -> Iterator[Callable[[], T]]:
    """Let a worker that is ready do `work` while the block goes on.

    Yields a function that waits for the result, or does the work itself where no worker could. A block that ends with
    an exception ends the work too.
    """
    with workers(min(1, ready())) as asked, ThreadPoolExecutor(1) as beside:
        answer = beside.submit(lambda: asked[0].ask(work, *arguments)) if asked else None

        def result() -> T:
            if answer is not None:
                with suppress(GoneError):
                    return answer.result()
            return work(*arguments)

        try:
            yield result
        except BaseException:
            for one in asked:
                one.dismiss()
            raise
