"""申诉更正: an approved correction counts as the figure it corrects, before whatever any sheet states.

A correction names its figure by a header of the figure's form: a measure of the output form, an area
of the land form (of the row in force at the end of the correction's span), or an energy carrier (its
consumption). A unit in brackets behind the name holds for the corrected value; without one it is in the
canonical unit.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import locate, problem_rows
from efficiency.reference.tables import carrier_aliases, carrier_form_unit, normalise_name, normalise_unit, units
from schemas import FORMS
from schemas.output import MEASURES

if TYPE_CHECKING:
    from collections.abc import Mapping

AREAS = tuple(column.name for column in FORMS["land"].columns if column.kind == "number")

DECLINED = "不同意"
"""The decision under which a correction is registered and not applied."""

_UNIT = re.compile(r"(.+)\(([^()]+)\)")
_FIELDS = [*(measure.name for measure in MEASURES), *AREAS, "consumption"]
_BLOCKS = {field: block for block, field in enumerate(_FIELDS, start=1)}
"""A corrected row's block names the corrected field: lineage leads to the cell of 更正值 for this field alone."""


@dataclass(frozen=True, slots=True)
class Target:
    """The figure that a stated name means: its form and field, the carrier, and the factor of its unit."""

    form: str
    field: str
    carrier: str | None
    factor: float


@dataclass(frozen=True, slots=True)
class Screened:
    """Approved corrections, the source rows refused, and the problems.

    `rows` has target_form, target, carrier and unit beside the stated columns; new and old are in the
    target's canonical unit, `unit` is the one in which they were stated.
    """

    rows: pl.DataFrame
    rejected: pl.DataFrame
    problems: pl.DataFrame


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


def screen(rows: pl.DataFrame, told: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame) -> Screened:
    """Keep the corrections that are approved, complete and name a known figure.

    `told` names the cells (submission_id, row, field) that reading already refused, so that an empty
    value in such a row is not reported again. A row whose decision cannot be read is not approved; one that a
    later ledger declines is approved no longer.
    """
    targets = _targets(rows["field"].drop_nulls().unique().sort())
    known = rows.join(targets, on="field", how="left", validate="m:1", maintain_order="left")
    incomplete = {
        "field": ("更正指标", pl.col("field").is_null()),
        "new": ("更正值", pl.col("new").is_null()),
        "approved_by": ("审批人", pl.col("approved_by").is_null()),
    }
    unnamed = pl.col("field").is_not_null() & pl.col("target").is_null()
    declined = (pl.col("decision") == DECLINED).fill_null(value=False)
    undecided = told.filter(pl.col("field") == "decision").select(pl.struct("submission_id", "row").alias("at"))["at"]
    unreadable = pl.struct("submission_id", "row").is_in(undecided.implode())
    lacks = pl.any_horizontal(condition for _, condition in incomplete.values())
    same = ["uscc", "target", "carrier", "span_start", "span_end", (pl.col("new") * pl.col("factor")).round(9)]
    declined_last = pl.when(declined).then("precedence").max().over(same)
    revoked = (~declined & ~lacks & (pl.col("precedence") < declined_last)).fill_null(value=False)
    refused = pl.any_horizontal(unnamed, declined, unreadable, lacks, revoked)
    problems = [
        problem_rows(
            rule,
            locate(
                known.filter(condition).with_columns(pl.col(field).alias("value"), pl.lit(field).alias("field")),
                submissions,
                columns,
            ),
        )
        for rule, field, condition in (
            ("correction_field_unknown", "field", unnamed),
            ("correction_declined", "decision", declined),
            ("correction_revoked", "approved_by", revoked),
        )
    ]
    for field, (title, condition) in incomplete.items():
        lacking = known.filter(condition & ~declined).with_columns(pl.lit(field).alias("field"))
        if field == "new":
            lacking = lacking.join(told, on=["submission_id", "row"], how="anti")
        problems.append(
            problem_rows("correction_incomplete", locate(lacking, submissions, columns), {"missing": pl.lit(title)})
        )
    return Screened(
        known.filter(~refused).with_columns(pl.col("new", "old") * pl.col("factor")).drop("factor"),
        known.filter(refused).select("submission_id", "row"),
        pl.concat(problems),
    )


