"""The catalogue of Chinese messages: `zh/LC_MESSAGES/efficiency.po` is written by hand, its .mo by this module.

gettext reads the .mo alone. `python -m efficiency.language.catalogue` renews it from the .po; a test holds that it is
the same, and that the .po has every message of the program.
"""

from __future__ import annotations

import ast
import struct
import sys

from efficiency.language.messages import DOMAIN, FOLDER

PO = FOLDER / "zh" / "LC_MESSAGES" / f"{DOMAIN}.po"
_MAGIC, _REVISION, _HEADER = 0x950412DE, 0, 28
_KEYWORDS = ("msgid", "msgid_plural", "msgstr", "msgstr[0]")


class CatalogueError(ValueError):
    """The .po has a line that is none of its format, or a message twice."""


def entries(text: str) -> dict[str, str]:
    """Message in English → in Chinese, of a .po; the empty message has its header.

    A message for one and for many (msgid_plural) is entered under both, since Chinese has one form.
    """
    found: dict[str, str] = {}
    entry: dict[str, str] = {}
    keyword = ""
    for number, line in enumerate([*text.splitlines(), ""], 1):
        stripped = line.strip()
        first, _, rest = stripped.partition(" ")
        if not stripped or stripped.startswith("#"):
            _add(found, entry)
            entry, keyword = {}, ""
        elif first in _KEYWORDS:
            keyword = first
            entry[keyword] = _literal(rest, number)
        elif stripped.startswith('"') and keyword:
            entry[keyword] += _literal(stripped, number)
        else:
            raise CatalogueError(f"line {number} is not understood: {stripped}")
    return found


def _literal(text: str, number: int) -> str:
    """The text of a string in quotes."""
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        value = None
    if not isinstance(value, str):
        raise CatalogueError(f"line {number} has no text in quotes: {text}")
    return value


def _add(found: dict[str, str], entry: dict[str, str]) -> None:
    if not entry:
        return
    message, plural = entry.get("msgid"), entry.get("msgid_plural")
    translated = entry.get("msgstr" if plural is None else "msgstr[0]")
    if message is None or translated is None:
        raise CatalogueError(f"an entry lacks msgid or msgstr: {entry}")
    if message in found:
        raise CatalogueError(f"twice: {message!r}")
    found[message] = translated
    if plural is not None:
        found[f"{message}\0{plural}"] = translated


def compiled(messages: dict[str, str]) -> bytes:
    """`messages` as the bytes of a .mo: two tables of lengths and places, sorted by message, then the texts."""
    plural = {key.partition("\0")[0] for key in messages if "\0" in key}
    kept = {key: text for key, text in messages.items() if key not in plural}
    pairs = sorted((key.encode(), text.encode()) for key, text in kept.items())
    tables = 2 * 8 * len(pairs)
    texts, places = b"", []
    for column in (0, 1):
        for pair in pairs:
            places.append((len(pair[column]), _HEADER + tables + len(texts)))
            texts += pair[column] + b"\0"
    head = struct.pack("<7I", _MAGIC, _REVISION, len(pairs), _HEADER, _HEADER + tables // 2, 0, _HEADER + tables)
    return head + b"".join(struct.pack("<2I", *place) for place in places) + texts


def main() -> int:
    """Write the .mo anew."""
    PO.with_suffix(".mo").write_bytes(compiled(entries(PO.read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
