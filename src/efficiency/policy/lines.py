"""The line of each table and key of a TOML text, so that a message about a policy can name it.

tomllib gives values without positions. The text has already been accepted by tomllib, so it is enough here to
distinguish headers, keys and continued values.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]
"""Keys and array positions from the top, e.g. ("cohort", 0, "indicator", 2, "weight")."""

_QUOTED = r""""(?:\\.|[^"\\])*+"?|'[^']*+'?"""
"""A text in quotes; to the end of the line where none closes it, so that no place in it is searched again."""
_HEADER = re.compile(rf"\s*(\[\[?)((?:[^\]\"']|{_QUOTED})*+)")
_BARE = "[A-Za-z0-9_-]++"
_KEY = re.compile(rf"\s*((?:{_QUOTED}|{_BARE})(?:\s*\.\s*(?:{_QUOTED}|{_BARE}))*+)\s*=(.*)$")
_PART = re.compile(rf"{_QUOTED}|{_BARE}")
_TOKEN = re.compile(rf"\"\"\"|'''|{_QUOTED}|#.*|[\[\]{{}}]")


def key_lines(text: str) -> dict[Path, int]:
    """Path → line, counted from 1, of every table header and key of `text`; keys of inline tables are not listed."""
    lines: dict[Path, int] = {}
    counts: dict[Path, int] = {}
    table: Path = ()
    pending = ""
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        if pending or depth:
            pending, depth = _continue(line, pending, depth)
            continue
        if header := _HEADER.match(line):
            table = _enter(_parts(header[2]), counts, is_array=header[1] == "[[")
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines[(*table, *_parts(key[1]))] = number
            pending, depth = _continue(key[2], "", 0)
    return lines


def line_of(path: Sequence[str | int], lines: dict[Path, int]) -> int:
    """Line of `path`, or of the nearest table or key that holds it; 1 when none does."""
    for length in range(len(path), 0, -1):
        if (found := lines.get(tuple(path[:length]))) is not None:
            return found
    return 1


def _parts(dotted: str) -> list[str]:
    """The keys of a dotted key, quotes removed."""
    return [part[1:].removesuffix(part[0]) if part[0] in "\"'" else part for part in _PART.findall(dotted)]


def _enter(parts: list[str], counts: dict[Path, int], *, is_array: bool) -> Path:
    """The path of the table that a header opens: a key that is an array of tables means its last element."""
    path: Path = ()
    for position, part in enumerate(parts):
        path = (*path, part)
        if is_array and position == len(parts) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _continue(line: str, pending: str, depth: int) -> tuple[str, int]:
    """The triple quote that is open after `line` (empty: none), and the depth of open brackets."""
    position = 0
    if pending:
        end = line.find(pending)
        if end < 0:
            return pending, depth
        position = end + 3
    while token := _TOKEN.search(line, position):
        mark, position = token.group(), token.end()
        if mark in ('"""', "'''"):
            end = line.find(mark, position)
            if end < 0:
                return mark, depth
            position = end + 3
        elif mark in "[{":
            depth += 1
        elif mark in "]}":
            depth -= 1
    return "", depth
