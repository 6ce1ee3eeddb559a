"""What each row below a header is: data, a total, a note, or blank. Every row is exactly one of them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.cells import says_nothing, squeezed
from efficiency.intake.periods import marker
from efficiency.reference.tables import normalise_name

if TYPE_CHECKING:
    from efficiency.intake.grid import Grid
    from efficiency.intake.layout import Header

_TOTAL = re.compile(r"^(?:其中:?)?.{0,8}?(?:合计|总计|小计|共计)(?:数|户数)?:?(?:\([^)]*\))?$|^累计$")
_SUBTOTAL = re.compile(r"小计|.(?:合计|总计|共计)")
_GRAND = re.compile(r"^(?:总|全区|全县|全市|全部|本表|园区)?(?:合计|总计|共计)")
_CARRIER_TOTAL = re.compile(r"^(?:合计|总计|小计|共计)$")
_NOTE = re.compile(
    r"^(?:备?注|附注|说明|填表说明|填报说明|指标解释|填表人|填报人|制表人?|审核人?|复核人?|经办人|负责人|单位负责人|统计负责人|分管领导"
    r"|联系人|联系电话|电话|填报日期|填表日期|报出日期|报送日期|打印日期|制表日期|数据来源|资料来源|来源|盖章|签字|签章|公章|单位公章"
    r"|填报单位|报送单位)(?:签字|签章|盖章)?\d*(?:\([^)]*\))?(?::.*)?$|^注\d*[:.、].*|^\(?以下(?:空白|无正文)\)?$"
)
_GROUP = re.compile(r"^(?:[一二三四五六七八九十]{1,3}、|\([一二三四五六七八九十]{1,3}\)|[*※])")
"""A group of enterprises (一、规上企业) or a remark (*为估计数), but only where no figure stands beside it."""
_MAY_BE_TIME = re.compile(r"(?m)^[^\d\n]*\d.*[年月季]|\d{6}|\d{4}-\d")
_SENTENCE = re.compile(r"[。;；]|^\d{1,2}[、.．](?:\D|$)|^.{40,}$")
_CODE_CHARACTER = re.compile(r"[0-9A-Za-z]")
_TELLING = r"^[(（]|[\s年月季计注说表核人责话期源章字下*＊※。;；:：、.．\d名]"
"""Characters without which a name cannot be a total, a note or a repeated header: most rows need no closer look."""


def classify(grid: Grid, header: Header, columns: set[int], end: int, carrier: int | None = None) -> pl.DataFrame:
    """One row for each row below the header to before `end`: `place` (row of the grid) and `kind`.

    `kind` is data, total (of all rows), subtotal (of the rows since the last), note, time (2026年10月 alone in a row,
    below which another month may begin) or blank; `columns` are those that
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
    carries = pl.lit(None, dtype=pl.String) if carrier is None else pl.col(f"t{carrier}")
    labels = [
        pl.col(f"t{column}").alias(f"label{column}")
        for column in range(max(identity.values(), default=min(columns)) + 1)
    ]
    named = uscc.str.contains(r"[0-9A-Za-z]{8}").fill_null(value=False) | (
        name.str.len_chars().is_between(2, 39) & ~name.str.contains(_TELLING) & ~is_blank_word(name)
    ).fill_null(value=False)
    rows, filled = grid.frame[first:end], grid.filled[first:end].alias("filled")
    counted = rows.select(
        pl.int_range(first, end, dtype=pl.Int64).alias("place"),
        filled,
        grid.filled_in(columns)[first:end].alias("ours"),
        grid.filled_in(columns - set(identity.values()))[first:end].alias("figures"),
        serial.alias("serial"),
        # Most rows of most tables plainly name an enterprise: only the others are looked at as words.
        ((~named | carries.str.contains("计", literal=True).fill_null(value=False)) & (filled > 0)).alias("unclear"),
    )
    unclear = counted["unclear"]
    words = rows.filter(unclear).select(uscc.alias("uscc"), name.alias("name"), carries.alias("carrier"), *labels)
    odd, sentence = _look_closely(words, header, alone=carrier is not None and not identity)
    places = unclear.arg_true()
    plain = pl.DataFrame({"odd": [None], "sentence": [False]}, schema={"odd": pl.String, "sentence": pl.Boolean})
    kinds, sentences = (column.new_from_index(0, counted.height) for column in plain)
    return _with_foot(counted, kinds.scatter(places, odd), sentences.scatter(places, sentence))


