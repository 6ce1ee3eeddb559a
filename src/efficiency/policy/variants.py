"""Method variants: a policy with the changes of one of its [[variant]] entries, another choice that can be defended.

A change names a key of the policy by its place, e.g. cohort.*.indicator.*.cap, and gives it another value. In a list of
tables `*` means all entries, a text those with that id, list or label. The key is sought in the policy as it was read,
defaults included; of a fixed benchmark only `fixed` is a key, since nothing else may stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from math import isinf
from typing import Any, Final

from pydantic import BaseModel, ValidationError

from efficiency.language import say
from efficiency.policy.expressions import column_names
from efficiency.policy.faults import shape_faults
from efficiency.policy.model import Benchmark, Policy, Variant

Place = tuple[str | int, ...]
"""Keys and positions from the top to a key, e.g. ("cohort", 0, "tiers", "within")."""

_PART: Final = re.compile(r"""\s*(?:"([^"]*+)"|'([^']*+)'|([^.\s"']++))\s*(\.|$)""")
_NAMED_BY: Final = ("id", "list", "label")
"""The keys by which a path names an entry of a list of tables."""
_FIXED: Final = ("id", "variant")
"""Keys that no variant changes: the policy's history and the entries are found by them."""
_UNBOUNDED: Final = {"cap": float("inf"), "floor": float("-inf")}
"""Key → the figure that means none; TOML has no word for it."""
_ONLY_WITH: Final = {"stat": ("quantile", "q"), "electricity": ("equivalent", "equivalent_kgce_per_kwh")}
"""Key → the one value that needs another key, and that key, which any other value takes away."""
_BESIDE: Final = {
    "variant", "source", "valid_from", "tier_names", "notice", "verification", "partners", "surcharge",
    "title", "label", "reason", "unit", "order", "letter",
}  # fmt: skip
"""Keys, at the top and below, on which no tier and no list before its verification depends."""


class VariantError(ValueError):
    """A variant that cannot be used; the message gives the reason and the remedy, without the variant's id."""


def under(policy: Policy, variant: Variant) -> Policy:
    """`policy` with the changes of `variant`, without variants of its own; weights scaled to what they summed to.

    Its expressions are not checked yet. Raises VariantError for a path that matches or changes nothing, for two paths
    to one place, and where what results is no policy.
    """
    places = {path: _matched(policy, path) for path in variant.set}
    _refuse_overlaps(places)
    content: dict[str, Any] = policy.model_dump(exclude_unset=True)
    content.pop("variant", None)
    for path, value in variant.set.items():
        for place in places[path]:
            _put(content, place, _bounded(place[-1], value))
    try:
        changed = _reweighted(policy, Policy.model_validate(content))
    except ValidationError as error:
        first = shape_faults(error)[0]
        raise VariantError(say("makes the policy invalid: {message}", message=first.message)) from None
    for path, own in places.items():
        if all(_at(policy, place) == _at(changed, place) for place in own):
            raise VariantError(
                say("{path!r} changes nothing: that is its value already; give another or remove it", path=path)
            )
    return changed


def method_of(policy: Policy) -> object:
    """What of `policy` statuses, scores, tiers and lists depend on: equal ones give the same results."""
    drawn = any("tier_confidence" in column_names(candidate.when) for candidate in policy.candidate)
    return _without_beside(policy.model_dump(exclude=None if drawn else {"robustness"}))


def _without_beside(node: object) -> object:
    if isinstance(node, dict):
        return {key: _without_beside(value) for key, value in node.items() if key not in _BESIDE}
    return [_without_beside(one) for one in node] if isinstance(node, list | tuple) else node


def _parts(path: str) -> list[str]:
    """The parts of a dotted path, quotes removed; raises VariantError where it has none."""
    found, at = [], 0
    while match := _PART.match(path, at):
        found.append(next(group for group in match.groups()[:3] if group is not None))
        at = match.end()
        if not match[4]:
            return found
    raise VariantError(
        say("{path!r} is no path; write keys with dots between, e.g. cohort.*.indicator.*.cap", path=path)
    )


def _matched(policy: Policy, path: str) -> list[Place]:
    """The places that `path` names; raises VariantError where there are none."""
    parts = _parts(path)
    if parts[-1] in _FIXED or parts[0] in _FIXED:
        raise VariantError(say("{path!r} cannot be changed: evaluations are found by it; remove the path", path=path))
    found = list(_found(policy, parts, ()))
    if not found:
        raise VariantError(say("{path!r} matches nothing in this policy; {hint}", path=path, hint=_hint(policy, parts)))
    return found


def _found(node: object, parts: Sequence[str], at: Place) -> Iterator[Place]:
    part, rest = parts[0], parts[1:]
    if isinstance(node, BaseModel):
        if part in _keys(node):
            yield from _found(getattr(node, part), rest, (*at, part)) if rest else ((*at, part),)
    elif isinstance(node, dict):
        # The names in such a table are free, so that one may be added.
        if not rest:
            yield from ((*at, key) for key in ([*node] if part == "*" else [part]))
    elif isinstance(node, tuple) and rest:
        for i, entry in enumerate(node):
            if isinstance(entry, BaseModel) and (part == "*" or part in _names(entry)):
                yield from _found(entry, rest, (*at, i))