def column_map(columns: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`columns` with the corrected fields of each corrections sheet, standing in its column 更正值."""
    ledgers = submissions.filter(pl.col("form") == "corrections")["submission_id"]
    stated = columns.filter(pl.col("submission_id").is_in(ledgers.implode()) & (pl.col("field") == "new"))
    made = (
        stated.drop("field", "block")
        .join(pl.DataFrame({"field": _FIELDS, "block": [_BLOCKS[field] for field in _FIELDS]}), how="cross")
        .select(columns.columns)
    )
    return pl.concat([columns, made]).unique(["submission_id", "block", "field"], keep="first", maintain_order=True)


def as_output(corrections: pl.DataFrame, above: int) -> pl.DataFrame:
    """Corrections of the output form's measures as rows of that form, each with its one measure.

    Their `precedence` is higher than `above`, the highest of any submission.
    """
    rows = corrections.filter(pl.col("target_form") == "output")
    return rows.select(
        "uscc",
        "name",
        *(pl.when(pl.col("target") == m.name).then(pl.col("new")).alias(m.name) for m in MEASURES),
        "span_start",
        "span_end",
        "submission_id",
        "sheet",
        "row",
        pl.col("target").replace_strict(_BLOCKS, default=0, return_dtype=pl.Int64).alias("block"),
        pl.col("precedence") + above,
    )


def correct_energy(energy: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """`energy` (with `superseded`) with corrected consumptions; what else the corrected row states is kept,
    but not its unit: the cell that counts now is the ledger's.
    """
    rows = (
        corrections.filter(pl.col("target_form") == "energy")
        .drop("field")
        .with_columns(pl.col("new").alias("consumption"))
    )
    key = ["uscc", "carrier", "span_start", "span_end"]
    if rows.is_empty():
        return energy
    made = _corrected(energy, rows, key, "consumption", "unit")
    return pl.concat([_supersede(energy, rows, key), made])


def correct_land(land: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """`land` (with `superseded`) with corrected areas: each replaces that area in the row that is in force at the
    end of its span, so that neither a survey made afterwards nor one long replaced is changed by it.

    Where no area is in force by then, the corrected one stands alone and without a date.
    """
    for area in AREAS:
        rows = corrections.filter((pl.col("target_form") == "land") & (pl.col("target") == area))
        if rows.is_empty():
            continue
        in_force = (
            rows.select("uscc", "span_end")
            .unique()
            .join(land.filter(~pl.col("superseded")).select("uscc", "as_of"), on="uscc", how="inner")
            .filter((pl.col("as_of") <= pl.col("span_end").dt.month_end()).fill_null(value=True))
            .group_by("uscc", "span_end")
            .agg(pl.col("as_of").max())
        )
        key = ["uscc", "as_of"]
        # The last correction of a row's area counts, whichever span it was entered under.
        rows = (
            rows.join(in_force, on=["uscc", "span_end"], how="left", validate="m:1")
            .sort("precedence", "row", descending=True)
            .unique(key, keep="first", maintain_order=True)
            .with_columns(pl.col("new").alias(area))
        )
        made = _corrected(land, rows, key, area)
        land = pl.concat([_supersede(land, rows, key), made])
    return land


def _corrected(facts: pl.DataFrame, rows: pl.DataFrame, key: list[str], field: str, *also: str) -> pl.DataFrame:
    """Make rows of the shape of `facts`: the counting row of `key`, if any, with `field`, `also` and lineage of
    `rows`.
    """
    own = {*key, field, *also, "name", "submission_id", "sheet", "row", "block", "superseded"}
    kept = [column for column in facts.columns if column not in own]
    base = facts.filter(~pl.col("superseded")).select(*key, *kept)
    stated = rows.drop(kept, strict=False).with_columns(
        pl.lit(False).alias("superseded"), pl.lit(_BLOCKS[field], dtype=pl.Int64).alias("block")
    )
    return stated.join(base, on=key, how="left", nulls_equal=True, validate="m:1").select(facts.columns)


def _supersede(facts: pl.DataFrame, rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """`facts` with the rows superseded that share `key` with `rows`."""
    corrected = rows.select(*key, pl.lit(True).alias("_corrected"))
    return (
        facts.join(corrected, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left")
        .with_columns((pl.col("superseded") | pl.col("_corrected").fill_null(False)).alias("superseded"))
        .drop("_corrected")
    )


def _targets(stated: pl.Series) -> pl.DataFrame:
    """One row per distinct stated name that means a figure: field, target_form, target, carrier, factor, unit."""
    found = [(name, find_target(name)) for name in stated]
    return pl.DataFrame(
        [(name, t.form, t.field, t.carrier, t.factor, _stated_unit(name, t)) for name, t in found if t],
        schema={
            "field": pl.String,
            "target_form": pl.String,
            "target": pl.String,
            "carrier": pl.String,
            "factor": pl.Float64,
            "unit": pl.String,
        },
        orient="row",
    )


def _stated_unit(stated: str, target: Target) -> str:
    """The unit of the values of the correction that names `target` so: of the bracket, else the canonical one."""
    text = _folded(stated)
    match = None if _named(text) else _UNIT.fullmatch(text)
    return match[2] if match else _canonical_unit(target)


def _folded(stated: str) -> str:
    return "".join(unicodedata.normalize("NFKC", stated).split())


def _headers() -> Mapping[str, Target]:
    """Folded header → what it names, for the figures that can be corrected."""
    return {
        header.upper(): Target(form, column.name, None, 1.0)
        for form, names in (("land", AREAS), ("output", tuple(m.name for m in MEASURES)))
        for column in FORMS[form].columns
        if column.name in names
        for header in column.headers
    }


def _named(text: str) -> Target | None:
    header = _headers().get(text.upper())
    if header:
        return header
    carrier = carrier_aliases().get(normalise_name(text))
    return Target("energy", "consumption", carrier, 1.0) if carrier else None


def _canonical_unit(target: Target) -> str:
    if target.carrier:
        return carrier_form_unit()[target.carrier]
    return FORMS[target.form].column(target.field).unit or ""
