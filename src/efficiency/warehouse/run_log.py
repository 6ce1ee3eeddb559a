"""The log of runs: a line of JSON for the start and the end of each run, also of those that failed.

The file is in `versions/` and is only appended to. Each entry contains its own digest and that of the entry before it,
so that an entry which was altered, removed or inserted is detected; the warehouse stores the digest of each published
run's first entry, so that a truncated log is detected too. Somebody who may write the folder can forge both: where that
matters, keep the last digest elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from efficiency.language import say
from efficiency.warehouse.errors import warehouse_error
from efficiency.warehouse.versions import versions_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Entry = dict[str, Any]
"""One line: `event`, `at`, the fields of the event, and the digests `previous` and `sha256`."""


def log_file(warehouse: Path) -> Path:
    """Path of the log of `warehouse`."""
    target = warehouse.resolve()
    return versions_folder(target) / f"{target.stem}.runs.jsonl"


def append_entry(warehouse: Path, values: Mapping[str, object]) -> str:
    """Append an entry with these `values` and sync it to disk; returns its digest. The caller holds the lock.

    An incomplete last line, which a run left that died while writing it, is removed. Raises WarehouseError when the
    log cannot be written.
    """
    file = log_file(warehouse)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a+b") as stream:
            whole, last = _tail(stream.seek(0, os.SEEK_END), stream)
            stream.truncate(whole)
            entry: Entry = {**values, "previous": _digest_of(last)}
            entry["sha256"] = _digest(entry)
            stream.write(f"{_text(entry)}\n".encode())
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        raise warehouse_error(error, file, say("writing the log of runs")) from error
    return str(entry["sha256"])


def read_log(warehouse: Path) -> list[Entry]:
    """Every complete line as an entry, oldest first; a line that is no JSON object has the key `unreadable`."""
    file = log_file(warehouse)
    if not file.exists():
        return []
    whole, _, _ = file.read_bytes().rpartition(b"\n")
    return [_parsed(line) for line in whole.splitlines()]


def chain_errors(entries: list[Entry]) -> list[str]:
    """Messages about entries that were altered, removed or inserted; empty when the chain is intact."""
    errors: list[str] = []
    before = ""
    for number, entry in enumerate(entries, start=1):
        if "unreadable" in entry:
            errors.append(say("line {number} is no entry: {entry}", number=number, entry=entry["unreadable"]))
            continue
        if entry.get("sha256") != _digest(entry):
            errors.append(say("line {number} was altered after it was written", number=number))
        if entry.get("previous") != before:
            errors.append(
                say(
                    "line {number} does not follow the line before it: something was removed or put in between",
                    number=number,
                )
            )
        before = str(entry.get("sha256"))
    return errors


def _tail(size: int, stream: Any) -> tuple[int, bytes]:  # noqa: ANN401  # a binary file; its type has no public name
    """Offset of the end of the last complete line, and that line. Reads only the end of the file."""
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
