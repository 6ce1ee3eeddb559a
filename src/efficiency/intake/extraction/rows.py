"""A recognised table → raw rows (one for each row and group that states something), column map and problems."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import Extracted, extract, filled_down
from efficiency.intake.extraction.long_energy_rows import long_rows, misfit_hint
from efficiency.intake.extraction.part_labels import label_columns
from efficiency.intake.extraction.row_periods import row_timings
from efficiency.intake.extraction.shown_figures import names_its_unit
from efficiency.intake.extraction.table import Table
from efficiency.intake.extraction.unread import refuse_overlong_rows
from efficiency.intake.layout import is_not_paid, labels_of, named_throughout, named_within, says_change, says_paid
from efficiency.intake.parsing import find_unit, span_label
from efficiency.reference.tables import carrier_form_unit
from schemas import COLUMN_MAP, FORMS, STATED
from schemas.column import PART, Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from efficiency.intake.extraction.row_periods import RowTimings
    from efficiency.intake.layout import ColumnBinding, ColumnGroup
    from schemas.column import Form

MOST_NAMED = 100
"""Columns of one field that are named; of more it is said how many they are."""
_FILLED_ON = Column("filled_on", "date", "填报日期", "Date of filing")


def read_rows(table: Table) -> pl.DataFrame:
    """The table's raw rows: `row_index` and the shape of schemas.STATED. What is wrong is reported to the table.

    One of which nobody knows what its rows are about, or whose figures are planned (`TableLayout.refused`), has none.
    """
    layout = table.layout
    _report_duplicates(table)
    _report_plan(table)
    if layout.refused:
        return STATED[layout.form].empty().insert_column(0, pl.Series("row_index", [], dtype=pl.Int64))
    for column in (*(binding.column for binding in layout.identity), *layout.periods.values()):
        table.cells = filled_down(table.cells, table.grid, column)
    _name_throughout(table)
    _identify(table)
    refuse_overlong_rows(table)
    assumed: set[tuple[str, str | None]] = set()
    for carrier, binding in ((group.carrier, binding) for group in layout.groups for binding in group.columns):
        title = FORMS[layout.form].column(binding.field).title
        if binding.rivals:
            continue
        if binding.unknown_unit is not None:
            target = carrier_form_unit()[carrier] if carrier else FORMS[layout.form].column(binding.field).unit or ""
            table.header_problem(
                "unit_mismatch" if find_unit(binding.unknown_unit) else "unit_unknown",
                binding.column,
                field=binding.field,
                title=binding.header,
                value=binding.unknown_unit,
                expected=f"{target}或可换算为它的单位",
                hint=_several_units(binding.unknown_unit) or misfit_hint(binding.unknown_unit, target),
            )
        # One problem for all of twelve months.
        elif (
            binding.assumed
            and (binding.field, carrier) not in assumed
            and not names_its_unit(table.grid, binding, table.cells["row_index"])
        ):
            assumed.add((binding.field, carrier))
            words = {"title": binding.header} if layout.form == "energy" else {"title": title}
            table.header_problem("unit_assumed", binding.column, field=binding.field, unit=binding.unit or "", **words)
    _report_loose_names(table)
    _report_title_doubt(table)
    timings = None
    if FORMS[layout.form].flow:
        timings = row_timings(table.cells, layout, table.context, typed=table.grid.typed)
    base = table.base.with_columns(
        pl.lit(table.submission_id).alias("submission_id"), pl.lit(table.grid.sheet).alias("sheet")
    )
    parts = [part for group in layout.groups if (part := _block_rows(table, group, base, timings)).height]
    stated = STATED[layout.form]
    if not parts:
        return stated.empty().insert_column(0, pl.Series("row_index", [], dtype=pl.Int64))
    row_indexes = [part.drop_in_place("row_index") for part in parts]
    shaped = [stated.conform(part).insert_column(0, indexes) for part, indexes in zip(parts, row_indexes, strict=True)]
    rows = pl.concat(shaped).sort("row_index", "block", maintain_order=True) if len(shaped) > 1 else shaped[0]
    return rows.filter(~pl.col("row_index").is_in(list(table.overlong))) if table.overlong else rows


def _name_throughout(table: Table) -> None:
    """Write an enterprise that stands on the first row of its block into the rows below it."""
    layout = table.layout
    identity = [binding.column for binding in layout.identity]
    if not identity or not all(table.cells[f"t{column}"].null_count() for column in identity):
        return
    key = set(FORMS[layout.form].key) - {"uscc"}
    keys = {binding.column for group in layout.groups for binding in group.columns if binding.field in key}
    labels = label_columns(table, layout.columns)  # the plots, meters or taxes of one enterprise
    table.cells = named_throughout(table.cells, identity, {*keys, *layout.periods.values(), *labels})


def parts_by_measure(rows: pl.DataFrame, form: Form, labels: Mapping[int, str]) -> pl.DataFrame:
    """`rows` of a table whose rows name measures, each a part of its own where a form's rows count as a whole.

    `labels` are the names of the measures by row: so each figure of an enterprise's land keeps its own cell.
    """
    if not form.parts or form.replaces != "row" or set(form.key) & {"carrier", "product"} or not rows.height:
        return rows
    names = pl.col("row_index").replace_strict(labels, default=None, return_dtype=pl.String)
    return rows.with_columns(names.alias(PART.name))


def period_label(table: Table) -> str | None:
    """The span of the whole table, `2026-10` or `2026-01..2026-10`; None where rows have their own, or none."""
    if not FORMS[table.layout.form].flow or table.layout.periods:
        return None
    own = table.context.timing
    stated = own.span()
    # Under a year alone, columns of months or quarters state which part of it.
    if stated and own.month is not None:
        return span_label(stated)
    spans = [span for group in table.layout.groups if (span := group.timed(own).span())]
    return span_label((min(first for first, _ in spans), max(last for _, last in spans))) if spans else None


def filled_on(table: Table) -> date | None:
    """The date of filing: the latest in the table's column of it, else that of its surroundings."""
    column = table.layout.filled_on
    if column is None:
        return table.context.filled_on
    latest: date | None = extract(table.cells, column, _FILLED_ON).values.max()  # type: ignore[assignment]  # dates
    return latest or table.context.filled_on


