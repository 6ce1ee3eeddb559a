"""申诉更正: an approved correction counts as the figure it corrects, before whatever any sheet states.

A correction names its figure by a header of the figure's form: a measure of the output form, an area of the land form
(of the row in force at the end of the correction's span), or an energy carrier (its consumption). A unit in brackets
behind the name is that of the corrected value; without one it is in the canonical unit. Which figures may be corrected
is declared in `schemas` (`Column.correctable`).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import locate, problem_rows
from efficiency.parts import has_parts, whole
from efficiency.reference.tables import carrier_aliases, carrier_form_unit, normalise_name, normalise_unit, units
from schemas import CORRECTABLE, FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas import Form

DECLINED = "不同意"
"""The decision under which a correction is registered and not applied."""

_UNIT = re.compile(r"(.+)\(([^()]+)\)")
_BLOCKS = {column.name: block for block, (_, column) in enumerate(CORRECTABLE, start=1)}
"""A corrected row's block names the corrected field: lineage leads to the cell of 更正值 for this field alone."""


@dataclass(frozen=True, slots=True)
class Target:
    """The figure that a stated name means."""

    form: str
    field: str
    carrier: str | None
    """Standard name of the energy carrier, where the figure is a consumption."""
    factor: float
    """Canonical value = stated value × factor."""


@dataclass(frozen=True, slots=True)
class Screened:
    """Approved corrections, and what became of the others."""

    rows: pl.DataFrame
    """The stated columns with target_form, target (field), carrier and unit; new and old are in the target's canonical
    unit, `unit` is the one in which they were stated."""
    rejected: pl.DataFrame
    """Source rows: submission_id, row."""
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


def screen(
    rows: pl.DataFrame, refused_cells: pl.DataFrame, submissions: pl.DataFrame, columns: pl.DataFrame
) -> Screened:
    """Keep the corrections that are approved, complete and name a known figure.

    `rows`: matched rows of the form, with `precedence`. `refused_cells` are the cells (submission_id, row, field) that
    reading refused, so that an empty value in such a row is not reported again. A row whose decision cannot be read is
    not approved; one that a later ledger declines is approved no longer.
    """
    targets = _targets(rows["field"].drop_nulls().unique().sort())
    named = rows.join(targets, on="field", how="left", validate="m:1", maintain_order="left")
    incomplete = {
        "field": ("更正指标", pl.col("field").is_null()),
        "new": ("更正值", pl.col("new").is_null()),
        "approved_by": ("审批人", pl.col("approved_by").is_null()),
    }
    unnamed = pl.col("field").is_not_null() & pl.col("target").is_null()
    declined = (pl.col("decision") == DECLINED).fill_null(value=False)
    undecided = refused_cells.filter(pl.col("field") == "decision").select(
        pl.struct("submission_id", "row").alias("at")
    )["at"]
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
                named.filter(condition).with_columns(pl.col(field).alias("value"), pl.lit(field).alias("field")),
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
        lacking = named.filter(condition & ~declined).with_columns(pl.lit(field).alias("field"))
        if field == "new":
            lacking = lacking.join(refused_cells, on=["submission_id", "row"], how="anti")
        problems.append(
            problem_rows("correction_incomplete", locate(lacking, submissions, columns), {"missing": pl.lit(title)})
        )
    return Screened(
        named.filter(~refused).with_columns(pl.col("new", "old") * pl.col("factor")).drop("factor"),
        named.filter(refused).select("submission_id", "row"),
        pl.concat(problems),
    )


