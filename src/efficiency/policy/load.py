"""From a policy's id or file to a checked `Policy`, or to every reason why it cannot be used, each with its line.

Everything that could fail halfway through a run for a reason that stands in the policy is found here:
keys, values, weights, cuts, columns, cohorts that never match, list texts.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

import polars as pl
from pydantic import BaseModel, ValidationError

from efficiency.errors import UsageError
from efficiency.policy import expressions, model
from efficiency.policy.expressions import ExpressionError
from efficiency.policy.lines import key_lines, line_of
from efficiency.reference.tables import carrier_aliases, carrier_kind, normalise_name
from schemas.energy import TOTAL_CARRIER

_BUILTIN = resources.files("efficiency.policy") / "builtin"


class PolicyError(UsageError):
    """A policy that cannot be used: one line per fault, each with the line of the file and the remedy."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: where in the policy it stands, and what to do."""

    path: tuple[str | int, ...]
    message: str


def builtin_policies() -> list[tuple[str, str]]:
    """(id, title) of every built-in policy, the default one first."""
    return [(id_, str(tomllib.loads(builtin_text(id_))["title"])) for id_ in _builtin_ids()]


def builtin_text(policy_id: str) -> str:
    """The commented TOML of a built-in policy, to read or to copy and edit; PolicyError when there is none."""
    if policy_id not in _builtin_ids():
        raise PolicyError(_not_found(policy_id))
    return (_BUILTIN / f"{policy_id}.toml").read_text(encoding="utf-8")