def _report_duplicates(table: Table) -> None:
    """`header_duplicate` at each of the columns that state one field."""
    for bindings in () if table.layout.planned else table.layout.duplicates:
        named = bindings[:MOST_NAMED]
        letters = "、".join(table.grid.letters(binding.column) for binding in named)
        letters += f"等 {len(bindings)} 列" if len(bindings) > MOST_NAMED else ""
        title = " / ".join(dict.fromkeys(binding.header for binding in named))
        scope = "整张表未采用" if table.layout.refused else "这几列均未采用，其他列不受影响"
        if table.layout.form == "energy" and not table.layout.refused:
            scope += "；这几列填有数据的企业，当期综合能耗无法计算"
        for binding in named:
            table.header_problem(
                "header_duplicate", binding.column, field=binding.field, title=title, columns=letters, scope=scope
            )


def _report_plan(table: Table) -> None:
    """`figures_planned`, or `plan_doubt`, where it is said that the table's figures are planned, or may be."""
    said = table.planned
    if said is None:
        return
    row, cell = None, None
    if said.cell is not None:
        row = table.grid.row_number(said.cell[0])
        cell = f"{said.cell[1]}{row}"
    rule = "plan_doubt" if said.plan == "doubt" else "figures_planned"
    table.table_problem(rule, cell=cell, row=row, value=said.text, where=said.where)


def _report_title_doubt(table: Table) -> None:
    """`title_doubt` at a column of tax below a title that is of tax which was not paid: 欠税, 应缴, 减免.

    `change_doubt` at the first column of figures below a title that is of what they rose or fell by (同比增减), where
    no column says so itself.
    """
    form = FORMS[table.layout.form]
    bindings = [binding for group in table.layout.groups for binding in group.columns]
    unpaid = next(filter(is_not_paid, table.context.titles), None)
    change = next(filter(says_change, table.context.titles), None)
    if change is not None and any(says_change(label) for label in labels_of(table.grid, table.header).values()):
        change = None
    for binding in bindings:
        column = form.column(binding.field)
        words = {"header": binding.header, "title": column.title}
        if unpaid is not None and binding.field == "tax" and not says_paid(binding.header):
            table.header_problem("title_doubt", binding.column, field=binding.field, value=unpaid, **words)
        if change is not None and column.figure in ("flow", "level"):
            table.header_problem("change_doubt", binding.column, field=binding.field, value=change, **words)
            change = None