def _keys(node: BaseModel) -> list[str]:
    """The keys that a table may have as it is."""
    keys = [key for key in type(node).model_fields if key != "variant"]
    if isinstance(node, Benchmark):
        return ["fixed"] if node.fixed is not None else [key for key in keys if key != "fixed"]
    return keys


def _names(entry: BaseModel) -> list[str]:
    """What a path may call an entry of a list of tables."""
    return [value for key in _NAMED_BY if isinstance(value := getattr(entry, key, None), str)]


def _hint(node: object, parts: Sequence[str]) -> str:
    """What could stand in place of the first part that fits nowhere."""
    nodes = [node]
    for part in parts:
        known = list(dict.fromkeys(name for one in nodes for name in _choices(one)))
        following = [value for one in nodes for value in _below(one, part)]
        if not following and part not in known:
            near = get_close_matches(part, known, n=1)
            if near:
                return say("for {part!r}, did you mean {near!r}?", part=part, near=near[0])
            return (
                say("{part!r} stands for none of {known}", part=part, known=known[:12])
                if known
                else say("nothing is below {part!r}", part=part)
            )
        nodes = following
    return say("remove the path, or name a key that the policy has")


def _choices(node: object) -> list[str]:
    if isinstance(node, BaseModel):
        return _keys(node)
    if isinstance(node, tuple):
        return ["*", *(name for entry in node if isinstance(entry, BaseModel) for name in _names(entry))]
    return list(node) if isinstance(node, dict) else []


def _below(node: object, part: str) -> list[object]:
    if isinstance(node, BaseModel):
        return [value] if part in _keys(node) and (value := getattr(node, part)) is not None else []
    if isinstance(node, tuple):
        return [one for one in node if isinstance(one, BaseModel) and (part == "*" or part in _names(one))]
    return []


def _put(content: dict[str, Any], place: Place, value: object) -> None:
    """Sets the key at `place` of the policy as TOML gives it, and takes away what only went with its former value."""
    node: Any = content
    for key in place[:-1]:
        node = node[key] if isinstance(key, int) else node.setdefault(key, {})
    key = str(place[-1])
    node[key] = value
    if key in _ONLY_WITH and value != _ONLY_WITH[key][0]:
        node.pop(_ONLY_WITH[key][1], None)


def _bounded(key: str | int, value: object) -> object:
    """`value` with None for a cap or floor that is infinite, also in tables within it."""
    if isinstance(value, dict):
        return {name: _bounded(name, own) for name, own in value.items()}
    if isinstance(value, list):
        return [_bounded("", own) for own in value]
    unbounded = isinstance(value, float) and isinf(value) and _UNBOUNDED.get(str(key)) == value
    return None if unbounded else value


def _refuse_overlaps(places: dict[str, list[Place]]) -> None:
    """Raises VariantError where two paths lead to one place, or one to a place within that of another."""
    taken: dict[Place, str] = {}
    for path, own in places.items():
        for place in own:
            if (other := taken.setdefault(place, path)) != path:
                raise VariantError(
                    say("{path!r} and {other!r} name the same place; keep one of them", path=path, other=other)
                )
    for place, path in taken.items():
        around = [taken[place[:end]] for end in range(1, len(place)) if place[:end] in taken]
        if around:
            raise VariantError(
                say("{path!r} and {around!r} name the same place; keep one of them", path=path, around=around[0])
            )


def _reweighted(policy: Policy, changed: Policy) -> Policy:
    """`changed` with the weights of each cohort scaled to what those of the same cohort of `policy` sum to."""
    sums = {cohort.id: sum(indicator.weight for indicator in cohort.indicator) for cohort in policy.cohort}
    cohorts = []
    for cohort in changed.cohort:
        found = sum(indicator.weight for indicator in cohort.indicator)
        wanted = sums.get(cohort.id, found)
        if isinf(found):
            raise VariantError(
                say("the weights of cohort {id!r} are too large to be added up; give smaller ones", id=cohort.id)
            )
        if found <= 0 or abs(found - wanted) <= 1e-9:  # weights that sum to 0 are refused with the expressions
            cohorts.append(cohort)
            continue
        scaled = tuple(
            indicator.model_copy(update={"weight": indicator.weight * (wanted / found)})
            for indicator in cohort.indicator
        )
        cohorts.append(cohort.model_copy(update={"indicator": scaled}))
    return changed.model_copy(update={"cohort": tuple(cohorts)})


def _at(node: object, place: Place) -> object:
    """The value at `place`; None where there is none."""
    for key in place:
        if isinstance(node, BaseModel):
            node = getattr(node, str(key), None)
        elif isinstance(node, dict):
            node = node.get(key)
        else:
            node = node[key] if isinstance(key, int) and isinstance(node, tuple) and key < len(node) else None
    return node
