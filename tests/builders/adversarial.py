"""Texts that make a regular expression slow where it can be made slow, built of the pattern's own pieces."""

import re
from collections.abc import Iterator
from re import _constants as kinds  # type: ignore[attr-defined]  # the parser has no public name
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

MOST_ATTACKS = 300
"""Texts that are tried on a pattern; of the pieces of a long pattern every so many-th."""
MOST_NODES = 8
"""Parts of a pattern that stand one behind the other and are repeated together."""
_ORDINARY = "a0 一.,:;-_=/\\'\"<>()[]{}%#*\n年月"
_REPEATS = (kinds.MAX_REPEAT, kinds.MIN_REPEAT, kinds.POSSESSIVE_REPEAT)

Attack = tuple[str, str, str]
"""What a text begins with, what is repeated after it, and its end."""
_FITS_NOTHING = "\1"


def attacks(pattern: re.Pattern[Any]) -> Iterator[Attack]:
    """What to try on `pattern`; `text_of` makes texts of it."""
    flags = pattern.flags & ~re.UNICODE if isinstance(pattern.pattern, bytes) else pattern.flags
    parsed = parser.parse(pattern.pattern, flags)
    found: dict[Attack, None] = {}
    sets: list[Any] = []
    ends = [_FITS_NOTHING]
    _add(parsed, "", found, sets, ends)
    every = {*_ORDINARY, *(one for node in sets for one in _named(node))}
    held = [{one for one in every if one in characters} for characters in map(_Characters, sets)]
    common = dict.fromkeys(min(a & b) for place, a in enumerate(held) for b in held[:place] if a & b)
    tried = list(found) + [("", one, _FITS_NOTHING) for one in common]
    tried = [(before, piece, end) for end in dict.fromkeys(ends) for before, piece, _ in tried]
    yield from tried[:: 1 + len(tried) // MOST_ATTACKS]


def text_of(attack: Attack, length: int) -> str:
    """The text of an attack, `length` characters long; its end fits nothing."""
    before, piece, end = attack
    return before + piece * (max(0, length - len(before)) // len(piece)) + end


class _Characters:
    """Those that a node for one character matches."""

    def __init__(self, node: Any) -> None:
        self._pattern = re.compile(_as_set(node), re.DOTALL)

    def __contains__(self, one: str) -> bool:
        return self._pattern.match(one) is not None


def _add(sequence: Any, before: str, found: dict[Attack, None], sets: list[Any], ends: list[str]) -> None:
    """Add the attacks of a parsed sequence after the text `before`, its sets and the ends that it must not have."""
    nodes = list(sequence)
    samples: list[str] = []
    places: list[int] = []
    for place, node in enumerate(nodes):  # literals that follow each other are one piece
        if place and node[0] is kinds.LITERAL and nodes[place - 1][0] is kinds.LITERAL:
            samples[-1] += chr(node[1])
            continue
        samples.append(_sample(node))
        places.append(place)
    for first, place in enumerate(places):
        beginning = before + "".join(samples[:first])
        for last in range(first + 1, min(len(samples), first + MOST_NODES) + 1):
            if piece := "".join(samples[first:last]):
                found[("", piece, _FITS_NOTHING)] = found[(beginning, piece, _FITS_NOTHING)] = None
        kind, argument = nodes[place]
        if kind in (kinds.IN, kinds.NOT_LITERAL, kinds.ANY):
            sets.append(nodes[place])
        if kind is kinds.ASSERT_NOT and argument[0] > 0:
            ends.append("".join(map(_sample, argument[1])) + _FITS_NOTHING)
        for inner in _inner(kind, argument):
            _add(inner, beginning, found, sets, ends)


def _named(node: Any) -> Iterator[str]:
    """The characters that a set names; of a range the first and the last."""
    if node[0] is kinds.IN:
        for kind, argument in node[1]:
            yield from map(chr, (argument,) if kind is kinds.LITERAL else argument if kind is kinds.RANGE else ())


def _as_set(node: Any) -> str:
    """A node for one character, as a pattern."""
    kind, argument = node
    if kind is kinds.ANY:
        return "."
    if kind is kinds.NOT_LITERAL:
        return f"[^{re.escape(chr(argument))}]"
    inverted = argument[0][0] is kinds.NEGATE
    return f"[{'^' * inverted}{''.join(map(_written, argument[inverted:]))}]"


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
