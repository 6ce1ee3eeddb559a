"""申诉更正: an approved correction counts as the figure it corrects, before whatever any sheet states.

A correction names its figure by a header of the figure's form: a measure of the output form, an area of the land form
(of the row in force at the end of the correction's span), or an energy carrier (its consumption). A unit in brackets
behind the name is that of the corrected value; without one it is in the canonical unit. Which figures may be corrected
is declared in `schemas` (`Column.correctable`). A correction of a month is carried into the longer figures of its year
that contain it and were filed before it was approved.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import EMPTY, locate, problem_rows
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
_OLD = len(_BLOCKS)
"""What is added to a block so that it leads to the cell of 原值."""
CARRIED = "申诉更正"
"""Beginning of `part` of what corrections of months carry into a longer figure: +更正值 and −the figure it replaces."""


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
    pending: pl.DataFrame
    """`uscc` of each that could be applied, and that nobody has approved or declined in this ledger or another."""
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
    place = pl.struct("submission_id", "row")
    unreadable = place.is_in(refused_cells.filter(pl.col("field") == "decision").select(place.implode()).to_series())
    lacks = pl.any_horizontal(condition for _, condition in incomplete.values())
    same = ["uscc", "target", "carrier", "span_start", "span_end", (pl.col("new") * pl.col("factor")).round(9)]
    declined_last = pl.when(declined).then("precedence").max().over(same)
    revoked = (~declined & ~lacks & (pl.col("precedence") < declined_last)).fill_null(value=False)
    refused = pl.any_horizontal(unnamed, declined, unreadable, lacks, revoked)
    asked = pl.col("approved_by").is_null() & pl.all_horizontal(pl.col("target", "new").is_not_null())
    pending = asked & ~declined & (pl.col("precedence") > declined_last.fill_null(0)) & refused.all().over(same)
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
        named.filter(pending).select("uscc"),
        pl.concat(problems),
    )


def column_map(columns: pl.DataFrame, submissions: pl.DataFrame) -> pl.DataFrame:
    """`columns` (shape COLUMN_MAP) with two rows per corrected field of each corrections sheet: 更正值 and 原值."""
    ledgers = submissions.filter(pl.col("form") == "corrections")["submission_id"]
    stated = columns.filter(pl.col("submission_id").is_in(ledgers.implode()))
    blocks = pl.DataFrame({"field": list(_BLOCKS), "block": list(_BLOCKS.values())})
    made = [
        stated.filter(pl.col("field") == cell)
        .drop("field", "block")
        .join(blocks.with_columns(pl.col("block") + after), how="cross")
        .select(columns.columns)
        for cell, after in (("new", 0), ("old", _OLD))
    ]
    return pl.concat([columns, *made]).unique(["submission_id", "block", "field"], keep="first", maintain_order=True)


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


@dataclass(frozen=True, slots=True)
class Carried:
    """What corrections of months carry into longer figures that contain the month."""

    rows: pl.DataFrame
    """The rows given, in which such a figure is a part of what it is with the corrections."""
    added: pl.DataFrame
    """Rows of the same shape, parts too: the corrections, and with the opposite sign the figures that they replace."""
    problems: pl.DataFrame
    """Corrections that should be carried and whose difference is not known."""


def carry(
    form: Form, facts: pl.DataFrame, corrections: pl.DataFrame, sheets: pl.DataFrame, columns: pl.DataFrame
) -> Carried:
    """Carry the `corrections` of a month into the figures of `form` that contain it and were filed before.

    `facts` are deduplicated and corrected, with `superseded`; `sheets` are the submissions with their `precedence`.
    Those figures of several months of the same year are meant that were filed, else arrived, before the correction was
    approved: later ones contain it. The difference is that to the month's figure that the correction replaces, else to
    原值; where neither is known it is a problem.
    """
    filed = _filed(sheets)
    months = corrections.filter((pl.col("target_form") == form.id) & (pl.col("span_start") == pl.col("span_end"))).join(
        filed, on="submission_id", how="left", validate="m:1"
    )
    rows, added, problems = facts, [facts.clear()], [EMPTY]
    for field in form.correctable if form.flow and months.height else ():
        of_field = months.filter(pl.col("target") == field)
        if form.column(field).figure != "flow" or of_field.is_empty():
            continue
        pairs = _containing(form, _longer(form, rows, field, corrections, filed), of_field)
        if pairs.is_empty():
            continue
        replaced = _replaced_figures(form, facts, field, of_field, sheets)
        place = ["submission_id", "row"]
        known = of_field.join(replaced.select(place).unique(), on=place, how="semi")
        from_old = of_field.join(known, on=place, how="anti").filter(pl.col("old").is_not_null())
        lost = of_field.join(pl.concat([known, from_old]), on=place, how="anti").join(pairs, on=place, how="semi")
        located = locate(lost.with_columns(pl.lit("old").alias("field")), sheets, columns)
        problems.append(problem_rows("correction_not_carried", located))
        pairs = pairs.join(lost, on=place, how="anti")
        label = pl.concat_str(pl.lit(f"{CARRIED} "), pl.col("span_start").dt.strftime("%Y-%m"))
        new = of_field.with_columns(pl.col("new").alias(field), _block().alias("block"), label.alias("part"))
        old = from_old.with_columns((-pl.col("old")).alias(field), (_block() + _OLD).alias("block"))
        added += [
            _as_parts(form, field, part, pairs, rows)
            for part in (
                new,
                old.with_columns(pl.concat_str(label, pl.lit(" 原值")).alias("part")),
                replaced.with_columns(
                    pl.concat_str(label, pl.lit(" 原报"), pl.col("part").fill_null("")).alias("part")
                ),
            )
        ]
        rows = _as_first_part(form, field, rows, pairs)
    return Carried(rows, pl.concat(added), pl.concat(problems))


def _filed(submissions: pl.DataFrame) -> pl.DataFrame:
    """The day on which each sheet was filed, else its file was last changed or arrived: submission_id, filed."""
    arrived = pl.col("received_at").dt.convert_time_zone("Asia/Shanghai").dt.date()
    written = pl.col("file_date") if "file_date" in submissions.columns else pl.lit(None, dtype=pl.Date)
    return submissions.select(
        "submission_id", pl.coalesce("filled_on", pl.min_horizontal(written, arrived)).alias("filed")
    )


def _longer(
    form: Form, facts: pl.DataFrame, field: str, corrections: pl.DataFrame, filed: pl.DataFrame
) -> pl.DataFrame:
    """The figures of several months that count: the form's key, _first and _last month, and _day, as of which."""
    # A corrected figure is as of the day on which that was approved.
    of_ledger = corrections.select("submission_id", "row", pl.col("approved").alias("_approved")).unique(
        ["submission_id", "row"]
    )
    return (
        facts.filter(~pl.col("superseded") & pl.col(field).is_not_null() & (pl.col("span_start") < pl.col("span_end")))
        .join(filed, on="submission_id", how="left", validate="m:1")
        .join(of_ledger, on=["submission_id", "row"], how="left", validate="m:1")
        .select(
            *form.key,
            pl.col("span_start").alias("_first"),
            pl.col("span_end").alias("_last"),
            pl.coalesce("_approved", "filed").alias("_day"),
        )
        .unique()
    )