def _report_loose_names(table: Table) -> None:
    """`header_loose` for each field that is read from a column whose name may mean something else too."""
    reported: set[str] = set()
    for binding in (binding for group in table.layout.groups for binding in group.columns):
        meaning = table.header.meanings.get(binding.column)
        if meaning is not None and meaning.loose is not None and binding.field not in reported:
            reported.add(binding.field)
            title = FORMS[table.layout.form].column(binding.field).title
            words = {"value": binding.header, "title": title, "doubt": meaning.loose.doubt}
            table.header_problem("header_loose", binding.column, field=binding.field, **words)


def column_map(table: Table) -> pl.DataFrame:
    """The column, header and unit of each field of each group, in the shape of COLUMN_MAP."""
    rows: list[dict[str, object]] = []
    for group in table.layout.groups:
        for binding in (*table.layout.identity, *group.columns):
            at, letters = table.named_at.get(binding.column, (table.header.top, None))
            rows.append(
                {
                    "submission_id": table.submission_id,
                    "block": group.index,
                    "field": binding.field,
                    "column": table.grid.letters(binding.column),
                    "header": binding.header,
                    "unit": binding.unit,
                    "factor": binding.conversion.factor if binding.conversion else None,
                    "unit_assumed": binding.assumed,
                    "header_row": table.grid.row_number(at),
                    "header_column": letters,
                    "unit_confirmed": _is_confirmed(table, binding),
                    "counted_once": (group.index, binding.field) in table.counted_once,
                }
            )
            if group.carrier is not None and binding.field == "consumption":
                rows.append({**rows[-1], "field": "carrier", "unit": None, "factor": None, "unit_assumed": False})
        if group.enterprise is not None and group.columns:
            above: dict[str, object] = {"unit": None, "factor": None, "unit_assumed": False, "counted_once": False}
            above |= {
                "header": group.enterprise.name or group.enterprise.uscc,
                "row": table.grid.row_number(group.enterprise.row),
            }
            rows += [{**rows[-1], **above, "field": field} for field in ("uscc", "name")]
    return pl.DataFrame(rows, schema=COLUMN_MAP.polars_schema, orient="row")


def _is_confirmed(table: Table, binding: ColumnBinding) -> bool:
    """Whether a mapping file states the unit of the column."""
    meaning = table.header.meanings.get(binding.column)
    return table.header.mapped and meaning is not None and meaning.unit is not None


def period_problems(table: Table, spans: pl.DataFrame, group: ColumnGroup, timings: RowTimings) -> None:
    """`period_unknown` for the table, for the group's columns, or for rows with period cells not understood."""
    if not spans["span_start"].null_count():
        return
    unknown = spans["span_start"].is_null()
    if table.layout.periods:
        if group.index == 0:
            stated, doubts = (
                pl.Series(texts, dtype=pl.String).gather(timings.index)
                for texts in ([text or None for text in timings.stated], [timing.doubt for timing in timings.timings])
            )
            cells = pl.DataFrame({"row_index": table.cells["row_index"], "value": stated, "hint": doubts}).filter(
                unknown
            )
            column = next(iter(table.layout.periods.values()))
            table.cell_problems("period_unknown", cells, column, "span_end", hint=pl.col("hint"))
        return
    doubt = group.timed(table.context.timing).doubt
    untimed = [other.index for other in table.layout.groups if other.timing is None]
    beside = 0 < len(untimed) < len(table.layout.groups) and group.index == untimed[0]
    if beside or (group.timing is not None and len(table.layout.groups) > 1):
        header = group.columns[0]
        table.header_problem("period_unknown", header.column, field="span_end", value=header.header, hint=doubt)
    elif group.index == 0:
        value = " ".join(table.context.titles)[:80] or table.grid.sheet or table.file_name
        table.table_problem("period_unknown", field="span_end", value=value, hint=doubt)


def _identify(table: Table) -> None:
    """Fill `table.base`, then report refused codes and names, so that the problems name the row's enterprise."""
    read: dict[str, Extracted] = {
        binding.field: extract(
            table.cells, binding.column, FORMS[table.layout.form].column(binding.field), table.grid.marked
        )
        for binding in table.layout.identity
    }
    row_indexes = table.cells["row_index"]
    nobody = pl.Series([None], dtype=pl.String).new_from_index(0, len(row_indexes))
    who = {key: read[key].values if key in read else nobody for key in ("uscc", "name")} if read else _one_each(table)
    table.base = pl.DataFrame({"row_index": row_indexes, "row": row_indexes + (table.grid.first_row + 1), **who})
    for binding in table.layout.identity:
        table.refuse(read[binding.field], binding)


