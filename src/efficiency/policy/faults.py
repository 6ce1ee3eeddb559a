"""Messages about a policy file, each with what to write instead: from the errors of tomllib and pydantic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from efficiency.language import joined, say
from efficiency.policy import model
from efficiency.policy.limits import MOST_FAULTS
from efficiency.policy.lines import line_of
from efficiency.policy.values import LETTER, NAME


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
    shown = [
        say("{name}, line {line}: {message}", name=name, line=line, message=message)
        for line, message in placed[:MOST_FAULTS]
    ]
    if len(placed) > MOST_FAULTS:
        more = len(placed) - MOST_FAULTS
        shown.append(say("{name}: and {more} more faults; mend these first", name=name, more=more))
    return joined(shown, "\n")


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
    where = ".".join(str(part) for part in path if not isinstance(part, int)) or say("policy")
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        near = get_close_matches(str(path[-1]), _keys_at(path[:-1]), n=1)
        remedy = (
            say("did you mean {near!r}?", near=near[0])
            if near
            else say("remove it, or use one of {keys_at}", keys_at=list(_keys_at(path[:-1])))
        )
        return Fault(
            path,
            say("unknown key {path!r} in {table}; {remedy}", path=path[-1], table=_table(path[:-1]), remedy=remedy),
        )
    if kind == "missing":
        return Fault(path, say("{table} lacks the key {path!r}; add it", table=_table(path[:-1]), path=path[-1]))
    if kind == "literal_error":
        return Fault(
            path,
            say(
                "{where} = {input!r} is not allowed; use {expected}",
                where=where,
                input=item["input"],
                expected=context["expected"],
            ),
        )
    if kind == "value_error":
        error = context["error"]
        message = error.args[0] if error.args else str(error)
        # The message of a table's own check begins with the key it is about, which has a line of its own.
        about = str(message).split(" ", maxsplit=1)[0]
        return Fault(
            (*path, about) if about in _keys_at(path) else path, say("{where}: {message}", where=where, message=message)
        )
    if kind == "too_long":
        return Fault(
            path,
            say(
                "{where} has more than {max_length} entries, the most that a policy may have",
                where=where,
                max_length=context["max_length"],
            ),
        )
    return Fault(
        path,
        say(
            "{where} = {as_toml} is not allowed: {what_to_write}",
            where=where,
            as_toml=_as_toml(item["input"]),
            what_to_write=_what_to_write(kind, context, item),
        ),
    )


def _as_toml(value: object) -> str:
    """`value` as written in TOML, cut where it is long."""
    if isinstance(value, bool):
        return str(value).lower()
    written = f'"{value:.80}"' if isinstance(value, str) else f"{value!r:.80}"
    return written if len(written) < 80 else f"{written[:79]}…"


_INSTEAD = {
    **dict.fromkeys(("float_type", "float_parsing"), say("write a number, without quotes")),
    **dict.fromkeys(
        ("int_type", "int_parsing", "int_from_float"), say("write a whole number, e.g. 1000, without quotes")
    ),
    "bool_type": say("write true or false, without quotes"),
    "string_type": say('write text in quotes, "…"'),
    "too_short": say("it must not be empty"),
    "string_too_short": say("write what people are to read; it must not be empty"),
    "finite_number": say("write a finite number"),
    "tuple_type": say("write a list in brackets, […]"),
    "model_type": say("write a table, with a key for each of its settings"),
}
"""Type of pydantic's error → what to write."""


def _what_to_write(kind: str, context: Mapping[str, Any], item: Mapping[str, Any]) -> str:
    if kind in _INSTEAD:
        return _INSTEAD[kind]
    if kind == "string_pattern_mismatch":
        if context["pattern"] == LETTER:
            return say("write one capital letter from E to Z, e.g. T; A to D are tiers")
        is_name = context["pattern"] == NAME
        marks = say("letters, digits and _") if is_name else say("letters, digits, _ . and -")
        return say(
            "it becomes part of names elsewhere: use {marks} only, beginning with a letter, e.g. tax_per_mu",
            marks=marks,
        )
    if kind == "string_too_long":
        return say("write up to {max_length} characters", max_length=context["max_length"])
    bounds = {
        "greater_than_equal": say("at least"),
        "greater_than": say("greater than"),
        "less_than_equal": say("at most"),
    }
    if kind in bounds:
        return say("it must be {bound} {figure}", bound=bounds[kind], figure=f"{next(iter(context.values())):g}")
    return str(item["msg"]).lower()


def not_toml(error: str, name: str) -> str:
    """Tomllib's `error` about the file `name`, with the line in front as in every other fault, and the remedy."""
    reason, _, place = error.partition(" (at ")
    twice = reason.startswith("Cannot")
    remedy = (
        say("the same key or table stands twice, or a [[list]] as [table]; keep one")
        if twice
        else say("text needs quotes, a table's name [brackets], true and false small letters")
    )
    line, _, column = place.removeprefix("line ").rstrip(")").partition(", column ")
    where = say("{name}, line {line}", name=name, line=line) if line.isdigit() else name
    at = say("{reason} at column {column}", reason=reason, column=column) if column else reason
    return say("{where}: is not TOML: {reason}; {remedy}", where=where, reason=at, remedy=remedy)


def _table(path: Sequence[str | int]) -> str:
    keys = [str(part) for part in path if not isinstance(part, int)]
    if not keys:
        return say("the policy")
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
