"""What reading files takes: memory of the largest process and seconds of all of them, measured from outside.

A process counts as its own the memory that the one which started it held before: it is started from a small one.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_LAUNCH = """
import json, os, resource, sys
child = os.fork()
if not child:
    resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]), int(sys.argv[1])))
    os.execv(sys.executable, [sys.executable, "-c", *sys.argv[2:]])
_, status, used = os.wait4(child, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), used.ru_maxrss, used.ru_utime + used.ru_stime]))
"""
_READ = """
import json, sys, tempfile
from pathlib import Path
from efficiency.intake.files import list_inbox
from efficiency.intake.layout import NO_MAPPING
from efficiency.job.execution import read_files
files, aside = list_inbox(Path(sys.argv[1]))
with tempfile.TemporaryDirectory() as folder:
    read = read_files(files, NO_MAPPING, lambda done, total: None, Path(folder))
    found = [row for frame in (read.problems, aside) for row in frame.select("file_name", "rule", "message").rows()]
    print(json.dumps([found, {form: rows.height for form, rows in read.chunks.items()}]))
"""
MOST_SECONDS = 300
"""Of the processor's, after which nobody waits any longer."""


@dataclass(frozen=True)
class Measured:
    """What reading a folder came to, and what it took."""

    status: int
    mebibytes: int
    """Of the largest of its processes."""
    seconds: float
    """Of the processor's time, of all its processes together."""
    problems: Sequence[tuple[str, str, str]]
    """File, rule and message of each."""
    rows: dict[str, int]
    """Form → rows that are stated."""


def read_measured(inbox: Path) -> Measured:
    """Read every file of the folder in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _LAUNCH, str(MOST_SECONDS), _READ, str(inbox)],
        capture_output=True,
        text=True,
        check=True,
    )
    *lines, measured = done.stdout.splitlines()
    status, kilobytes, seconds = json.loads(measured)
    problems, rows = json.loads(lines[-1]) if lines else ((), {})
    return Measured(status, kilobytes >> 10, seconds, [tuple(one) for one in problems], rows)
