"""The log of runs: one line of JSON for each beginning and end, also of runs that failed and published nothing.

It lies in `versions/` and is only ever added to. Each entry carries the digest of the one before it and its own, so
that an entry which was altered, removed or put in between shows; the warehouse keeps the digest of each published
run's first entry, so that a log cut off before it shows too. Whoever may write the folder can forge both: keep the
last digest elsewhere where that matters.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from efficiency.warehouse.errors import warehouse_error
from efficiency.warehouse.versions import versions_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Entry = dict[str, Any]
"""event, at, and what belongs to the event; `previous` and `sha256` are digests."""


def log_file(warehouse: Path) -> Path:
    """Where the log of the warehouse stands."""
    target = warehouse.resolve()
    return versions_folder(target) / f"{target.stem}.runs.jsonl"


def append(warehouse: Path, said: Mapping[str, object]) -> str:
    """Add an entry, on the disk before this returns; gives its digest. Only the holder of the lock may do this.

    What a run that died in the middle of a line left is no entry and is cut off. Raises WarehouseError when the log
    cannot be written.
    """
    file = log_file(warehouse)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as stream:
            whole, last = _tail(stream.seek(0, os.SEEK_END), stream)
            stream.truncate(whole)
            entry: Entry = {**said, "previous": _digest_of(last)}
            entry["sha256"] = _digest(entry)
            stream.write(f"{_text(entry)}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise warehouse_error(error, file, "writing the log of runs") from error
    return str(entry["sha256"])


def read_log(warehouse: Path) -> list[Entry]:
    """Every whole entry, oldest first; a line that is no entry comes as one with the key `unreadable`."""
    file = log_file(warehouse)
    if not file.exists():
        return []
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    return [_parsed(line) for line in whole.splitlines()]


def faults(entries: list[Entry]) -> list[str]:
    """What is wrong with the chain of entries; empty when it holds."""
    found: list[str] = []
    before = ""
    for number, entry in enumerate(entries, start=1):
        if "unreadable" in entry:
            found.append(f"line {number} is no entry: {entry['unreadable']}")
            continue
        if entry.get("sha256") != _digest(entry):
            found.append(f"line {number} was altered after it was written")
        if entry.get("previous") != before:
            found.append(f"line {number} does not follow the line before it: something was removed or put in between")
        before = str(entry.get("sha256"))
    return found


def _tail(size: int, stream: Any) -> tuple[int, bytes]:  # noqa: ANN401  # a binary file; its type has no public name
    """Where the last whole line ends, and that line; reads from the end, however long the log has grown."""
    block = 8192
    while True:
        start = max(size - block, 0)
        stream.seek(start)
        read = stream.read(size - start)
        end = read.rfind(b"\n")
        begin = read.rfind(b"\n", 0, end) if end > 0 else -1
        if start == 0 or begin >= 0:
            return start + end + 1, read[begin + 1 : end] if end >= 0 else b""
        block *= 2


def _digest_of(line: bytes) -> str:
    return str(_parsed(line).get("sha256", "")) if line else ""


def _parsed(line: bytes) -> Entry:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return entry if isinstance(entry, dict) else {"unreadable": line[:80].decode("utf-8", "replace")}


def _digest(entry: Mapping[str, object]) -> str:
    return hashlib.sha256(_text({k: v for k, v in entry.items() if k != "sha256"}).encode()).hexdigest()


def _text(entry: Mapping[str, object]) -> str:
    return json.dumps(entry, ensure_ascii=False, sort_keys=True)