def _one_each(table: Table) -> dict[str, pl.Series]:
    """Code and name of each row of a table about one enterprise, or about one after another."""
    row_indexes, context = table.cells["row_index"], table.context
    bottom = table.header.bottom
    named = [(bottom, context.uscc, context.name)]
    if len(row_indexes):
        named += named_within(table.grid, bottom + 1, int(row_indexes[-1]))
    lines = pl.DataFrame(named, schema={"row_index": pl.Int64, "uscc": pl.String, "name": pl.String}, orient="row")
    rows = pl.DataFrame({"row_index": row_indexes}).join_asof(lines, on="row_index")
    return {key: rows[key] for key in ("uscc", "name")}


def _block_rows(table: Table, group: ColumnGroup, base: pl.DataFrame, timings: RowTimings | None) -> pl.DataFrame:
    """The raw rows of one group, with `row_index`; rows that state nothing, or whose span is unknown, are left out."""
    if group.enterprise is not None:
        who = [pl.lit(getattr(group.enterprise, key), dtype=pl.String).alias(key) for key in ("uscc", "name")]
        base, table.base = base.with_columns(who), table.base.with_columns(who)
    frame = base.with_columns(pl.lit(group.index, dtype=pl.Int64).alias("block"))
    if timings is not None:
        spans = timings.spans(group)
        period_problems(table, spans, group, timings)
        frame = frame.hstack(spans)
    if table.layout.long_energy:
        frame = long_rows(table, group, frame)
    elif group.carrier is not None:
        frame = wide_rows(table, group, frame)
    else:
        frame = _plain_rows(table, group.columns, frame)
    if timings is not None and frame["span_start"].null_count():
        return frame.filter(pl.col("span_start").is_not_null())
    return frame


def _plain_rows(table: Table, columns: Sequence[ColumnBinding], frame: pl.DataFrame) -> pl.DataFrame:
    """One raw row for each source row with a value in any of `columns`."""
    usable = [binding for binding in columns if binding.unknown_unit is None or binding.rivals]
    values = [table.read(binding).values.alias(binding.field) for binding in usable]
    converted = [
        binding.conversion.apply(pl.col(binding.field)).alias(binding.field)
        for binding in usable
        if binding.conversion and binding.conversion.factor != 1
    ]
    stated = [
        pl.lit(binding.unit).alias("unit")
        for binding in usable
        if binding.field == "quantity" and binding.unit and not any(other.field == "unit" for other in columns)
    ]
    # A date or a unit alone states nothing.
    telling = [pl.col(binding.field).is_not_null() for binding in usable if binding.field not in ("as_of", "unit")]
    form = FORMS[table.layout.form]
    if not any(form.column(key).nullable for key in ("uscc", "name")):
        # Code and name are what the register states of an enterprise, whatever else its row lacks.
        telling.append(pl.all_horizontal(pl.col("uscc", "name").is_not_null()))
    rows = frame.hstack(values)
    if not any(rows[binding.field].null_count() == 0 for binding in usable if binding.field not in ("as_of", "unit")):
        rows = rows.filter(pl.any_horizontal(telling) if telling else pl.lit(value=False))
    since = form.in_force_from
    if since and table.context.as_of and not any(binding.field == since for binding in columns):
        stated.append(pl.lit(table.context.as_of).alias(since))
    return rows.with_columns(*converted, *stated)


def wide_rows(table: Table, group: ColumnGroup, frame: pl.DataFrame) -> pl.DataFrame:
    """One raw row for each source row whose cell in the carrier's column is not blank."""
    binding = group.columns[0]
    found = table.read(binding)
    refused = found.refused_at(frame["row_index"])
    conversion = binding.conversion
    value = pl.col("consumption")
    return (
        frame.with_columns(
            found.values.alias("consumption"),
            pl.lit(group.carrier).alias("carrier"),
            pl.lit(binding.unit).alias("unit"),
        )
        .filter(value.is_not_null() | refused)
        .with_columns(conversion.apply(value) if conversion else pl.lit(None, dtype=pl.Float64).alias("consumption"))
    )


def _several_units(stated: str) -> str:
    """What to say where several known units are stated for one column (元、万元)."""
    words = stated.split("、")
    return "表中写有不同的计量单位，看不出以哪一个为准。" if len(words) > 1 and all(map(find_unit, words)) else ""