def is_blank_word(name: pl.Expr) -> pl.Expr:
    """Whether a name cell holds only a dash, a stroke or 无."""
    return name.str.contains(r"^[-—–−─－/／\\\\无]+$")


def last_used_row(grid: Grid, end: int) -> int:
    """The row after the last one before `end` that is not blank."""
    used = grid.filled[:end].to_numpy().nonzero()[0]
    return int(used[-1]) + 1 if len(used) else 0


def _look_closely(rows: pl.DataFrame, header: Header, *, alone: bool) -> tuple[pl.Series, pl.Series]:
    """Of rows that do not plainly name an enterprise: total, subtotal, note (null: data); and whether it is a sentence.

    `rows` holds `uscc`, `name`, `carrier` and then the texts up to the identity. There are few of them, or few that
    differ, so they are looked at one by one; expressions would cost more to set up. `alone`: the table names no
    enterprise, so that the names of its carriers are no labels of rows (能源合计).
    """
    column = next(iter(header.identity.values()), min(header.meanings))
    headers = frozenset(normalise_name(word) for word in header.meanings[column].header.split("|"))
    odd: list[str | None] = []
    sentences: list[bool] = []
    for code, name, carrier, *labels in rows.iter_rows():
        word = _word(code, name, labels)
        printed_again = word in headers or (code is not None and squeezed(code) in headers)
        odd.append("note" if printed_again else _odd(word, carrier, alone))
        sentences.append(word is not None and _SENTENCE.search(word) is not None)
    return pl.Series(values=odd, dtype=pl.String), pl.Series(values=sentences, dtype=pl.Boolean)


def _word(code: str | None, name: str | None, labels: list[str | None]) -> str | None:
    """The word that stands where an enterprise should: the name, or the first text; None where there is a code."""
    # 合计 may stand in the column of codes; what has neither digit nor letter is no code.
    if code is not None and _CODE_CHARACTER.search(code):
        return None
    return next((word for text in (name, *labels) if (word := _plain(text))), None)


@lru_cache(maxsize=1 << 16)
def _plain(text: str | None) -> str | None:
    """`text` squeezed; None where it says nothing."""
    return None if text is None or says_nothing(text) else squeezed(text)


@lru_cache(maxsize=1 << 16)
def _odd(word: str | None, carrier: str | None, alone: bool) -> str | None:
    """total, subtotal, note, heading of a group, or mark of time; None for what may be data."""
    total = carrier is not None and _CARRIER_TOTAL.search(squeezed(carrier)) is not None
    if word is None:
        return "total" if total else None
    if total or (not alone and _TOTAL.search(word)):
        return "subtotal" if _SUBTOTAL.search(word) and not _GRAND.search(word) else "total"
    if _NOTE.search(word):
        return "note"
    if _GROUP.search(word):
        return "heading"
    return "time" if _MAY_BE_TIME.search(word) and not alone and marker(word) is not None else None


def _with_foot(counted: pl.DataFrame, odd: pl.Series, sentence: pl.Series) -> pl.DataFrame:
    """`place` and `kind`; lines below the last row with figures are notes where they are sentences or follow a note."""
    kinds = counted.with_columns(
        sentence,
        pl.when((pl.col("filled") == 0) | (pl.col("filled") == pl.col("serial")))
        .then(pl.lit("blank"))
        .when(odd.is_in(["heading", "time"]) & (pl.col("figures") > 0))
        .then(pl.lit("data"))
        .when(odd == "heading")
        .then(pl.lit("note"))
        .when(odd.is_not_null())
        .then(odd)
        .when(pl.col("ours") == 0)
        .then(pl.lit("note"))
        .otherwise(pl.lit("data"))
        .alias("kind"),
    )
    data = pl.col("kind") == "data"
    strong = pl.col("place").filter(data & (pl.col("figures") > 0)).max()
    after_note = ((pl.col("kind") == "note") & (pl.col("place") > strong)).cum_max()
    foot = data & (pl.col("place") > strong) & (pl.col("filled") <= 2)
    return kinds.select(
        "place",
        pl.when(foot & (after_note | pl.col("sentence"))).then(pl.lit("note")).otherwise(pl.col("kind")).alias("kind"),
    )