def column_map(columns: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`columns` (shape COLUMN_MAP) with a row per corrected field of each corrections sheet: its column 更正值."""
    ledgers = submissions.filter(pl.col("form") == "corrections")["submission_id"]
    stated = columns.filter(pl.col("submission_id").is_in(ledgers.implode()) & (pl.col("field") == "new"))
    made = (
        stated.drop("field", "block")
        .join(pl.DataFrame({"field": list(_BLOCKS), "block": list(_BLOCKS.values())}), how="cross")
        .select(columns.columns)
    )
    return pl.concat([columns, made]).unique(["submission_id", "block", "field"], keep="first", maintain_order=True)


def add_figures(form: Form, rows: pl.DataFrame, corrections: pl.DataFrame, above: int) -> pl.DataFrame:
    """`rows` of `form` and, where its figures are replaced one by one, a row with the one figure of each correction.

    The `precedence` of those added is higher than `above`, the highest of any submission.
    """
    if form.replaces != "figure":
        return rows
    added = corrections.filter(pl.col("target_form") == form.id).select(
        pl.when(pl.col("target") == name).then(pl.col("new")).alias(name)
        if name in form.correctable
        else _block().alias(name)
        if name == "block"
        else pl.col(name) + above
        if name == "precedence"
        else pl.lit(None, dtype=pl.String).alias(name)
        if name == "part"
        else name
        for name in rows.columns
    )
    return pl.concat([rows, added])


def correct_rows(form: Form, facts: pl.DataFrame, corrections: pl.DataFrame) -> pl.DataFrame:
    """`facts` of `form` (with `superseded`) with corrected figures, where rows are replaced as a whole.

    A corrected row replaces the one it corrects and keeps what else that states, but for the unit of the row, since
    the cell that counts now is the ledger's. Of a form whose rows are in force from a date on, the row is corrected
    that is in force at the end of the correction's span, so that neither a row dated afterwards nor one replaced before
    is changed; where none is in force by then, the corrected one has no date.
    """
    if form.replaces != "row":
        return facts
    key = list(form.statement_key)
    for field in form.correctable:
        rows = corrections.filter((pl.col("target_form") == form.id) & (pl.col("target") == field))
        if rows.is_empty():
            continue
        if form.in_force_from:
            rows = _of_rows_in_force(facts, rows, form.in_force_from, key)
        parts = _parts_without(facts, rows, form, field)
        whole_rows = facts.join(parts.select(key).unique(), on=key, how="anti", nulls_equal=True)
        of_parts = rows.join(parts.select(key).unique(), on=key, how="semi", nulls_equal=True)
        corrected = [
            _corrected(whole_rows, some.drop("field").with_columns(pl.col("new").alias(field)), form, field, part)
            for some, part in (
                (rows.join(of_parts, on=["submission_id", "row"], how="anti"), None),
                (of_parts, f"更正{form.column(field).title}"),
            )
        ]
        facts = pl.concat([_supersede(facts, rows, key), parts, *corrected])
    return facts


def _of_rows_in_force(facts: pl.DataFrame, rows: pl.DataFrame, since: str, key: list[str]) -> pl.DataFrame:
    """Corrections with the date `since` of the row of `facts` that each corrects: the last one for each row."""
    in_force = (
        rows.select("uscc", "span_end")
        .unique()
        .join(facts.filter(~pl.col("superseded")).select("uscc", since), on="uscc", how="inner")
        .filter((pl.col(since) <= pl.col("span_end").dt.month_end()).fill_null(value=True))
        .group_by("uscc", "span_end")
        .agg(pl.col(since).max())
    )
    # The last correction of a row counts, whichever span it was entered under.
    return (
        rows.join(in_force, on=["uscc", "span_end"], how="left", validate="m:1")
        .sort("precedence", "row", descending=True)
        .unique(key, keep="first", maintain_order=True)
    )


def _block() -> pl.Expr:
    return pl.col("target").replace_strict(_BLOCKS, default=0, return_dtype=pl.Int64)


def _parts_without(facts: pl.DataFrame, rows: pl.DataFrame, form: Form, field: str) -> pl.DataFrame:
    """The parts among the `facts` that `rows` correct, without `field`: what else they state counts on at its cells.

    None of a form whose figures are all-or-nothing: there a part without one would make the whole unknown.
    """
    if form.all_or_nothing or not has_parts(facts):
        return facts.clear()
    key = list(form.statement_key)
    parts = facts.filter(~pl.col("superseded") & pl.col("part").is_not_null())
    corrected = parts.join(rows.select(key).unique(), on=key, how="semi", nulls_equal=True, maintain_order="left")
    without = corrected.with_columns(pl.lit(None, dtype=pl.Float64).alias(field))
    return without.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in form.figures))


def _corrected(facts: pl.DataFrame, rows: pl.DataFrame, form: Form, field: str, part: str | None) -> pl.DataFrame:
    """Rows of the shape of `facts`: each row that counts, if any, with `field`, its unit and the lineage of `rows`.

    `part` is the part that they are of, where the rows that they correct are parts.
    """
    key = list(form.statement_key)
    own = {*key, field, form.row_unit, "name", "submission_id", "sheet", "row", "block", "superseded", "part"}
    kept = [column for column in facts.columns if column not in own]
    base = whole(form, facts.filter(~pl.col("superseded"))).select(*key, *kept)
    stated = rows.drop(kept, strict=False).with_columns(
        pl.lit(False).alias("superseded"), _block().alias("block"), pl.lit(part, dtype=pl.String).alias("part")
    )
    return stated.join(base, on=key, how="left", nulls_equal=True, validate="m:1").select(facts.columns)


def _supersede(facts: pl.DataFrame, rows: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    """`facts` in which the rows that share `key` with `rows` are superseded."""
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