def _containing(form: Form, longer: pl.DataFrame, months: pl.DataFrame) -> pl.DataFrame:
    """The figures of `longer` that each correction is carried into: its submission_id and row, the key, first, last."""
    year = pl.col("span_start").dt.year()
    return (
        months.select(
            "submission_id", "row", *form.key, "span_start", pl.coalesce("approved", "filed").alias("_approved")
        )
        .join(longer, on=list(form.key), how="inner")
        .filter(
            pl.col("span_start").is_between(pl.col("_first"), pl.col("_last"))
            & (pl.col("_first").dt.year() == year)
            & (pl.col("_last").dt.year() == year)
            & (pl.col("_day") < pl.col("_approved"))
        )
        .select("submission_id", "row", *form.key, "_first", "_last")
        .unique()
    )


def _replaced_figures(
    form: Form, facts: pl.DataFrame, field: str, months: pl.DataFrame, sheets: pl.DataFrame
) -> pl.DataFrame:
    """The rows of `facts` whose `field` each correction replaces, negative, with the correction's submission_id and row
    as `submission_id`, `row`, and their own as `own_id`, `own_row`.
    """
    key = list(form.statement_key)
    stated = (
        facts.filter(pl.col("superseded") & pl.col(field).is_not_null())
        .join(sheets.select("submission_id", "precedence"), on="submission_id", how="left", validate="m:1")
        .with_columns(pl.col("submission_id").alias("own_id"), pl.col("row").alias("own_row"))
    )
    latest = pl.col("precedence") == pl.col("precedence").max().over(key)
    return (
        stated.drop("submission_id", "row")
        .join(months.select("submission_id", "row", *key), on=key, how="inner", nulls_equal=True)
        .filter(latest)
        .sort("own_row", "block")
        .unique([*key, "part"], keep="first", maintain_order=True)
        .with_columns((-pl.col(field)).alias(field))
    )


