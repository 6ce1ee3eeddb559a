"""Loads a policy by its id or file: returns a checked `Policy`, or raises every fault of it, each with its line.

Every fault of a policy that could make a run fail halfway is found here: keys, values, weights, cuts, columns,
cohorts that never match, texts of lists.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from hashlib import sha256
from importlib import resources
from pathlib import Path
from string import Formatter

import polars as pl
from pydantic import ValidationError

from efficiency.errors import UsageError
from efficiency.language import say
from efficiency.policy import expressions, model
from efficiency.policy.expressions import ExpressionError
from efficiency.policy.faults import Fault, not_toml, report, shape_faults
from efficiency.policy.formulas import formula_of
from efficiency.policy.limits import LONGEST_LINE, MOST_BYTES
from efficiency.policy.lines import key_lines
from efficiency.policy.reach import unreachable
from efficiency.policy.variants import VariantError, method_of, under
from efficiency.reference.tables import carrier_aliases, carrier_kind, normalise_name
from schemas.energy import TOTAL_CARRIER

_BUILTIN = resources.files("efficiency.policy") / "builtin"


class PolicyError(UsageError):
    """A policy that cannot be used: one line per fault, each with the line of the file and the remedy."""


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
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
        if len(content) > MOST_BYTES:
            raise PolicyError(_too_large(id_or_path))
        text = content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(
            say(
                "{id_or_path}: cannot be read ({error}); save the policy as UTF-8 text",
                id_or_path=id_or_path,
                error=error,
            )
        ) from None
    return parse_policy(text, name=str(id_or_path))


@lru_cache(maxsize=16)
def parse_policy(text: str, name: str = "policy.toml") -> model.Policy:
    """The policy in the TOML `text`, checked and not to be changed; errors call the file `name`.

    Raises PolicyError with every fault found.
    """
    if len(text.encode("utf-8")) > MOST_BYTES:
        raise PolicyError(_too_large(name))
    long = next((number for number, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST_LINE), None)
    if long is not None:
        raise PolicyError(
            say(
                "{name}, line {long}: is longer than {longest_line} characters; break or shorten it",
                name=name,
                long=long,
                longest_line=LONGEST_LINE,
            )
        )
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError(not_toml(str(error), name)) from None
    except ValueError:
        raise PolicyError(
            say("{name}: holds a whole number of thousands of digits; write a smaller one", name=name)
        ) from None
    except RecursionError:
        raise PolicyError(
            say("{name}: its brackets are nested too deeply; a policy needs no more than three", name=name)
        ) from None
    lines = key_lines(text)
    try:
        policy = model.Policy.model_validate(content)
    except ValidationError as error:
        raise PolicyError(report(shape_faults(error), lines, name)) from None
    # Parts without effect are looked for only where every condition is sound by itself.
    if faults := list(_faults(policy)) or list(_without_effect(policy)):
        raise PolicyError(report(faults, lines, name))
    varied, faults = _varied(policy)
    if faults:
        raise PolicyError(report(faults, lines, name))
    policy._varied = varied
    policy._text = text
    policy._sha256 = sha256(text.encode("utf-8")).hexdigest()
    return policy


def _too_large(name: str) -> str:
    return say(
        "{name}: is larger than {most_bytes} kB; a policy takes some ten, so name the file that is one",
        name=name,
        most_bytes=MOST_BYTES // 1024,
    )


def _builtin_ids() -> list[str]:
    found = sorted(entry.name.removesuffix(".toml") for entry in _BUILTIN.iterdir() if entry.name.endswith(".toml"))
    return sorted(found, key=lambda id_: id_ != "zibo-jkq")


def _not_found(asked: str) -> str:
    near = get_close_matches(asked, _builtin_ids(), n=1)
    hint = (
        say("did you mean {near!r}?", near=near[0])
        if near
        else say("built-in: {builtin_ids}", builtin_ids=_builtin_ids())
    )
    return say("no policy {asked!r}: it is neither a built-in id nor a file; {hint}", asked=asked, hint=hint)


_OF_TIERS = {"tier", "tier_initial", "land_tier", "energy_tier", "d_streak", "tier_confidence", "agreement"}
"""Columns that are null without cuts."""


def _faults(policy: model.Policy) -> Iterator[Fault]:
    """Faults that take the text, other keys or the expressions to find."""
    scored = expressions.candidate_columns(policy.indicator_ids)
    yield from _energy_faults(policy.energy)
    for i, excluded in enumerate(policy.excluded):
        yield from _expression(("excluded", i, "when"), excluded.when, scored)
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
    lists = {candidate.list for candidate in policy.candidate}
    for i, verification in enumerate(policy.verification):
        verifying = expressions.verification_columns(policy.indicator_ids)
        yield from _expression(("verification", i, "when"), verification.when, scored, columns=verifying)
        same = [other for other in policy.verification[:i] if other.label == verification.label]
        if any(set(other.lists) & set(verification.lists) for other in same):
            yield Fault(
                ("verification", i, "label"),
                say(
                    "label {label!r} stands twice for one list; give each verification its own",
                    label=verification.label,
                ),
            )
        for name in sorted(set(verification.lists) - lists):
            known = sorted(lists) or say("none yet")
            yield Fault(
                ("verification", i, "lists"),
                say(
                    "lists names {name!r}, which no [[candidate]] makes; use one of its lists ({known})",
                    name=name,
                    known=known,
                ),
            )
    yield from _expression(("partners", "where"), policy.partners.where, scored, columns=scored)
    for i, other in enumerate(policy.surcharge.other if policy.surcharge else ()):
        yield from _expression(("surcharge", "other", i, "when"), other.when, scored, columns=scored)


def _without_effect(policy: model.Policy) -> Iterator[Fault]:
    """Parts of a sound policy that can never have an effect."""
    for i, why in unreachable(policy.cohort, policy.excluded):
        yield Fault(("cohort", i, "where"), why)
    yield from _needs_tiers(policy)


def _varied(policy: model.Policy) -> tuple[tuple[model.Policy, ...], list[Fault]]:
    """The policy under each of its variants, and the faults of those that cannot be used."""
    policies: list[model.Policy] = []
    faults = list(_duplicates([variant.id for variant in policy.variant], ("variant",)))
    faults += _duplicates([variant.title for variant in policy.variant], ("variant",), "title")
    methods: dict[str, object] = {}
    for i, variant in enumerate(policy.variant):
        try:
            changed = under(policy, variant)
            reached = (changed.cohort, changed.excluded) != (policy.cohort, policy.excluded)
            if found := list(_faults(changed)) or list(_without_effect(changed) if reached else _needs_tiers(changed)):
                raise VariantError(say("makes the policy invalid: {message}", message=found[0].message))
            method = method_of(changed)
            if same := next((id_ for id_, other in methods.items() if other == method), None):
                raise VariantError(
                    say("is the same method as variant {same!r} and would count twice; keep one of them", same=same)
                )
            methods[variant.id] = method
            policies.append(changed)
        except VariantError as error:
            faults.append(Fault(("variant", i, "set"), say("variant {id!r}: {error}", id=variant.id, error=error)))
    return tuple(policies), faults


def _energy_faults(energy: model.Energy) -> Iterator[Fault]:
    """Coefficients that would have no effect: they apply by the carrier's standard name, and not to electricity."""
    known = set(carrier_kind()) - {TOTAL_CARRIER}
    for name in energy.coefficients:
        if carrier_kind().get(name) == "electricity":
            yield Fault(
                ("energy", "coefficients", name),
                say(
                    "[energy.coefficients]: {name!r} is electricity, of which one basis holds for all; set electricity "
                    '= "calorific", or "equivalent" with equivalent_kgce_per_kwh, in [energy]',
                    name=name,
                ),
            )
            continue
        if name in known:
            continue
        if standard := carrier_aliases().get(normalise_name(name)):
            remedy = say("write its standard name {standard!r}", standard=standard)
        else:
            near = get_close_matches(name, known, n=1, cutoff=0.4)
            remedy = (
                say("did you mean {near!r}?", near=near[0])
                if near
                else say("use a standard name of the carriers table")
            )
        yield Fault(
            ("energy", "coefficients", name),
            say("[energy.coefficients]: {name!r} is no carrier's standard name; {remedy}", name=name, remedy=remedy),
        )


