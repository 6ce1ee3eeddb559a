"""Reads a file in a process of its own with little memory and a time limit.

A process that has loaded the reader waits, and makes a copy of itself for each file: loading it anew for each took
most of the time. What ends the copy (an allocation that fails, a fault of a library) leaves the waiting one as it was.
"""

import atexit
import json
import os
import resource
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

MEMORY = 1_536 << 20
SECONDS = 60
"""Generous: the question is whether there is an answer at all."""

_WAITING = """
import json, os, resource, signal, sys, traceback
from pathlib import Path
import efficiency.intake.formats.read
from efficiency.intake.files import InboxFile
from efficiency.intake.read import read_file

def read(path):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parsed = read_file(InboxFile(path, path.name, "0" * 64, 0.0))
    extra = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"extra": extra, "problems": parsed.problems.select("rule", "message").rows(),
            "sheets": parsed.submissions.height}

for line in sys.stdin:
    path, seconds = json.loads(line)
    copy = os.fork()
    if copy == 0:
        signal.alarm(seconds)  # nothing handles it: the system ends the process
        try:
            print(json.dumps(read(Path(path))), flush=True)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    _, status = os.waitpid(copy, 0)
    print(json.dumps({"status": os.waitstatus_to_exitcode(status)}), flush=True)
"""


@cache
def _waiting() -> subprocess.Popen[str]:
    """The process that waits, with its memory limited; it ends with this one."""
    process = subprocess.Popen(
        [sys.executable, "-c", _WAITING],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY)),  # noqa: PLW1509
        env={**os.environ, "POLARS_MAX_THREADS": "2", "RUST_BACKTRACE": "0"},
    )

    def end() -> None:
        process.kill()
        process.communicate()

    atexit.register(end)
    return process


def read_alone(path: Path, data: bytes) -> dict[str, Any]:
    """What a process with little memory makes of the file: its problems, and how many kilobytes more it took."""
    path.write_bytes(data)
    process = _waiting()
    print(json.dumps([str(path), SECONDS]), file=process.stdin, flush=True)
    found: dict[str, Any] = {}
    while "status" not in found:
        line = process.stdout.readline()
        assert line, f"the process that waits has ended with {process.wait()}"
        found |= json.loads(line)
    assert found["status"] == 0, f"reading {path.name} ended with {found['status']}"
    return found