def load_policy(id_or_path: str) -> model.Policy:
    """The built-in policy of that id, or the one in that file. Raises PolicyError with every fault found."""
    if id_or_path in _builtin_ids():
        return parse_policy(builtin_text(id_or_path), name=f"{id_or_path}.toml")
    path = Path(id_or_path)
    if not path.is_file():
        raise PolicyError(_not_found(id_or_path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{id_or_path}: cannot be read ({error}); save the policy as UTF-8 text") from None
    return parse_policy(text, name=str(id_or_path))


def parse_policy(text: str, name: str = "policy.toml") -> model.Policy:
    """The policy that `text` states; `name` is what errors call the file."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(f"{name}: is not TOML: {error}; strings need quotes, tables [brackets]") from None
    lines = key_lines(text)
    try:
        policy = model.Policy.model_validate(content)
    except ValidationError as error:
        raise PolicyError(_report(_shape_faults(error), lines, name)) from None
    if faults := list(_faults(policy)):
        raise PolicyError(_report(faults, lines, name))
    policy._text = text
    policy._sha256 = sha256(text.encode("utf-8")).hexdigest()
    return policy


def _builtin_ids() -> list[str]:
    found = sorted(entry.name.removesuffix(".toml") for entry in _BUILTIN.iterdir() if entry.name.endswith(".toml"))
    return sorted(found, key=lambda id_: id_ != "zibo-jkq")


def _not_found(asked: str) -> str:
    near = get_close_matches(asked, _builtin_ids(), n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"built-in: {', '.join(_builtin_ids())}"
    return f"no policy {asked!r}: it is neither a built-in id nor a file; {hint}"


def _report(faults: Sequence[Fault], lines: Mapping[tuple[str | int, ...], int], name: str) -> str:
    """All faults in the order of their lines, each once."""
    placed = sorted({(line_of(fault.path, dict(lines)), fault.message) for fault in faults})
    return "\n".join(f"{name}, line {line}: {message}" for line, message in placed)


def _shape_faults(error: ValidationError) -> list[Fault]:
    """What pydantic found; that a list lacks elements is left out where its elements' own faults are told."""
    faults = [_shape_fault(dict(item)) for item in error.errors()]
    paths = [fault.path for fault in faults]
    return [
        fault
        for fault in faults
        if not any(len(path) > len(fault.path) and path[: len(fault.path)] == fault.path for path in paths)
    ]


def _shape_fault(item: dict[str, Any]) -> Fault:
    """What pydantic found, in words that say what to write."""
    path = tuple(item["loc"])
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
        # A table's own check begins with the key it is about, which has a line of its own.
        about = message.split(" ", maxsplit=1)[0]
        return Fault((*path, about) if about in _keys_at(path) else path, f"{where}: {message}")
    return Fault(path, f"{where} = {item['input']!r} is not allowed: {item['msg'].lower()}")


def _table(path: Sequence[str | int]) -> str:
    keys = [str(part) for part in path if not isinstance(part, int)]
    if not keys:
        return "the policy"
    return f"[[{'.'.join(keys)}]]" if isinstance(path[-1], int) else f"[{'.'.join(keys)}]"


_TABLES: dict[str, type[BaseModel]] = {
    "energy": model.Energy, "excluded": model.Excluded, "cohort": model.Cohort, "indicator": model.Indicator,
    "benchmark": model.Benchmark, "tiers": model.Tiers, "cuts": model.Cuts, "adjustment": model.Adjustment,
    "override": model.Override, "candidate": model.Candidate, "robustness": model.Robustness,
}  # fmt: skip


def _keys_at(path: Sequence[str | int]) -> list[str]:
    """The keys that the table at `path` may have."""
    names = [part for part in path if isinstance(part, str)]
    return list((_TABLES[names[-1]] if names else model.Policy).model_fields)


def _faults(policy: model.Policy) -> Iterator[Fault]:
    """What no key can tell about itself alone."""
    scored = expressions.candidate_columns(policy.indicator_ids)
    yield from _energy_faults(policy.energy)
    for i, excluded in enumerate(policy.excluded):
        yield from _expression(("excluded", i, "when"), excluded.when, scored)
    yield from _unreachable_cohorts(policy.cohort)
    yield from _duplicates([cohort.id for cohort in policy.cohort], ("cohort",))
    for i, cohort in enumerate(policy.cohort):
        yield from _cohort_faults(cohort, ("cohort", i), scored, sum_to_100=policy.weights_sum and cohort.weights_sum)
    for i, adjustment in enumerate(policy.adjustment):
        yield from _expression(("adjustment", i, "when"), adjustment.when, scored)
    override_columns = expressions.scored_columns(policy.indicator_ids)
    for i, override in enumerate(policy.override):
        yield from _expression(("override", i, "when"), override.when, scored, columns=override_columns)
    for i, candidate in enumerate(policy.candidate):
        yield from _expression(("candidate", i, "when"), candidate.when, scored, columns=scored)
        yield from _reason_faults(candidate.reason, ("candidate", i, "reason"), scored)


def _energy_faults(energy: model.Energy) -> Iterator[Fault]:
    """Coefficients are looked up by the carrier's standard name, so an alias would silently do nothing."""
    known = set(carrier_kind()) - {TOTAL_CARRIER}
    for name in energy.coefficients:
        if name in known:
            continue
        if standard := carrier_aliases().get(normalise_name(name)):
            remedy = f"write its standard name {standard!r}"
        else:
            near = get_close_matches(name, known, n=1, cutoff=0.4)
            remedy = f"did you mean {near[0]!r}?" if near else "use a standard name of the carriers table"
        yield Fault(
            ("energy", "coefficients", name), f"[energy.coefficients]: {name!r} is no carrier's standard name; {remedy}"
        )


def _cohort_faults(
    cohort: model.Cohort, path: tuple[str | int, ...], scored: Mapping[str, pl.DataType], *, sum_to_100: bool
) -> Iterator[Fault]:
    yield from _expression((*path, "where"), cohort.where, scored)
    yield from _expression((*path, "factor"), cohort.factor, scored, number=True)
    yield from _duplicates([indicator.id for indicator in cohort.indicator], (*path, "indicator"))
    total = sum(indicator.weight for indicator in cohort.indicator)
    if total <= 0:
        yield Fault(path, f"the weights of cohort {cohort.id!r} sum to 0; give its indicators weights")
    elif sum_to_100 and abs(total - 100) > 1e-6:
        yield Fault(
            path,
            f"the weights of cohort {cohort.id!r} sum to {total:g}, not 100; "
            "mend them, or say weights_sum = false if the method means it",
        )
    for i, indicator in enumerate(cohort.indicator):
        at = (*path, "indicator", i)
        if (clash := f"value_{indicator.id}".lower()) in expressions.PROFILE_COLUMNS:
            yield Fault(
                (*at, "id"), f"indicator id {indicator.id!r} would hide the profile's column {clash!r}; choose another"
            )
        yield from _expression((*at, "numerator"), indicator.numerator, scored, number=True)
        yield from _expression((*at, "denominator"), indicator.denominator, scored, number=True)
        if indicator.benchmark is not None:
            yield from _group_faults(indicator.benchmark.within, (*at, "benchmark", "within"))
        elif cohort.formula == "ratio":
            yield Fault(
                at,
                f'indicator {indicator.id!r} has no benchmark, which formula = "ratio" needs; '
                "add benchmark = { fixed = … } or { stat = … }",
            )
    if cohort.tiers is not None:
        yield from _group_faults(cohort.tiers.within, (*path, "tiers", "within"))


def _expression(
    path: tuple[str | int, ...],
    text: str,
    scored: Mapping[str, pl.DataType],
    *,
    columns: Mapping[str, pl.DataType] = expressions.PROFILE_COLUMNS,
    number: bool = False,
) -> Iterator[Fault]:
    check = expressions.check_scalar if number else expressions.check_predicate
    try:
        check(text, columns, scored=scored)
    except ExpressionError as error:
        yield Fault(path, f"{path[-1]}: {error}")


def _group_faults(within: Sequence[str], path: tuple[str | int, ...]) -> Iterator[Fault]:
    """Groups are formed by text and yes/no columns of the profile."""
    groupable = [name for name, dtype in expressions.PROFILE_COLUMNS.items() if dtype in (pl.String(), pl.Boolean())]
    for name in within:
        if name not in groupable:
            near = get_close_matches(name, groupable, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else "use e.g. industry_division, industry, town, chain"
            yield Fault(path, f"within names {name!r}, by which enterprises cannot be grouped; {remedy}")


def _unreachable_cohorts(cohorts: Sequence[model.Cohort]) -> Iterator[Fault]:
    """Cohorts that no enterprise can ever be in."""
    earlier: dict[str, str] = {}
    for i, cohort in enumerate(cohorts):
        try:
            condition = expressions.canonical(cohort.where)
        except ExpressionError:
            continue  # reported where the expression itself is checked
        path = ("cohort", i, "where")
        if condition in ("FALSE", "NULL"):
            yield Fault(
                path, f"cohort {cohort.id!r} can never match: {cohort.where!r} is always false; mend or remove it"
            )
        elif condition in earlier:
            yield Fault(
                path,
                f"cohort {cohort.id!r} can never match: cohort {earlier[condition]!r} before it has the same "
                "condition and takes all; change one of them",
            )
        elif "TRUE" in earlier:
            yield Fault(
                path,
                f"cohort {cohort.id!r} can never match: cohort {earlier['TRUE']!r} before it takes every "
                "enterprise; put it last",
            )
        earlier.setdefault(condition, cohort.id)


def _duplicates(ids: Sequence[str], path: tuple[str | int, ...]) -> Iterator[Fault]:
    for i, id_ in enumerate(ids):
        # Compared without case: value_<id> becomes a column, and DuckDB's column names know no case.
        if id_.lower() in [other.lower() for other in ids[:i]]:
            yield Fault((*path, i, "id"), f"{path[-1]} id {id_!r} occurs twice; give each its own")


def _reason_faults(reason: str, path: tuple[str | int, ...], columns: Mapping[str, pl.DataType]) -> Iterator[Fault]:
    """{column} in a reason must name a column, plainly."""
    try:
        parts = list(Formatter().parse(reason))
    except ValueError as error:
        yield Fault(path, f"reason {reason!r} has unpaired braces ({error}); write {{column}}, or {{{{ for a brace")
        return
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if spec or conversion:
            yield Fault(path, f"reason: {{{name}}} takes no format; figures are written with up to two decimals")
        elif name not in columns:
            near = get_close_matches(name, columns, n=1)
            remedy = f"did you mean {{{near[0]}}}?" if near else "use a column of the profile"
            yield Fault(path, f"reason: {{{name}}} is no column; {remedy}")
