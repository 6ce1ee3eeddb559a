"""Figures that count but look wrong, and those that the reference tables cannot value: each reported at its cell.

Only figures that count are looked at, each once: parts added up, reported at the cell of the first. Which figures are
compared with the enterprise's other months, and which must not be negative, is declared in `schemas`
(`Column.compared`, `Column.minimum`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import EMPTY, locate, number_text, problem_rows, stated_text
from efficiency.partitions import first_of_run
from efficiency.parts import has_parts, whole
from efficiency.reference.tables import carriers, limits, normalise_name
from schemas import FORMS
from schemas.column import PART, SPAN
from schemas.energy import COEFFICIENT_DEVIATION, TOTAL_CARRIER, TOTAL_DEVIATION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas import Form, Rule

SUSPECT = 8.0
"""A month over this many times the enterprise's median month, or under its inverse, is suspect."""
LEAST_MONTHS = 4
"""Months that are needed for a median to mean something."""
FACTORS = (10, 1_000, 10_000)
"""Mistakes of unit that explain a suspect month: a slip of the point, 千 and 万."""
EXPLAINS = 2.0
"""A factor explains a suspect month that it would take this near to the median."""
NOISE = 1e-9
"""Relative difference below which two sums of converted figures are equal."""

_LINEAGE = ("submission_id", "row", "block", "uscc", "name")
_SPAN = tuple(column.name for column in SPAN)


def find_implausible(
    facts: Mapping[str, pl.DataFrame], submissions: pl.DataFrame, columns: pl.DataFrame
) -> pl.DataFrame:
    """Every implausible figure of `facts` (form id → facts frame), as problems of shape PARSE_PROBLEMS.

    `submissions` and `columns` are those of `LookupTables`.
    """
    # The unit of a column that a mapping file states is not doubted.
    confirmed = columns.filter(pl.col("unit_confirmed")).select("submission_id", "block", "field")
    rows = {form: frame.filter(~pl.col("superseded")) for form, frame in facts.items()}
    counting = {form: whole(FORMS[form], frame) for form, frame in rows.items()}
    found: list[pl.DataFrame] = [EMPTY]

    def report(form: str | None, rule: str, rows: pl.DataFrame, words: Mapping[str, pl.Expr] | None = None) -> None:
        if rows.height:
            rows = _at_parts(rows, facts[form], FORMS[form]) if form else rows
            if rule == "unit_suspect":
                rows = rows.join(confirmed, on=["submission_id", "block", "field"], how="anti")
            found.append(
                problem_rows(
                    rule,
                    locate(rows, submissions, columns).with_columns(
                        stated_text(pl.col("number")).alias("value") if "number" in rows.columns else pl.col("value")
                    ),
                    words,
                )
            )

    for form, frame in counting.items():
        for column in FORMS[form].columns:
            if column.minimum is not None:
                report(form, "negative", _figures(frame.filter(pl.col(column.name) < column.minimum), column.name))
        for rule in FORMS[form].rules:
            report(form, rule.name, _breaches(frame, rule, FORMS[form]))
    suspicion = {
        "month": stated_text(pl.col("month")),
        "median": stated_text(pl.col("median")),
        "hint": _factor_hint(),
    }
    for form, frame in counting.items():
        entity, named_by = list(FORMS[form].key), FORMS[form].named_by
        title = {"title": pl.col(named_by)} if named_by else {}
        for column in FORMS[form].compared("months"):
            figures = _figures(frame, column.name, *_SPAN, *entity[1:])
            if column.figure == "level":
                report(form, "unit_suspect", _suspect_levels(figures, entity), suspicion | title)
                continue
            # The cumulative figure of what may be negative (value added of a loss-maker, tax after a refund) may fall.
            if column.minimum is not None:
                report(
                    form,
                    "cumulative_falls",
                    _falls(figures, entity),
                    {"before": stated_text(pl.col("before")), **title},
                )
            report(form, "unit_suspect", _suspects(figures, entity), suspicion | title)
    energy, parts = (_with_carriers(frames["energy"]) for frames in (counting, rows))
    report(
        None,
        "coefficient_deviates",
        _deviations(parts),
        {
            "carrier": pl.col("carrier"),
            "reference": number_text(pl.col("tce_per_form_unit")),
            "unit": pl.col("form_unit"),
        },
    )
    report(None, "coefficient_missing", _without_coefficient(parts), {"carrier": pl.col("carrier")})
    report(None, "consumption_missing", _without_consumption(parts), {"carrier": pl.col("carrier")})
    report("products", "product_unknown", _unknown_products(counting["products"]))
    report("energy", "energy_total", _disagreeing_totals(energy), {"sum": number_text(pl.col("sum").round_sig_figs(6))})
    return pl.concat(found)


