"""Messages about a policy file, each with what to write instead: from the errors of tomllib and pydantic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from efficiency.policy import model
from efficiency.policy.limits import MOST_FAULTS
from efficiency.policy.lines import line_of


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a policy file."""

    path: tuple[str | int, ...]
    """Keys and positions of the table or key: see `lines.Path`."""
    message: str
    """What is wrong and what to write instead."""


def report(faults: Sequence[Fault], lines: Mapping[tuple[str | int, ...], int], name: str) -> str:
    """The first MOST_FAULTS faults in the order of their lines, each once, one line of text per fault: file `name`,
    line, message; of further ones their number.
    """
    known = dict(lines)
    placed = sorted({(line_of(fault.path, known), fault.message) for fault in faults})
    shown = [f"{name}, line {line}: {message}" for line, message in placed[:MOST_FAULTS]]
    if len(placed) > MOST_FAULTS:
        shown.append(f"{name}: and {len(placed) - MOST_FAULTS} more faults; mend these first")
    return "\n".join(shown)


def shape_faults(error: ValidationError) -> list[Fault]:
    """The first faults that pydantic found; that a list lacks elements is left out where its elements have faults."""
    found = error.errors(include_url=False)[: 2 * MOST_FAULTS]
    faults = [_shape_fault(dict(item)) for item in found]
    paths = [fault.path for fault in faults]
    return [
        fault
        for fault in faults
        if not any(len(path) > len(fault.path) and path[: len(fault.path)] == fault.path for path in paths)
    ]


def _shape_fault(item: dict[str, Any]) -> Fault:
    """One error of pydantic as a fault."""
    path = tuple(part for part in item["loc"] if not str(part).startswith("<"))
    where = ".".join(str(part) for part in path if not isinstance(part, int)) or "policy"
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        near = get_close_matches(str(path[-1]), _keys_at(path[:-1]), n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"remove it, or use one of {', '.join(_keys_at(path[:-1]))}"
        return Fault(path, f"unknown key {path[-1]!r} in {_table(path[:-1])}; {remedy}")
    if kind == "missing":
        return Fault(path, f"{_table(path[:-1])} lacks the key {path[-1]!r}; add it")
    if kind == "literal_error":
        return Fault(path, f"{where} = {item['input']!r} is not allowed; use {context['expected']}")
    if kind == "value_error":
        message = str(context["error"])
        # The message of a table's own check begins with the key it is about, which has a line of its own.
        about = message.split(" ", maxsplit=1)[0]
        return Fault((*path, about) if about in _keys_at(path) else path, f"{where}: {message}")
    if kind == "too_long":
        return Fault(path, f"{where} has more than {context['max_length']} entries, the most that a policy may have")
    return Fault(path, f"{where} = {_as_toml(item['input'])} is not allowed: {_what_to_write(kind, context, item)}")


def _as_toml(value: object) -> str:
    """`value` as written in TOML, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    written = f'"{value:.80}"' if isinstance(value, str) else f"{value!r:.80}"
    return written if len(written) < 80 else f"{written[:79]}…"


_INSTEAD = {
    **dict.fromkeys(("float_type", "float_parsing"), "write a number, without quotes"),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "write a whole number, e.g. 1000, without quotes"),
    "bool_type": "write true or false, without quotes",
    "string_type": 'write text in quotes, "…"',
    "too_short": "it must not be empty",
    "string_too_short": "write what people are to read; it must not be empty",
    "finite_number": "write a finite number",
    "tuple_type": "write a list in brackets, […]",
    "model_type": "write a table, with a key for each of its settings",
}
"""Type of pydantic's error → what to write."""


def _what_to_write(kind: str, context: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    if kind in _INSTEAD:
        return _INSTEAD[kind]
    if kind == "string_pattern_mismatch":
        if context["pattern"] == model.LETTER:
            return "write one capital letter from E to Z, e.g. T; A to D are tiers"
        marks = "letters, digits and _" if context["pattern"] == model.NAME else "letters, digits, _ . and -"
        return f"it becomes part of names elsewhere: use {marks} only, beginning with a letter, e.g. tax_per_mu"
    if kind == "string_too_long":
        return f"write up to {context['max_length']} characters"
    bounds = {"greater_than_equal": "at least", "greater_than": "greater than", "less_than_equal": "at most"}
    if kind in bounds:
        return f"it must be {bounds[kind]} {next(iter(context.values())):g}"
    return str(item["msg"]).lower()


def not_toml(error: str, name: str) -> str:
    """Tomllib's `error` about the file `name`, with the line in front as in every other fault, and the remedy."""
    reason, _, place = error.partition(" (at ")
    twice = reason.startswith("Cannot")
    remedy = (
        "the same key or table stands twice, or a [[list]] as [table]; keep one"
        if twice
        else "text needs quotes, a table's name [brackets], true and false small letters"
    )
    line, _, column = place.removeprefix("line ").rstrip(")").partition(", column ")
    where = f", line {line}" if line.isdigit() else ""
    return f"{name}{where}: is not TOML: {reason}{f' at column {column}' if column else ''}; {remedy}"


def _table(path: Sequence[str | int]) -> str:
    keys = [str(part) for part in path if not isinstance(part, int)]
    if not keys:
        return "the policy"
    return f"[[{'.'.join(keys)}]]" if isinstance(path[-1], int) else f"[{'.'.join(keys)}]"


_TABLES: dict[str, type[BaseModel]] = {
    "energy": model.Energy, "excluded": model.Excluded, "cohort": model.Cohort, "indicator": model.Indicator,
    "benchmark": model.Benchmark, "tiers": model.Tiers, "cuts": model.Cuts, "adjustment": model.Adjustment,
    "override": model.Override, "candidate": model.Candidate, "robustness": model.Robustness,
    "surcharge": model.Surcharge, "other": model.OtherSurcharge, "verification": model.Verification,
    "partners": model.Partners, "notice": model.Notice,
    "variant": model.Variant,
}  # fmt: skip


def _keys_at(path: Sequence[str | int]) -> list[str]:
    """The keys that the table at `path` may have."""
    names = [part for part in path if isinstance(part, str)]
    return list((_TABLES[names[-1]] if names else model.Policy).model_fields)
