"""Which columns of a table tell the parts of a figure apart: identifiers and labels that differ between its rows.

Parts are plots, meters, contracts, workshops, kinds of tax. Their columns are no fields of the form, have a header and
hold words or codes: never amounts, rates, dates, remarks, persons to contact, or the numbers of the lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.extraction.columns import cell_texts, filled_down
from efficiency.intake.layout import interpret, piece
from efficiency.reference.tables import carrier_aliases, carrier_kinds, normalise_name
from schemas import FORMS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.formats import Grid
    from efficiency.intake.layout import Header

IDENTIFIER = re.compile(r"号(?!码段)|编码|代码|条码|ID$")
"""Headers of columns each of whose values names one thing, which is the same thing where the value is the same."""
_LABEL = re.compile(
    rf"{IDENTIFIER.pattern}|宗地|地块|不动产|户名|车间|厂区|厂房|分厂|生产线|产线|工段|班组|合同|征收|税种|品目|用途|坐落|地址|"
    r"线路|变压器|机组|锅炉|仓库|[楼栋站]|项目(?!数)"
)
"""Headers of columns whose values are labels even where they are written as numbers (车间 1, 2)."""
_NO_LABEL = re.compile(
    r"序号|行号|顺序号|流水号|报送|上报|备注|说明|附注|注释|联系|电话|手机|传真|邮箱|邮编|邮政|网址|QQ|微信|日期|时间|年份|年度|月份|季度|期间|所属期|"
    r"截止|起止|填报|填表|制表|审核|复核|经办|负责|法人|法定代表|身份证|状态|进度|意见|是否|情况|原因|版本|来源|计量单位|排名|名次|评级|得分",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"面积|金额|数量|[数量额值率价费]$|税款$|收入|占比|比例|比重")
_DAY = re.compile(r"^(?:19|20)\d{2}[-/.年](?:0?[1-9]|1[0-2])(?:[-/.月](?:0?[1-9]|[12]\d|3[01])日?|月)?$")
_SUM = r"^(?:企业|本户|单位|税收|全部|各项|面积|用地|电量)?(?:合计|小计|总计|共计)数?$"
"""What stands in the place of a label where a row sums the parts of its enterprise."""
_WITHIN = r"^(?:其中|#|内含|含[:：])"
"""How the label of a row begins that is contained in another part."""
_LONG = 40
"""Characters of a text on average, beyond which a column holds remarks."""


def label_columns(table: Table, read: Collection[int]) -> dict[int, pl.Series]:
    """Column → its texts, one for each data row (null where blank), of the columns that may tell parts apart.

    `read` are the columns that any form of the table reads.
    """
    grid, header = table.grid, table.header
    heads = grid.rows(header.top, header.bottom + 1)
    found: dict[int, pl.Series] = {}
    for column in range(grid.width):
        meaning = header.meanings.get(column)
        if column in read or (
            meaning is not None and (meaning.identity or meaning.carrier or _is_number(meaning.fields))
        ):
            continue
        if meaning is not None and meaning.role not in (None, "serial"):
            continue
        texts = list(dict.fromkeys(row[column] for row in heads if row[column]))
        if not texts or not _may_be_label(texts):
            continue
        cells = filled_down(table.cells, grid, column).select(number=f"n{column}", text=f"t{column}")
        values = cell_texts(cells)
        serial = meaning is not None and meaning.role == "serial" and _is_running(values)
        if values.null_count() < len(values) and not serial and _are_labels(values, is_label=_is_label(texts)):
            found[column] = values
    return found


def with_sums_of_parts(
    grid: Grid, header: Header, read: Collection[int], kinds: pl.DataFrame, periods: Collection[int]
) -> pl.DataFrame:
    """`kinds` (what `layout.classify` gives) in which a row with 合计 in the place of a part's label is a subtotal, and
    one with 其中: is a note, since another part contains it.

    Other rows of the same enterprise, and of the same `periods` (columns), state the parts; a table that has such rows
    alone states totals. `read` are the columns that any form of the table reads.
    """
    heads = grid.rows(header.top, header.bottom + 1)
    first = int(kinds["row_index"][0]) if kinds.height else 0
    words = [
        pl.col(f"t{column}").str.replace_all(r"\s", "")
        for column in range(grid.width)
        if column not in read
        and (texts := list(dict.fromkeys(row[column] for row in heads if row[column])))
        and _may_be_label(texts)
    ]
    who = [pl.col(f"t{column}").forward_fill() for column in header.identity.values()]
    if not words or not who:
        return kinds
    is_data = pl.col("kind") == "data"
    left_out = {"subtotal": _SUM, "note": _WITHIN}
    marked = (
        grid.frame[first : first + kinds.height]
        .hstack([kinds["kind"]])
        .select(
            *(
                (is_data & pl.any_horizontal(word.str.contains(text).fill_null(value=False) for word in words)).alias(
                    kind
                )
                for kind, text in left_out.items()
            ),
            is_data.alias("states"),
            pl.coalesce(who).alias("who"),
            *(
                pl.coalesce(pl.col(f"n{column}").cast(pl.String), f"t{column}").alias(f"p{column}")
                for column in periods
            ),
        )
    )
    if not any(marked.select(pl.col(*left_out).any()).row(0)):
        return kinds
    key = [name for name in marked.columns if name not in (*left_out, "states")]
    others = (pl.col("states") & ~pl.any_horizontal(*left_out)).any().over(key)
    found = kinds.hstack(marked.select(pl.col(*left_out) & others))
    kind = pl.when("subtotal").then(pl.lit("subtotal")).when("note").then(pl.lit("note"))
    return found.select("row_index", pl.coalesce(kind.cast(kinds.schema["kind"]), "kind").alias("kind"))


def with_rows_within_carriers(
    grid: Grid, header: Header, carrier: int, kinds: pl.DataFrame, periods: Collection[int]
) -> pl.DataFrame:
    """`kinds` in which a row 其中:92#汽油 below 汽油 of the same enterprise is a note, and so are the kinds below it.

    `carrier` is the column of the carriers. Other rows with 其中 stay as they are.
    """
    first = int(kinds["row_index"][0]) if kinds.height else 0
    body = grid.frame[first : first + kinds.height].hstack([kinds["kind"]])
    texts = body[f"t{carrier}"]
    if not header.identity or not texts.str.contains(_WITHIN).any():
        return kinds
    named = [(text, *_carrier_of(text)) for text in texts.drop_nulls().unique()]
    schema = {"text": pl.String, "carrier": pl.String, "whole": pl.Boolean, "within": pl.Boolean}
    known = pl.DataFrame(named, schema=schema, orient="row")
    who = pl.coalesce(pl.col(f"t{column}").forward_fill() for column in header.identity.values())
    spans = (pl.coalesce(pl.col(f"n{c}").cast(pl.String), f"t{c}").forward_fill().alias(f"p{c}") for c in periods)
    rows = body.select(who.alias("who"), pl.col(f"t{carrier}").alias("text"), pl.col("kind") == "data", *spans).join(
        known, on="text", how="left", maintain_order="left"
    )
    key = [name for name in rows.columns if name not in ("text", "kind", "whole", "within")]
    has_whole = (pl.col("kind") & pl.col("whole")).any().over(key)
    begun = pl.col("within").fill_null(value=False).cast(pl.Int8).cum_max().over(key) == 1
    within = rows.select(pl.col("kind") & begun & ~pl.col("whole") & has_whole & pl.col("carrier").is_not_null())
    kind = pl.when(within.to_series().fill_null(value=False)).then(pl.lit("note")).otherwise("kind")
    return kinds.with_columns(kind.cast(kinds.schema["kind"]).alias("kind"))


def _carrier_of(text: str) -> tuple[str | None, bool, bool]:
    """The carrier that a text names, whether as a whole, and whether it is introduced by 其中."""
    plain = normalise_name(text)
    rest = re.sub(rf"{_WITHIN}[:,、]?", "", plain)
    within = rest != plain
    return carrier_aliases().get(rest), not within and rest not in carrier_kinds(), within


def kinds_of_carriers(table: Table) -> dict[int, pl.Series]:
    """The column of the carriers → the kind that each data row names (92#汽油), null where it names none.

    For a table whose rows name their carriers, else empty.
    """
    if not table.layout.long_energy:
        return {}
    bindings = {binding.field: binding.column for binding in table.layout.groups[0].columns}
    column = bindings["carrier"]
    texts = table.cells[f"t{column}"]
    kinds = {text: kind for text in texts.drop_nulls().unique() if (kind := carrier_kinds().get(normalise_name(text)))}
    return {column: texts.replace_strict(kinds, default=None, return_dtype=pl.String)} if kinds else {}


def report_within(table: Table, row_indexes: pl.Series) -> None:
    """A note on each of these rows, which another part of the same figure contains."""
    column = min(table.header.identity.values(), default=min(table.layout.columns))
    for row_index in row_indexes:
        row = table.grid.row_number(row_index)
        table.table_problem("part_within", cell=f"{table.grid.letters(column)}{row}", row=row)


def is_identifier(table: Table, column: int) -> bool:
    """Whether equal values in `column` name one and the same thing (a meter, a plot), not a kind of things."""
    heads = table.grid.rows(table.header.top, table.header.bottom + 1)
    return any(IDENTIFIER.search(row[column]) for row in heads if row[column])


def _is_number(fields: Sequence[tuple[str, str]]) -> bool:
    """Whether a header names a figure, a date or a flag of any form."""
    return any(FORMS[form].column(field).kind != "text" or field == "unit" for form, field in fields)


def _may_be_label(texts: Sequence[str]) -> bool:
    """Whether the header made up of `texts` may be that of a label: without a unit, and nothing that is never one."""
    pieces = [piece(text) for text in texts]
    if any(p.unit or p.unknown_unit or p.timing for p in pieces) or any(_NO_LABEL.search(text) for text in texts):
        return False
    meaning = interpret(tuple(p.whole for p in pieces))
    return meaning is None or not (meaning.carrier or _is_number(meaning.fields))


def _is_label(texts: Sequence[str]) -> bool:
    return any(_LABEL.search(text) for text in texts) and not any(_AMOUNT.search(text) for text in texts)


def _is_running(values: pl.Series) -> bool:
    """Whether a column numbers its lines: 1, 2, 3, …"""
    numbers = values.drop_nulls().cast(pl.Float64, strict=False)
    return (numbers == pl.int_range(1, len(numbers) + 1, eager=True)).fill_null(value=False).all()


def _are_labels(values: pl.Series, *, is_label: bool) -> bool:
    """Whether the `values` of a column are labels: words, or codes under a header that names a label."""
    known = values.drop_nulls()
    if is_label:
        return True
    if 2 * known.cast(pl.Float64, strict=False).count() > len(known):
        return False
    if 2 * known.str.contains(_DAY.pattern).sum() > len(known):
        return False
    return float(known.str.len_chars().mean() or 0) <= _LONG  # type: ignore[arg-type]  # of a column of texts