def _at_parts(found: pl.DataFrame, facts: pl.DataFrame, form: Form) -> pl.DataFrame:
    """`found` in which a figure that is a sum of parts stands at the first part that states its `field`."""
    if not has_parts(facts):
        return found
    place, key = ["row", "block"], list(form.statement_key)
    parts = facts.filter(~pl.col("superseded") & pl.col(PART.name).is_not_null()).with_columns(
        pl.col(name).first().over("submission_id", *key).alias(f"_{name}") for name in place
    )
    whole_at = ["submission_id", "_row", "_block", "field"]
    stated = [
        parts.filter(pl.col(field).is_not_null())
        .group_by(*whole_at[:-1])
        .agg(pl.lit(field).alias("field"), *(pl.col(name).first().alias(f"{name}_stated") for name in place))
        for field in found["field"].unique()
    ]
    joined = found.with_columns(pl.col(name).alias(f"_{name}") for name in place).join(
        pl.concat(stated), on=whole_at, how="left", validate="m:1", maintain_order="left"
    )
    return joined.with_columns(pl.coalesce(f"{name}_stated", name).alias(name) for name in place).select(found.columns)


def _with_carriers(energy: pl.DataFrame) -> pl.DataFrame:
    """`energy` (shape of its facts) with kind, tce_per_form_unit and form_unit of the carriers table."""
    return energy.join(
        carriers().select(pl.col("name").alias("carrier"), "kind", "tce_per_form_unit", "form_unit"),
        on="carrier",
        how="left",
        validate="m:1",
        maintain_order="left",
    )


def _figures(frame: pl.DataFrame, field: str, *more: str) -> pl.DataFrame:
    """The rows that state `field`: lineage, field, number and `more` columns."""
    return frame.filter(pl.col(field).is_not_null()).select(
        *_LINEAGE, *more, pl.lit(field).alias("field"), pl.col(field).alias("number")
    )


def _breaches(frame: pl.DataFrame, rule: Rule, form: Form) -> pl.DataFrame:
    """The rows of `frame` that break `rule` of `form`, at the rule's first column.

    The other columns may be stated by other rows of the same key and span: departments each state
    their own measures.
    """
    first, *others = rule.columns
    by = list(form.statement_key)
    dtype = frame.schema[first]
    rows = frame.filter(pl.col(first).is_not_null())
    if form.flow:
        some = frame.select(*by, *others).filter(pl.any_horizontal(pl.col(column).is_not_null() for column in others))
        stated = some.group_by(by).agg(pl.col(column).drop_nulls().first() for column in others)
        rows = rows.drop(others).join(stated, on=by, how="left", validate="m:1", maintain_order="left")
    broken = rows.filter((~pl.sql_expr(rule.holds)).fill_null(value=False))
    value = pl.col(first).alias("number") if dtype.is_numeric() else pl.col(first).cast(pl.String).alias("value")
    return broken.select(*_LINEAGE, pl.lit(first).alias("field"), value)


