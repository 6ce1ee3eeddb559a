"""Rows of a table that state parts of one figure: told apart by a label, or added up in the table's own total.

Each raw row gets its `part`. A total says whether repeated rows were all added; a column that says the same on every
part, while others differ, states the figure of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.part_labels import is_identifier, kinds_of_carriers, label_columns
from efficiency.intake.extraction.total_evidence import DIGITS, Evidence, evidence
from efficiency.parts import SUMS_AGREE, has_parts
from schemas import FORMS
from schemas.column import PART

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.layout import ColumnGroup
    from schemas import Form


@dataclass(frozen=True, slots=True)
class Parts:
    """The raw rows of a table with their parts, and what was found of its columns."""

    rows: pl.DataFrame
    """The rows given, with `part` where the table states parts."""
    labels: frozenset[int] = frozenset()
    """Columns that tell the parts apart."""
    counted_once: frozenset[tuple[int, str]] = field(default=frozenset())
    """(block, field) of the columns that state one figure of the whole on each part."""


def find_parts(table: Table, rows: pl.DataFrame, kinds: pl.DataFrame, read: Collection[int]) -> Parts:
    """`rows` (what `read_rows` gives) with their parts, where rows of one enterprise, figure and span are told apart.

    `kinds` is what `layout.classify` gives; `read` are the columns that any form of the table reads.
    """
    form = FORMS[table.layout.form]
    if not form.parts or table.base.height < 2:  # two rows are the least to be parts
        return Parts(rows)
    refused = _refused(table, form)
    if refused.is_empty() and _names_each_once(table):
        return Parts(rows)
    keyed = rows.with_columns(_who(rows).alias("_who"))
    key = ["_who", *(name for name in form.statement_key if name != "uscc")]
    repeats = pl.col("_who").is_not_null() & (pl.col("row_index").n_unique().over(key) > 1)
    twice = keyed.select(pl.struct(key).is_duplicated() & pl.col("_who").is_not_null()).to_series()
    repeated = keyed.filter(repeats) if twice.any() else keyed.clear()
    if repeated.is_empty() and refused.is_empty():
        return Parts(rows)
    kinds_of = kinds_of_carriers(table)
    labels = _chosen(table, label_columns(table, read) | kinds_of, repeated, key, refused)
    keyed = _without_sums(_labelled(table, keyed, labels), key, form)
    if kinds_of and set(labels) == set(kinds_of):
        keyed = _apart_by_kind(table, keyed, key, kinds_of)
    if not repeated.is_empty():
        totals = evidence(table, keyed.filter(repeats), key, kinds, form.added)
        exact = any(is_identifier(table, column) for column in labels)
        keyed = _by_totals(table, keyed, key, form, totals, exact=exact)
        once = _states_once(table, keyed, key, form, totals)
    else:
        once = frozenset()
    if not form.all_or_nothing:
        keyed = _without_unread(table, keyed, key, form, refused)
    return Parts(keyed.select(rows.columns), frozenset(labels), once)


def _names_each_once(table: Table) -> bool:
    """Whether each row of the table is of another enterprise, as in most tables, by code or by name: none has parts."""
    codes, names = table.base["uscc"], table.base["name"]
    stated = codes.drop_nulls()
    if stated.n_unique() < len(stated):
        return False
    return len(stated) == len(codes) or (not names.null_count() and names.n_unique() == len(names))


def _who(rows: pl.DataFrame) -> pl.Expr:
    """The enterprise that each of `rows` states: its code, that of the same name in other rows, or its name."""
    if rows["uscc"].null_count() == 0 or rows["name"].null_count() == rows.height:
        return pl.col("uscc")
    codes = rows.select("name", "uscc").drop_nulls().unique("name", keep="first", maintain_order=True)
    known = dict(codes.iter_rows())
    return pl.coalesce("uscc", pl.col("name").replace_strict(known, default=None, return_dtype=pl.String), "name")


def _chosen(
    table: Table, candidates: dict[int, pl.Series], repeated: pl.DataFrame, key: Sequence[str], refused: pl.DataFrame
) -> dict[int, pl.Series]:
    """The `candidates` that differ between rows of one key, or between a refused row and another of its enterprise."""
    if not candidates:
        return {}
    texts = pl.DataFrame({"row_index": table.cells["row_index"], **{str(c): v for c, v in candidates.items()}})
    names = [str(column) for column in candidates]
    groups = [repeated.select("row_index", *key).unique().join(texts, on="row_index").group_by(key)]
    if refused.height:
        of_all = table.base.with_columns(_who(table.base).alias("_who")).join(texts, on="row_index")
        affected = of_all.filter(pl.col("row_index").is_in(refused["row_index"].implode()))
        groups.append(of_all.join(affected.select("_who").unique(), on="_who", how="semi").group_by("_who"))
    differs = [
        group.agg(pl.col(names).drop_nulls().n_unique() > 1).select(pl.col(names).any()).row(0, named=True)
        for group in groups
    ]
    return {c: v for c, v in candidates.items() if any(found[str(c)] for found in differs)}


def _labelled(table: Table, keyed: pl.DataFrame, labels: dict[int, pl.Series]) -> pl.DataFrame:
    """`keyed` with `part`: the texts of its row in the columns `labels`, empty where all are blank."""
    if not labels:
        return keyed.with_columns(pl.lit(None, dtype=pl.String).alias(PART.name))
    texts = pl.DataFrame({str(column): values for column, values in labels.items()})
    folded = pl.all().str.normalize("NFKC").str.strip_chars()
    part = texts.select(pl.concat_str(folded, separator="·", ignore_nulls=True)).to_series()
    by_row = pl.DataFrame({"row_index": table.cells["row_index"], PART.name: part})
    return keyed.drop(PART.name, strict=False).join(by_row, on="row_index", how="left", maintain_order="left")


def with_kinds(rows: pl.DataFrame, groups: Sequence[ColumnGroup]) -> pl.DataFrame:
    """`rows` in which those of columns that are kinds of one carrier (92#汽油 | 95#汽油) are its parts."""
    kinds = {group.index: group.kind for group in groups if group.kind is not None}
    if not kinds or not rows.height:
        return rows
    kind = pl.col("block").replace_strict(kinds, default=None, return_dtype=pl.String)
    return rows.with_columns(
        pl.concat_str(kind, PART.name, separator="·", ignore_nulls=True).replace("", None).alias(PART.name)
    )


def _apart_by_kind(table: Table, keyed: pl.DataFrame, key: list[str], kinds_of: dict[int, pl.Series]) -> pl.DataFrame:
    """`keyed`, whose parts are kinds of a carrier (92#汽油, 95#汽油), without parts where one may contain the others.

    So it may where a row names the carrier as a whole (汽油), or one that is called like the carrier (热力 beside 蒸汽)
    states the same figure; where it states another, the kinds add up, with a warning.
    """
    ((column, kinds),) = kinds_of.items()
    by_row = pl.DataFrame({"row_index": table.cells["row_index"], "_kind": kinds})
    rows = keyed.join(by_row, on="row_index", how="left", maintain_order="left")
    kind, amount = pl.col("_kind"), pl.col("consumption").round_sig_figs(DIGITS)
    several = kind.n_unique().over(key) > 1
    like_carrier = (kind == pl.col("carrier")).any().over(key) & several
    same = like_carrier & (amount.n_unique().over(key) < pl.len().over(key))
    in_doubt = (several & kind.is_null().any().over(key)) | same.fill_null(value=False)
    added = rows.filter((like_carrier & ~in_doubt).fill_null(value=False))
    first = added.unique(key, keep="first", maintain_order=True).select("row_index", kind.alias("value"), "carrier")
    table.cell_problems("kinds_added", first, column, "carrier", carrier=pl.col("carrier"))
    return rows.with_columns(pl.when(~in_doubt).then(PART.name).alias(PART.name)).drop("_kind")


def _without_sums(keyed: pl.DataFrame, key: list[str], form: Form) -> pl.DataFrame:
    """`keyed` in which no row of a key has a label where one without a label states the sum of those that have one.

    Such a row may sum the parts, and then it is none: nothing tells which rows are meant to be added.
    """
    blank = pl.col(PART.name) == ""
    if not keyed.select(blank.any()).item():
        return keyed
    sums = []
    for name in form.added:
        rest = pl.col(name).filter(~blank).sum().over(key)
        same = (pl.col(name) - rest).abs() <= SUMS_AGREE * rest.abs()
        sums.append((blank & (pl.col(name) != 0) & same).any().over(key))
    in_doubt = pl.any_horizontal(sums).fill_null(value=False)
    return keyed.with_columns(pl.when(~in_doubt).then(pl.col(PART.name)).alias(PART.name))


def _by_totals(
    table: Table, keyed: pl.DataFrame, key: list[str], form: Form, totals: Evidence, *, exact: bool
) -> pl.DataFrame:
    """`keyed` with parts as the table's totals say: rows that nothing tells apart and that were all added are parts;
    equal rows that were not all added are of one part. With `exact`, equal rows of one label are one thing anyway.
    """
    figures = [pl.col(name).round_sig_figs(DIGITS) for name in form.added]
    added, single = (pl.col("row_index").is_in(list(rows)) for rows in (totals.added_rows, totals.single_rows))
    if totals.single_rows:
        same = pl.col(PART.name).first().over(*key, *figures)
        keyed = keyed.with_columns(pl.when(single & ~added).then(same).otherwise(PART.name).alias(PART.name))
    added &= ~pl.col("row_index").is_in(_typed_twice(keyed, [*key, PART.name], form).implode())
    if not totals.added_rows:
        return keyed
    group = [*key, PART.name]
    again = added & (pl.col("row_index") > pl.col("row_index").min().over(group))
    if exact:
        equal = pl.int_range(pl.len()).over(*group, *figures) > 0
        again &= ~(equal & (pl.col(PART.name).fill_null("") != ""))
    marked = keyed.with_columns(
        again.alias("_again"), (pl.col("row_index").min().over(group) + table.grid.first_row + 1).alias("_first")
    )
    _report_added(table, marked.filter("_again"), form)
    line = pl.format("第{}行", pl.col("row"))
    own = pl.when(pl.col(PART.name).fill_null("") == "").then(line).otherwise(pl.format("{}·{}", PART.name, line))
    # The first of rows that nothing tells apart is a part as well.
    alone = added & pl.col(PART.name).is_null()
    return marked.with_columns(pl.when(pl.col("_again") | alone).then(own).otherwise(PART.name).alias(PART.name)).drop(
        "_again", "_first"
    )


def _typed_twice(keyed: pl.DataFrame, group: list[str], form: Form) -> pl.Series:
    """The rows that share a figure of three digits or more with another of their `group` while another figure differs.

    One row was typed twice and changed: a total that is a formula adds up both.
    """
    values = {name: pl.col(name).round_sig_figs(DIGITS) for name in form.added}
    several = pl.col("row_index").n_unique().over(group) > 1
    shares = [
        (value.n_unique() == 1) & (value.count() > 1) & (value.first() != value.first().round_sig_figs(2))
        for value in values.values()
    ]
    differs = [value.drop_nulls().n_unique() > 1 for value in values.values()]
    twice = (pl.any_horizontal(shares) & pl.any_horizontal(differs)).over(group)
    return keyed.filter(several & twice)["row_index"].unique()


def _report_added(table: Table, rows: pl.DataFrame, form: Form) -> None:
    """`parts_by_total` for each row that only the table's total tells to be a part, at its first figure."""
    left = rows.unique("row_index", keep="first", maintain_order=True)
    for group in table.layout.groups:
        for binding in group.columns:
            if binding.field not in form.added or not left.height:
                continue
            stated = pl.col(binding.field).is_not_null() & (pl.col("block") == group.index)
            cells = left.filter(stated).select("row_index", pl.col("_first").cast(pl.String).alias("value"))
            table.cell_problems("parts_by_total", cells, binding.column, binding.field)
            left = left.filter(~stated)


def _states_once(
    table: Table, keyed: pl.DataFrame, key: list[str], form: Form, totals: Evidence
) -> frozenset[tuple[int, str]]:
    """(block, field) of the columns that state one figure of the whole on each part.

    Levels of a span (staff) do, and measures that are the same on every part while others differ, unless the table's
    total shows that all were added.
    """
    several = keyed.filter(pl.col(PART.name).n_unique().over(key) > 1)
    if several.is_empty():
        return frozenset()
    columns = [
        (group.index, group.carrier, binding.field)
        for group in table.layout.groups
        for binding in group.columns
        if binding.field in form.added
    ]
    values = [pl.col(name).drop_nulls().round_sig_figs(DIGITS) for name in form.added]
    spread = several.group_by("block", *key).agg(
        *(value.n_unique().alias(f"{name}_values") for name, value in zip(form.added, values, strict=True)),
        *((value != 0).sum().alias(f"{name}_stated") for name, value in zip(form.added, values, strict=True)),
    )
    blocks = spread.group_by("block").agg(
        *((pl.col(f"{name}_values") > 1).any().alias(f"{name}_differs") for name in form.added),
        *(
            ((pl.col(f"{name}_values") == 1) & (pl.col(f"{name}_stated") > 1)).any().alias(f"{name}_same")
            for name in form.added
        ),
    )
    found = {row["block"]: row for row in blocks.iter_rows(named=True)}
    differing = {(carrier, name) for block, carrier, name in columns if found.get(block, {}).get(f"{name}_differs")}
    once: set[tuple[int, str]] = set()
    for block, carrier, name in columns:
        of_block = found.get(block)
        if of_block is None or (block, name) in totals.added_columns:
            continue
        same = of_block[f"{name}_same"] and (carrier, name) not in differing
        if name in form.states_once or (same and (differing or (block, name) in totals.single_columns)):
            once.add((block, name))
    return frozenset(once)


def _refused(table: Table, form: Form) -> pl.DataFrame:
    """The refused cells of figures that add up: `row_index`, `block`, `field`."""
    at = {
        table.grid.letters(binding.column): (group.index, binding.field)
        for group in table.layout.groups
        for binding in group.columns
        if binding.field in form.added
    }
    cells = table.refused_cells
    if cells.is_empty():
        return pl.DataFrame(schema={"row_index": pl.Int64, "block": pl.Int64, "field": pl.String})
    places = pl.DataFrame(
        [(letters, *place) for letters, place in at.items()],
        schema={"letters": pl.String, "block": pl.Int64, "field": pl.String},
        orient="row",
    )
    data = table.cells.select("row_index")
    return cells.join(data, on="row_index", how="semi").join(places, on="letters").drop("letters")


def _without_unread(
    table: Table, keyed: pl.DataFrame, key: list[str], form: Form, refused: pl.DataFrame
) -> pl.DataFrame:
    """`keyed` without the figures of which another part was refused, each reported; rows that state nothing left out.

    Parts are of one figure where their enterprise, their span and what else they are about are the same; a refused row
    that states nothing else is taken to be about what the other rows of its enterprise are.
    """
    if refused.is_empty() or not has_parts(keyed):
        return keyed
    base = table.base.with_columns(_who(table.base).alias("_who"))
    lost = refused.join(base.select("row_index", "row", "_who"), on="row_index").drop_nulls("_who")
    own = keyed.select("row_index", *key[1:]).unique("row_index")
    for name in dict.fromkeys(lost["field"]):
        of_field = lost.filter(pl.col("field") == name).join(own, on="row_index", how="left")
        about = [column for column in key[1:] if not of_field[column].null_count()]
        hit = of_field.group_by("_who", "block", *about).agg(pl.col("row").first().alias("_last"))
        marked = keyed.join(
            hit, on=["_who", "block", *about], how="left", nulls_equal=True, validate="m:1", maintain_order="left"
        )
        gone = marked.filter(pl.col("_last").is_not_null() & pl.col(name).is_not_null()).select(
            "row_index", "block", pl.col(name).alias("value"), pl.col("_last").cast(pl.String).alias("last")
        )
        table.figure_problems("part_unread", name, gone, ["value"], last=pl.col("last"))
        keyed = marked.with_columns(pl.when(pl.col("_last").is_null()).then(pl.col(name)).alias(name)).drop("_last")
    return keyed.filter(pl.any_horizontal(pl.col(name).is_not_null() for name in form.figures))
