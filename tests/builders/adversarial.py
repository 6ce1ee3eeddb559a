"""Texts that make a regular expression slow where it can be made slow, built of the pattern's own pieces."""

import re
from collections.abc import Iterator
from re import _constants as kinds  # type: ignore[attr-defined]  # the parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_PIECES = 60
"""Pieces of a pattern that are tried alone and after each beginning of it."""
_ORDINARY = "a0 一.,:;-_=/\\'\"<>()[]{}%#*\n年月"
_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)

Attack = tuple[str, str]
"""What a text begins with, and what is repeated after it."""


def attacks(pattern: re.Pattern[Any]) -> Iterator[Attack]:
    """What to try on `pattern`; `text_of` makes texts of it."""
    found: dict[Attack, None] = {}
    _add(
        parser.parse(
            pattern.pattern, pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
        ),
        "",
        found,
    )
    yield from found


def text_of(attack: Attack, length: int) -> str:
    """The text of an attack, `length` characters long; its end fits nothing."""
    before, piece = attack
    return before + piece * (max(0, length - len(before)) // len(piece)) + "\1"


def _add(sequence: Any, before: str, found: dict[Attack, None]) -> None:
    """Add the attacks of a parsed sequence that stands after the text `before`."""
    samples = [_sample(node) for node in sequence]
    for first in range(len(samples)):
        beginning = before + "".join(samples[:first])
        for last in range(first + 1, min(len(samples), first + 12) + 1):
            piece = "".join(samples[first:last])
            if piece and len(found) < 2 * MOST_PIECES:
                found[("", piece)] = found[(beginning, piece)] = None
        kind, argument = sequence[first]
        for inner in _inner(kind, argument):
            _add(inner, beginning, found)


def _inner(kind: Any, argument: Any) -> Iterator[Any]:
    """The sequences within a node."""
    if kind is kinds.BRANCH:
        yield from argument[1]
    elif kind is kinds.SUBPATTERN:
        yield argument[-1]
    elif kind in _REPEATS:
        yield argument[2]
    elif kind in (kinds.ASSERT, kinds.ASSERT_NOT):
        yield argument[1]
    elif kind is kinds.ATOMIC_GROUP:
        yield argument


def _sample(node: Any) -> str:
    """A short text that the node matches; for what looks ahead, nothing."""
    kind, argument = node
    if kind is kinds.LITERAL:
        return chr(argument)
    if kind in (kinds.NOT_LITERAL, kinds.ANY):
        return next(one for one in _ORDINARY if kind is kinds.ANY or ord(one) != argument)
    if kind is kinds.IN:
        return _of_set(argument)
    times = max(1, argument[0]) if kind in _REPEATS else 1
    first = () if kind in (kinds.ASSERT, kinds.ASSERT_NOT) else next(_inner(kind, argument), ())
    return "".join(map(_sample, first)) * times


def _of_set(items: Any) -> str:
    """A character that a set of characters holds."""
    inverted = items[0][0] is kinds.NEGATE
    held = re.compile("[" + "".join(map(_written, items[inverted:])) + "]")
    every = [
        *(
            chr(item[1] if item[0] is kinds.LITERAL else item[1][0])
            for item in items[inverted:]
            if item[0] in (kinds.LITERAL, kinds.RANGE)
        ),
        *_ORDINARY,
    ]
    return next(one for one in every if (held.match(one) is None) == inverted)


def _written(item: Any) -> str:
    kind, argument = item
    if kind is kinds.LITERAL:
        return re.escape(chr(argument))
    if kind is kinds.RANGE:
        return f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
    return {
        kinds.CATEGORY_DIGIT: r"\d",
        kinds.CATEGORY_NOT_DIGIT: r"\D",
        kinds.CATEGORY_SPACE: r"\s",
        kinds.CATEGORY_NOT_SPACE: r"\S",
        kinds.CATEGORY_WORD: r"\w",
        kinds.CATEGORY_NOT_WORD: r"\W",
    }[argument]
