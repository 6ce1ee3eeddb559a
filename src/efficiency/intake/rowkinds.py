"""What each row below a header is: data, a total, a note, or blank. Every row is exactly one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.cells import is_blank, squeeze
from efficiency.intake.grid import filled_cells
from efficiency.reference.tables import normalise_name

if TYPE_CHECKING:
    from efficiency.intake.grid import Grid
    from efficiency.intake.layout import Header

_TOTAL = r"^(?:其中:?)?.{0,8}?(?:合计|总计|小计|共计)(?:数|户数)?:?(?:\([^)]*\))?$|^累计$"
_SUBTOTAL = r"小计|.(?:合计|总计|共计)"
_GRAND = r"^(?:总|全区|全县|全市|全部|本表|园区)?(?:合计|总计|共计)"
_CARRIER_TOTAL = r"^(?:合计|总计|小计|共计)$"
_NOTE = (
    r"^(?:备?注|附注|说明|填表说明|填报说明|指标解释|填表人|填报人|制表人?|审核人?|复核人?|经办人|负责人|单位负责人|统计负责人|分管领导"
    r"|联系人|联系电话|电话|填报日期|填表日期|报出日期|报送日期|打印日期|制表日期|数据来源|资料来源|来源|盖章|签字|签章|公章|单位公章"
    r"|填报单位|报送单位)(?:签字|签章|盖章)?\d*(?:\([^)]*\))?(?::.*)?$|^注\d*[:.、].*|^[*※].*|^\(?以下(?:空白|无正文)\)?$"
)
_SENTENCE = r"[。;；]|^\d{1,2}[、.．](?:\D|$)|^.{40,}$"
_PLAIN_NAME = r"^[^\s计注说表核人责话期源章字下*＊※。;；:：、.．\d名]{2,39}$"
"""A text that cannot be a total, a note or a repeated header, so that most rows need no closer look."""


def classify(grid: Grid, header: Header, columns: set[int], end: int, carrier: int | None = None) -> pl.DataFrame:
    """One row for each row below the header to before `end`: `place` (row of the grid) and `kind`.

    `kind` is data, total (of all rows), subtotal (of the rows since the last), note or blank; `columns` are those that
    the table's plans read, `carrier` the one that names carriers.
    """
    first = header.bottom + 1
    identity = header.identity
    uscc, name = (
        pl.col(f"t{identity[key]}") if key in identity else pl.lit(None, dtype=pl.String) for key in ("uscc", "name")
    )
    serials = [column for column, meaning in header.meanings.items() if meaning.role == "serial"]
    serial = (
        pl.sum_horizontal(
            [
                pl.col(f"n{c}").is_not_null() | pl.col(f"t{c}").str.contains(r"^\s*\d+\s*$").fill_null(value=False)
                for c in serials
            ]
        )
        if serials
        else pl.lit(0)
    )
    labels = [pl.col(f"t{column}") for column in range(max(identity.values(), default=min(columns)) + 1)]
    named = uscc.str.contains(r"[0-9A-Za-z]{8}").fill_null(value=False) | (
        name.str.contains(_PLAIN_NAME) & ~is_blank_word(name)
    ).fill_null(value=False)
    counted = grid.frame[first:end].select(
        pl.int_range(first, end, dtype=pl.Int64).alias("place"),
        grid.filled[first:end].alias("filled"),
        filled_cells(columns).alias("ours"),
        filled_cells(columns - set(identity.values())).alias("figures"),
        serial.alias("serial"),
        named.alias("named"),
        name.alias("name"),
        uscc.alias("uscc"),
        pl.coalesce(labels).alias("label"),
        (pl.col(f"t{carrier}") if carrier is not None else pl.lit(None, dtype=pl.String)).alias("carrier"),
        *(label.alias(f"label{place}") for place, label in enumerate(labels)),
    )
    # Most rows of most tables plainly name an enterprise: only the others are looked at as words.
    odd = counted.filter(~pl.col("named") | pl.col("carrier").str.contains("计"))
    looked = _look_closely(odd, header, len(labels), alone=carrier is not None and not identity)
    kinds = (
        counted.select("place", "filled", "figures", "ours", "serial")
        .join(looked, on="place", how="left", maintain_order="left")
        .with_columns(
            pl.when((pl.col("filled") == 0) | (pl.col("filled") == pl.col("serial")))
            .then(pl.lit("blank"))
            .when(pl.col("odd").is_not_null())
            .then(pl.col("odd"))
            .when(pl.col("ours") == 0)
            .then(pl.lit("note"))
            .otherwise(pl.lit("data"))
            .alias("kind")
        )
    )
    return _with_foot(kinds).select("place", "kind")


def is_blank_word(name: pl.Expr) -> pl.Expr:
    """Whether a name cell holds only a dash, a stroke or 无."""
    return name.str.contains(r"^[-—–−─－/／\\\\无]+$")


def last_used_row(grid: Grid, end: int) -> int:
    """The row after the last one before `end` that is not blank."""
    used = (grid.filled[:end] > 0).arg_true()
    return int(used[-1]) + 1 if len(used) else 0


def _look_closely(rows: pl.DataFrame, header: Header, labels: int, *, alone: bool) -> pl.DataFrame:
    """`place`, `word`, `odd` (total, subtotal, note; null for data) of rows that do not plainly name an enterprise.

    `alone`: the table names no enterprise, so that the names of its carriers are no labels of rows (能源合计).
    """
    if not rows.height:
        return pl.DataFrame(schema={"place": pl.Int64, "word": pl.String, "odd": pl.String})
    column = next(iter(header.identity.values()), min(header.meanings))
    headers = [normalise_name(word) for word in header.meanings[column].header.split("|")]
    label = squeeze(
        pl.coalesce(
            pl.when(~is_blank(pl.col(f"label{place}"))).then(pl.col(f"label{place}")) for place in range(labels)
        )
    )
    # 合计 may stand in the column of codes; what has neither digit nor letter is no code.
    unnamed = is_blank(pl.col("uscc")) | ~pl.col("uscc").str.contains(r"[0-9A-Za-z]")
    word = pl.when(unnamed & ~is_blank(pl.col("name"))).then(squeeze(pl.col("name"))).when(unnamed).then(label)
    carrier_total = squeeze(pl.col("carrier")).str.contains(_CARRIER_TOTAL)
    total = carrier_total if alone else word.str.contains(_TOTAL) | carrier_total
    grand, subtotal = word.str.contains(_GRAND), word.str.contains(_SUBTOTAL)
    return rows.select(
        "place",
        word.alias("word"),
        pl.when(word.is_in(headers) | squeeze(pl.col("uscc")).is_in(headers))
        .then(pl.lit("note"))
        .when(total & subtotal & ~grand)
        .then(pl.lit("subtotal"))
        .when(total)
        .then(pl.lit("total"))
        .when(word.str.contains(_NOTE))
        .then(pl.lit("note"))
        .alias("odd"),
    )


def _with_foot(kinds: pl.DataFrame) -> pl.DataFrame:
    """The lines below the last row with figures are notes where they are sentences or follow a note."""
    strong = kinds.filter((pl.col("kind") == "data") & (pl.col("figures") > 0))["place"].max()
    if strong is None:
        return kinds
    foot = (pl.col("place") > strong) & (pl.col("kind") == "data")
    after_note = ((pl.col("kind") == "note") & (pl.col("place") > strong)).cum_max()
    sentence = pl.col("word").str.contains(_SENTENCE).fill_null(value=False)
    return kinds.with_columns(
        pl.when(foot & (pl.col("filled") <= 2) & (after_note | sentence))
        .then(pl.lit("note"))
        .otherwise(pl.col("kind"))
        .alias("kind")
    )