def _as_parts(form: Form, field: str, rows: pl.DataFrame, pairs: pl.DataFrame, facts: pl.DataFrame) -> pl.DataFrame:
    """`rows` (with the submission_id and row of their correction) as parts of the figures of `pairs`."""
    if rows.is_empty():
        return facts.clear()
    place = ["submission_id", "row"]
    spread = rows.join(pairs.select(*place, "_first", "_last"), on=place, how="inner").with_columns(
        pl.col("_first").alias("span_start"), pl.col("_last").alias("span_end"), pl.lit(False).alias("superseded")
    )
    if "own_id" in rows.columns:
        spread = spread.with_columns(pl.col("own_id").alias("submission_id"), pl.col("own_row").alias("row"))
    if "coefficient" in facts.columns:
        # What is carried is converted as the figure into which it is carried.
        longer = facts.filter(~pl.col("superseded")).select(*form.statement_key, "coefficient")
        longer = longer.unique(list(form.statement_key), keep="first", maintain_order=True)
        spread = spread.drop("coefficient", strict=False).join(
            longer, on=list(form.statement_key), how="left", validate="m:1"
        )
    own = {*form.statement_key, "name", "sheet", "submission_id", "row", "block", "part", "superseded", field}
    own |= {"coefficient", form.row_unit or ""}
    return spread.select(
        pl.col(name).cast(dtype) if name in own and name in spread.columns else pl.lit(None, dtype=dtype).alias(name)
        for name, dtype in facts.schema.items()
    )


def _as_first_part(form: Form, field: str, facts: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """`facts` in which the figures of `pairs` are parts; what else their rows state, figure by figure, is no part."""
    key = list(form.statement_key)
    keys = pairs.select(
        *form.key, pl.col("_first").alias("span_start"), pl.col("_last").alias("span_end"), pl.lit(True).alias("_whole")
    ).unique()
    marked = facts.join(keys, on=key, how="left", nulls_equal=True, validate="m:1", maintain_order="left").with_columns(
        pl.col("_whole").fill_null(value=False)
        & ~pl.col("superseded")
        & pl.col("part").is_null()
        & pl.col(field).is_not_null()
    )
    label = pl.lit(f"{CARRIED}前").alias("part")
    chosen = marked.filter("_whole").drop("_whole").with_columns(label)
    others = [name for name in form.figures if name != field]
    left = marked.filter("_whole").drop("_whole").with_columns(pl.lit(None, dtype=pl.Float64).alias(field))
    kept = marked.filter(~pl.col("_whole")).drop("_whole")
    if form.replaces == "row":
        return pl.concat([kept, chosen])
    alone = chosen.with_columns(pl.lit(None, dtype=facts.schema[name]).alias(name) for name in others)
    return pl.concat([kept, alone, left.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in others))])


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
    """The parts among the `facts` that `rows` correct, without `field`: what else they state counts at its cells. None
    of a form whose figures are all-or-nothing: there a part without one would make the whole unknown.
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