def _cohort_faults(
    cohort: model.Cohort, path: tuple[str | int, ...], scored: Mapping[str, pl.DataType], *, sum_to_100: bool
) -> Iterator[Fault]:
    yield from _expression((*path, "where"), cohort.where, scored)
    yield from _expression((*path, "factor"), cohort.factor, scored, number=True)
    yield from _duplicates([indicator.id for indicator in cohort.indicator], (*path, "indicator"))
    total = sum(indicator.weight for indicator in cohort.indicator)
    if total <= 0:
        yield Fault(path, say("the weights of cohort {id!r} sum to 0; give its indicators weights", id=cohort.id))
    elif sum_to_100 and abs(total - 100) > 1e-6:
        yield Fault(
            path,
            say(
                "the weights of cohort {id!r} sum to {total}, not 100; mend them, or say weights_sum = false if "
                "the method means it",
                id=cohort.id,
                total=f"{total:g}",
            ),
        )
    for i, indicator in enumerate(cohort.indicator):
        at = (*path, "indicator", i)
        if (clash := f"value_{indicator.id}".lower()) in expressions.PROFILE_COLUMNS:
            yield Fault(
                (*at, "id"),
                say(
                    "indicator id {id!r} would hide the profile's column {clash!r}; choose another",
                    id=indicator.id,
                    clash=clash,
                ),
            )
        yield from _expression((*at, "numerator"), indicator.numerator, scored, number=True)
        yield from _expression((*at, "denominator"), indicator.denominator, scored, number=True)
        if indicator.benchmark is not None:
            yield from _group_faults(indicator.benchmark.within, (*at, "benchmark", "within"))
        elif formula_of(cohort).uses_benchmark:
            yield Fault(
                at,
                say(
                    'indicator {id!r} has no benchmark, which formula = "{formula}" needs; add benchmark = {{ fixed = '
                    "… }} or {{ stat = … }}",
                    id=indicator.id,
                    formula=cohort.formula,
                ),
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
        yield Fault(path, say("{key}: {error}", key=path[-1], error=error))


def _group_faults(within: Sequence[str], path: tuple[str | int, ...]) -> Iterator[Fault]:
    """Names in `within` that are no text or yes/no column of the profile."""
    groupable = [name for name, dtype in expressions.PROFILE_COLUMNS.items() if dtype in (pl.String(), pl.Boolean())]
    for name in within:
        if name not in groupable:
            near = get_close_matches(name, groupable, n=1)
            remedy = (
                say("did you mean {near!r}?", near=near[0])
                if near
                else say("use e.g. industry_division, industry, town, chain")
            )
            yield Fault(
                path,
                say(
                    "within names {name!r}, by which enterprises cannot be grouped; {remedy}", name=name, remedy=remedy
                ),
            )


def _needs_tiers(policy: model.Policy) -> Iterator[Fault]:
    """Overrides, lists and surcharges that need a tier where no cohort has cuts."""
    if any(cohort.tiers is not None for cohort in policy.cohort):
        return
    remedy = say("but no cohort has [cohort.tiers], so nobody has a tier; add the cuts")
    for i, override in enumerate(policy.override):
        if override.effect:
            yield Fault(
                ("override", i),
                say("override {label!r} moves a tier, {remedy} or remove it", label=override.label, remedy=remedy),
            )
    for key, conditions in (
        ("candidate", [rule.when for rule in policy.candidate]),
        ("verification", [rule.when for rule in policy.verification]),
    ):
        for i, when in enumerate(conditions):
            for name in sorted(expressions.column_names(when) & _OF_TIERS):
                yield Fault(
                    (key, i, "when"),
                    say("when: {when!r} asks for {name}, {remedy}", when=when, name=name, remedy=remedy),
                )
    if policy.surcharge is not None:
        yield Fault(("surcharge",), say("[surcharge] goes by the time in D, {remedy} or remove it", remedy=remedy))


def _duplicates(ids: Sequence[str], path: tuple[str | int, ...], key: str = "id") -> Iterator[Fault]:
    for i, id_ in enumerate(ids):
        # Compared without case: value_<id> becomes a column, and column names of DuckDB ignore case.
        if id_.lower() in [other.lower() for other in ids[:i]]:
            yield Fault(
                (*path, i, key),
                say("{table} {key} {id!r} occurs twice; give each its own", table=path[-1], key=key, id=id_),
            )


def _reason_faults(reason: str, path: tuple[str | int, ...], columns: Mapping[str, pl.DataType]) -> Iterator[Fault]:
    """Braces in a reason that hold no column of `columns`, or a format."""
    try:
        parts = list(Formatter().parse(reason))
    except ValueError as error:
        yield Fault(
            path,
            say(
                "reason {reason!r} has unpaired braces ({error}); write {{column}}, or {{{{ for a brace",
                reason=reason,
                error=error,
            ),
        )
        return
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if spec or conversion:
            yield Fault(
                path, say("reason: {{{name}}} takes no format; figures are written with up to two decimals", name=name)
            )
        elif name not in columns:
            near = get_close_matches(name, columns, n=1)
            remedy = say("did you mean {{{near}}}?", near=near[0]) if near else say("use a column of the profile")
            yield Fault(path, say("reason: {{{name}}} is no column; {remedy}", name=name, remedy=remedy))