def _year_to_date() -> pl.Expr:
    """Whether a span begins in January and ends in the same year (January alone is one)."""
    return (pl.col("span_start").dt.month() == 1) & (pl.col("span_start").dt.year() == pl.col("span_end").dt.year())


def _falls(figures: pl.DataFrame, entity: list[str]) -> pl.DataFrame:
    """Cumulative figures that are smaller than the one before them in the year, with `before`."""
    return (
        _cumulative(figures)
        .sort(*entity, *_SPAN)
        .with_columns(_before("number", entity).alias("before"))
        .filter(pl.col("number") < pl.col("before") - NOISE * pl.col("before").abs())
    )


def _before(column: str, entity: list[str]) -> pl.Expr:
    """What `column` was in the year's figure before, of rows in the order of entity and span; null for the first."""
    return pl.when(~first_of_run([*entity, "span_start"])).then(pl.col(column).shift(1))


def _suspects(figures: pl.DataFrame, entity: list[str]) -> pl.DataFrame:
    """Figures whose month is far from the series' median, with `month` and `median`.

    A month is stated by itself, or is what a cumulative figure adds to the one of the month before.
    """
    single = figures.filter(pl.col("span_start") == pl.col("span_end")).with_columns(pl.col("number").alias("month"))
    follows = _before("span_end", entity).dt.offset_by("1mo") == pl.col("span_end")
    growth = pl.col("number") - _before("number", entity)
    derived = (
        _cumulative(figures)
        .sort(*entity, *_SPAN)
        .with_columns(pl.when(follows & (growth > NOISE * pl.col("number").abs())).then(growth).alias("month"))
        .filter(pl.col("month").is_not_null())
        .join(single, on=[*entity, "span_end"], how="anti")
    )
    return _far_from_median(pl.concat([single, derived]), entity)


def _cumulative(figures: pl.DataFrame) -> pl.DataFrame:
    """Years to date, January among them; none where no figure covers more than its month, as in most exports."""
    if (figures["span_start"] == figures["span_end"]).all():
        return figures.clear()
    return figures.filter(_year_to_date())


def _suspect_levels(figures: pl.DataFrame, entity: list[str]) -> pl.DataFrame:
    """Levels (staff) far from the enterprise's median: every span states one."""
    return _far_from_median(figures.with_columns(pl.col("number").alias("month")), entity)


def _far_from_median(months: pl.DataFrame, entity: list[str]) -> pl.DataFrame:
    """Positive figures `month` that are far from the median of their series (`entity`), with `median` and `months`."""
    positive, month = months.filter(pl.col("month") > 0), pl.col("month")
    # What is not far from the other end of the series is not far from its median: medians are taken of few.
    wide = (
        positive.group_by(entity)
        .agg(month.min().alias("_least"), month.max().alias("_most"), pl.len().alias("months"))
        .filter((pl.col("months") >= LEAST_MONTHS) & (pl.col("_most") > SUSPECT * pl.col("_least")))
        .drop("_least", "_most")
    )
    if wide.is_empty():
        return positive.clear().with_columns(
            pl.lit(None, dtype=pl.Float64).alias("median"), pl.lit(None, dtype=pl.UInt32).alias("months")
        )
    suspected = positive.join(wide, on=entity, how="inner", validate="m:1", maintain_order="left")
    usual = suspected.group_by(entity).agg(month.median().alias("median"))
    return suspected.join(usual, on=entity, how="inner", validate="m:1", maintain_order="left").filter(
        (month > SUSPECT * pl.col("median")) | (month * SUSPECT < pl.col("median"))
    )


def _factor_hint() -> pl.Expr:
    """A sentence in Chinese with the factor that would explain the suspect month; empty where none does."""
    ratio = pl.max_horizontal(pl.col("month") / pl.col("median"), pl.col("median") / pl.col("month"))
    hint = pl.lit("")
    for factor in FACTORS:
        explains = ratio.is_between(factor / EXPLAINS, factor * EXPLAINS)
        hint = pl.when(explains).then(pl.lit(f"可能是计量单位相差 {factor} 倍。")).otherwise(hint)
    return hint


