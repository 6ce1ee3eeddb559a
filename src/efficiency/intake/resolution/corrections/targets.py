"""Which figure a correction names: by a header of its form or, of energy, by a carrier's name.

A measure of the output form, an area of the land form, or an energy carrier (its consumption). A unit in brackets
behind the name is that of the corrected value; without one it is in the canonical unit. Which figures may be corrected
is declared in `schemas` (`Column.correctable`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reference.tables import carrier_aliases, carrier_form_unit, normalise_name, normalise_unit, units
from schemas import CORRECTABLE, FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

_UNIT = re.compile(r"(.+)\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class Target:
    """The figure that a stated name means."""

    form: str
    field: str
    carrier: str | None
    """Standard name of the energy carrier, where the figure is a consumption."""
    factor: float
    """Canonical value = stated value × factor."""


def find_target(stated: str) -> Target | None:
    """Find the figure that `stated` names, by a header of its form or a carrier's name; None if there is none.

    A bracket that is neither part of the name nor a unit of the figure's dimension names nothing: a
    unit is never guessed.
    """
    text = _folded(stated)
    named = _named(text)
    if named:
        return Target(named.form, named.field, named.carrier, 1.0)
    match = _UNIT.fullmatch(text)
    named = _named(match[1]) if match else None
    if match is None or named is None:
        return None
    given, kept = units().get(normalise_unit(match[2])), units().get(normalise_unit(_canonical_unit(named)))
    if given is None or kept is None or given.dimension != kept.dimension:
        return None
    return Target(named.form, named.field, named.carrier, given.factor / kept.factor)


def targets(stated: pl.Series) -> pl.DataFrame:
    """One row per distinct stated name that means a figure: field, target_form, target, carrier, factor, unit."""
    found = [(name, find_target(name)) for name in stated]
    texts = dict.fromkeys(("field", "target_form", "target", "carrier"), pl.String)
    return pl.DataFrame(
        [(name, t.form, t.field, t.carrier, t.factor, _stated_unit(name, t)) for name, t in found if t],
        schema={**texts, "factor": pl.Float64, "unit": pl.String},
        orient="row",
    )


def _stated_unit(stated: str, target: Target) -> str:
    """The unit in which a correction that names its `target` so is stated: that in brackets, else the canonical one."""
    text = _folded(stated)
    match = None if _named(text) else _UNIT.fullmatch(text)
    return match[2] if match else _canonical_unit(target)


def _folded(stated: str) -> str:
    """`stated` as headers are compared: NFKC without white space."""
    return "".join(unicodedata.normalize("NFKC", stated).split())


def _headers() -> Mapping[str, Target]:
    """Folded header → what it names, for the figures that are named by a header."""
    return {
        header.upper(): Target(form.id, column.name, None, 1.0)
        for form, column in CORRECTABLE
        if form.named_by is None
        for header in column.headers
    }


def _named(text: str) -> Target | None:
    """The figure that a folded name without a unit means; None if there is none."""
    header = _headers().get(text.upper())
    if header:
        return header
    carrier = carrier_aliases().get(normalise_name(text))
    return Target("energy", "consumption", carrier, 1.0) if carrier else None


def _canonical_unit(target: Target) -> str:
    if target.carrier:
        return carrier_form_unit()[target.carrier]
    return FORMS[target.form].column(target.field).unit or ""