def _deviations(energy: pl.DataFrame) -> pl.DataFrame:
    """Own coefficients more than 30 % off the reference."""
    off = (pl.col("coefficient") / pl.col("tce_per_form_unit") - 1).abs() > COEFFICIENT_DEVIATION
    return energy.filter((pl.col("tce_per_form_unit") > 0) & off).select(
        *_LINEAGE,
        "carrier",
        "tce_per_form_unit",
        "form_unit",
        pl.lit("coefficient").alias("field"),
        pl.col("coefficient").alias("number"),
    )


def _without_coefficient(energy: pl.DataFrame) -> pl.DataFrame:
    """Consumption of known carriers that neither the table nor the row values.

    Not electricity, whose basis the policy sets, nor 耗能工质, which do not count.
    """
    unvalued = pl.col("tce_per_form_unit").is_null() & pl.col("coefficient").is_null()
    return _figures(
        energy.filter(pl.col("kind").is_in(["fuel", "heat"]) & unvalued & (pl.col("consumption") != 0)),
        "consumption",
        "carrier",
    )


def _without_consumption(energy: pl.DataFrame) -> pl.DataFrame:
    """Rows that state something of a carrier but not its consumption: no energy can be counted from them."""
    other = pl.col("feedstock").is_not_null() | pl.col("transformed").is_not_null()
    return energy.filter(pl.col("consumption").is_null() & other).select(
        *_LINEAGE, "carrier", pl.lit("consumption").alias("field"), pl.lit(None, dtype=pl.String).alias("value")
    )


def _unknown_products(products: pl.DataFrame) -> pl.DataFrame:
    """Products that are not in the limits table, neither by name nor by identifier."""
    table = limits()
    listed = {normalise_name(text) for column in ("product", "name_zh") for text in table[column].drop_nulls()}
    unknown = [text for text in products["product"].unique() if normalise_name(text) not in listed]
    return products.filter(pl.col("product").is_in(unknown)).select(
        *_LINEAGE, pl.lit("product").alias("field"), pl.col("product").alias("value")
    )


def _disagreeing_totals(energy: pl.DataFrame) -> pl.DataFrame:
    """Direct totals more than 5 % off the carriers of the same span, with their `sum` in 吨标准煤.

    Computed by the enterprise's own coefficients, else the reference ones; a total agrees when it agrees
    with the sum that contains raw materials or with the one that leaves them out. 耗能工质 are no part
    of it. Where a carrier has no figure or no coefficient, there is no sum to compare with.
    """
    own = pl.when(pl.col("kind") != "electricity").then(pl.col("coefficient"))
    coefficient = pl.coalesce(own, "tce_per_form_unit")
    gross = (pl.col("consumption") - pl.col("transformed").fill_null(0.0)) * coefficient
    feedstock = pl.col("feedstock").fill_null(0.0) * coefficient
    by = ["uscc", *_SPAN]
    totals = _figures(energy.filter(pl.col("carrier") == TOTAL_CARRIER), "consumption", *_SPAN)
    sums = (
        energy.filter((pl.col("carrier") != TOTAL_CARRIER) & pl.col("kind").ne_missing("medium"))
        .join(totals, on=by, how="semi")
        .group_by(by)
        .agg(
            pl.when(gross.is_null().any()).then(None).otherwise(gross.sum()).alias("sum"),
            feedstock.sum().alias("feedstock"),
        )
    )
    compared = totals.join(sums, on=by, how="inner", validate="m:1", maintain_order="left")
    agrees = pl.any_horizontal(
        (pl.col("number") - total).abs() <= TOTAL_DEVIATION * total.abs()
        for total in (pl.col("sum"), pl.col("sum") - pl.col("feedstock"))
    )
    return compared.filter((~agrees).fill_null(value=False))
