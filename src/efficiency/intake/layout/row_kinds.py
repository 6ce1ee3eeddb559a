"""What each row below a header is: data, a total, a note, or blank; and whose it is where a name stands for a block.

Every row is exactly one of them.
"""

from __future__ import annotations

import re
from functools import lru_cache, reduce
from operator import or_
from typing import TYPE_CHECKING, Literal

import polars as pl

from efficiency.intake.parsing import canonical, is_blank, is_blank_squeezed, marker, parse_number, squeeze
from efficiency.parts import SUMS_AGREE
from efficiency.reference.tables import normalise_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from efficiency.intake.formats import Grid
    from efficiency.intake.layout.header_cells import Header

SUMS = ("total", "subtotal", "page", "group")
"""Kinds of rows that sum others."""
FEW_CELLS = 2
"""Filled cells of a line at the foot of a table."""
_AS_ABOVE = r"^(?:同上|[〃\"”]|′′|'')$"
"""What people write below a name instead of it."""


def classify(
    grid: Grid,
    header: Header,
    columns: set[int],
    end: int,
    *,
    carrier: int | None = None,
    periods: Collection[int] = (),
) -> pl.DataFrame:
    """The kind of each row from below the header to before `end`: `row_index` (of the grid) and `kind`.

    `kind` is data, total (of all rows), subtotal (of the rows since the last), page (the sums of a page, or of the rows
    so far), group (a heading with the sums of the rows below it), note, time (2026年10月 alone in a row, below which
    another month may begin) or blank. `columns` are the columns that the table's layouts read, `carrier` the one that
    names carriers, `periods` those that name months.
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
    numbered = [pl.col(f"t{c}").str.contains(r"[一二三四五六七八九十]").fill_null(value=False) for c in serials]
    summing = (*periods, *(() if carrier is None else (carrier,)))
    summed = [pl.col(f"t{c}").str.contains("计", literal=True).fill_null(value=False) for c in summing]
    named = uscc.str.contains(r"[0-9A-Za-z]{8}").fill_null(value=False) | (
        name.str.len_chars().is_between(2, 39) & ~name.str.contains(MAY_BE_NO_NAME) & ~_is_dash(name)
    ).fill_null(value=False)
    rows, filled = grid.frame[first:end], grid.filled[first:end].alias("filled")
    counted = rows.select(
        pl.int_range(first, end, dtype=pl.Int64).alias("row_index"),
        filled,
        grid.filled_in(columns)[first:end].alias("ours"),
        grid.filled_in(columns - set(identity.values()))[first:end].alias("figures"),
        serial.alias("serial"),
        # Most rows of most tables plainly name an enterprise: only the words of the others are interpreted.
        (reduce(or_, [~named, *numbered, *summed]) & (filled > 0)).alias("unclear"),
    )
    unclear = counted["unclear"]
    closely = rows.filter(unclear)
    words = _words(closely, identity, carrier, range(max(identity.values(), default=min(columns)) + 1))
    found = _interpret(words, header, alone=carrier is not None and not identity)
    odd, stray = found["odd"], pl.Series([False]).new_from_index(0, found.height)
    if periods:
        # 合计 in a column of months: the rows of one enterprise summed.
        sums = (squeeze(pl.col(f"t{column}")).str.contains(_SUM_OF_COLUMN) for column in periods)
        summed_months = closely.select(pl.any_horizontal(sums).fill_null(value=False)).to_series()
        odd = odd.set((odd == "") & summed_months, "subtotal")
    if found["silent"].any():
        zeros, stray = _silent_rows(closely.drop(f"n{c}" for c in serials), found["silent"])
        if not _is_merged(grid, identity.values(), first):
            odd = odd.set((odd == "") & zeros, "blank")
    row_indexes = unclear.arg_true()
    interpreted = {"odd": ("", odd), "closing": (False, found["closing"]), "stray": (False, stray)}
    counted = counted.hstack(
        [
            pl.Series(name, [plain]).new_from_index(0, counted.height).scatter(row_indexes, values)
            for name, (plain, values) in interpreted.items()
        ]
    )
    kinds = _with_foot(counted)
    place = counted["odd"] == "place"
    if carrier is None and place.any():
        figures_in = sorted(columns - set(identity.values()) - set(periods))
        kinds = _with_sums_of_places(kinds, rows, place, figures_in)
    if carrier is not None and identity:
        kinds = _with_total_blocks(kinds, rows, list(identity.values()), carrier)
    if not header.again:
        return kinds
    printed_again = pl.col("row_index").is_in(list(header.again)) & (pl.col("kind") != "blank")
    return kinds.with_columns(pl.when(printed_again).then(pl.lit("note")).otherwise("kind").alias("kind"))


def _is_dash(name: pl.Expr) -> pl.Expr:
    """Whether a name cell holds only a dash, a stroke or 无."""
    return name.str.contains(r"^[-—–−─－/／\\\\无]+$")


def last_used_row(grid: Grid, end: int) -> int:
    """The row after the last one before `end` that is not blank."""
    used = grid.filled[:end].to_numpy().nonzero()[0]
    return int(used[-1]) + 1 if len(used) else 0


def _words(rows: pl.DataFrame, identity: Mapping[str, int], carrier: int | None, labels: Sequence[int]) -> pl.DataFrame:
    """What `_interpret` takes: `uscc` and `carrier` squeezed, `name` as stated, then name and `labels` as words.

    A word is squeezed, and null where it is blank. All columns are made as one, end to end: setting up expressions for
    each of them costs more than the few rows.
    """
    places = {column: place for place, column in enumerate(dict.fromkeys((*identity.values(), *labels)))}
    if carrier is not None:
        places.setdefault(carrier, len(places))
    texts = pl.concat([rows[f"t{column}"].alias("text") for column in places])
    word = pl.when(~is_blank_squeezed(pl.col("squeezed"))).then("squeezed").alias("word")
    squeezed = texts.to_frame().lazy().select(squeeze(pl.col("text")).alias("squeezed")).with_columns(word).collect()
    words = squeezed["word"]
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, rows.height)

    def of(column: int | None, texts: pl.Series) -> pl.Series:
        """The texts of a column."""
        return nothing if column is None else texts.slice(places[column] * rows.height, rows.height)

    uscc, name = identity.get("uscc"), identity.get("name")
    return pl.DataFrame(
        {
            "uscc": of(uscc, squeezed["squeezed"]),
            "name": nothing if name is None else rows[f"t{name}"],
            "carrier": of(carrier, squeezed["squeezed"]),
            "word": of(name, words),
            **{f"label{column}": of(column, words) for column in labels},
        }
    )


def _interpret(rows: pl.DataFrame, header: Header, *, alone: bool) -> pl.DataFrame:
    """What rows are that do not plainly name an enterprise, one output row for each.

    `rows` is what `_words` gives; its labels are the texts up to the name. `alone`: the table names no enterprise.
    Returns `odd` (see `odd_row`; `` for data), `closing` (the row may be at the foot) and `silent` (neither a code nor
    a name).
    """
    column = next(iter(header.identity.values()), min(header.meanings))
    headers = frozenset(normalise_name(word) for word in header.meanings[column].header.split("|"))
    found: list[tuple[str, bool, bool]] = []
    # Such rows are few, or few of them differ, and each rule is a regular expression over a word.
    for code, name, carrier, name_word, *labels in rows.iter_rows():
        word = word_of(code, (name_word, *labels))
        kind: str | None = odd_row(word, carrier, alone=alone)
        if kind is None and word is not None and not alone and _NUMBER_OF_ENTERPRISES.fullmatch(word):
            # 合计 | 2户: how many there are, in the place of the name.
            kind = next((sum_ for text in labels if text and (sum_ := odd_row(text, None, alone=False)) in SUMS), None)
        if word in headers or code in headers:
            kind = "note"
        elif kind in {None, "place"} and word is not None and not alone and heads_a_group(name, labels):
            kind = "heading"
        if kind == "heading" and not alone and word is not None and may_have_sums(word):
            kind = "group"
        found.append((kind or "", word is not None and closes_a_table(word), word is None and code is None))
    schema = {"odd": pl.String, "closing": pl.Boolean, "silent": pl.Boolean}
    return pl.DataFrame(found, schema=schema, orient="row")


def _silent_rows(rows: pl.DataFrame, silent: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Of the `silent` rows, which name no enterprise: which are prepared formulas, and which are stray texts.

    The former hold nothing but zeros and blanks; the latter a text or two without a figure (a stamp, a date).
    """
    numbers = [name for name in rows.columns if name.startswith("n")]
    texts = [name for name in rows.columns if name.startswith("t")]
    about = rows.select(
        pl.all_horizontal(
            *(pl.col(name).fill_null(0.0) == 0.0 for name in numbers), *(is_blank(pl.col(name)) for name in texts)
        ).alias("zeros"),
        pl.any_horizontal(pl.lit(value=False), *(pl.col(name).is_not_null() for name in numbers)).alias("numbers"),
        pl.sum_horizontal(pl.col(name).is_not_null() for name in texts).alias("texts"),
    )
    stray = silent & ~about["numbers"] & (about["texts"] <= FEW_CELLS)
    cells = rows.select(pl.int_range(pl.len()).alias("row"), *texts).filter(stray).unpivot(index="row").drop_nulls()
    figure = parse_number(pl.col("value")).is_not_null() | pl.col("value").str.contains(r"^\s*[#=]")
    with_figure = cells.filter(figure)["row"] if cells.height else cells["row"]
    return silent & about["zeros"], stray.scatter(with_figure.unique(), False)


def _is_merged(grid: Grid, columns: Collection[int], first: int) -> bool:
    """Whether a cell of `columns` is merged over rows from `first` on."""
    return any(left in columns and bottom > max(top, first - 1) for top, left, bottom, _ in grid.merges)


def _with_foot(counted: pl.DataFrame) -> pl.DataFrame:
    """`row_index` and `kind`; lines below the last row with figures are notes where they close the table.

    So is the name of a place alone in its row above others: an enterprise that lacks its figures is data.
    """
    # Of series at hand, since setting up expressions would cost more than the rows of most tables.
    row_index, filled, serial, odd = (counted[name] for name in ("row_index", "filled", "serial", "odd"))
    figures = counted["figures"] > 0
    heading = odd == "heading"
    kind = pl.Series("kind", ["data"]).new_from_index(0, counted.height).set(counted["ours"] == 0, "note")
    kind = odd.zip_with(odd != "", kind).set(heading | ((odd == "group") & ~figures), "note").alias("kind")
    kind = kind.set((odd == "place") | ((heading | (odd == "time")) & figures), "data")
    kind = kind.set((filled == 0) | (filled == serial), "blank")
    data, time = kind == "data", kind == "time"
    last = row_index.filter(data & figures & ~counted["stray"]).max()
    if last is None:
        return pl.DataFrame([row_index, kind])
    below = row_index > last
    notes = row_index.filter(((kind == "note") | time) & below)
    after_note = row_index > (notes[0] if len(notes) else row_index[-1])
    foot = data & below & (filled <= FEW_CELLS) & (counted["closing"] | counted["stray"] | after_note)
    above = (odd == "place") & (filled - serial == 1) & (row_index < last)
    return pl.DataFrame([row_index, kind.set(foot | above | (time & below), "note")])


def _with_sums_of_places(kinds: pl.DataFrame, rows: pl.DataFrame, place: pl.Series, columns: list[int]) -> pl.DataFrame:
    """`kinds` in which rows of places (张店镇) with figures are sums, where these are the sums of the rows beside them.

    They head the rows below them, or close those above; `columns` are those of figures. Where that does not hold for
    half of them, and for none with several rows, they are data.
    """
    of_place = place & (kinds["kind"] == "data")
    data = (kinds["kind"] == "data") & ~of_place
    if not of_place.any() or not data.any() or not columns:
        return kinds
    values = rows.select(
        pl.coalesce(pl.col(f"n{column}"), pl.col(f"t{column}").cast(pl.Float64, strict=False)).alias(str(column))
        for column in columns
    )
    begun = of_place.cast(pl.Int32).cum_sum()
    found: dict[str, int] = {}
    for kind, group in (("group", begun), ("subtotal", begun - of_place.cast(pl.Int32))):
        of_group = values.with_columns(pl.when(data).then(pl.all()).name.keep()).with_columns(data.alias("rows"))
        sums = of_group.select(pl.all().sum().over(group.alias("group")))
        agrees = [
            (values[name] != 0) & ((values[name] - sums[name]).abs() <= SUMS_AGREE * values[name].abs())
            for name in values.columns
        ]
        summing = of_place & pl.DataFrame(agrees).select(pl.any_horizontal(pl.all().fill_null(value=False))).to_series()
        found[kind] = int(summing.sum()) if (summing & (sums["rows"] > 1)).any() else 0
    kind = max(found, key=lambda name: found[name])
    if not found[kind] or 2 * found[kind] < int(of_place.sum()):
        return kinds
    return kinds.with_columns(pl.when(of_place).then(pl.lit(kind)).otherwise("kind").alias("kind"))


def _with_total_blocks(kinds: pl.DataFrame, rows: pl.DataFrame, identity: list[int], carrier: int) -> pl.DataFrame:
    """`kinds` with the rows of a total's further carriers as totals: 合计 is on the first of them only.

    They follow it row by row, name no enterprise, and each names a carrier that none above it does.
    """
    if not ((kinds["kind"] == "total") | (kinds["kind"] == "subtotal")).any():
        return kinds
    unnamed = rows.select(pl.all_horizontal(is_blank(pl.col(f"t{column}")) for column in identity)).to_series()
    if not (unnamed & (kinds["kind"] == "data")).any():
        return kinds
    marked = rows.select(kinds["kind"], unnamed.alias("unnamed"), squeeze(pl.col(f"t{carrier}")).alias("about"))
    follows = pl.col("unnamed") & (pl.col("kind") == "data") & pl.col("about").is_not_null()
    blocks = marked.with_columns(follows.alias("follows"), (~follows).cum_sum().alias("block")).with_columns(
        (pl.col("kind").is_in(["total", "subtotal"]) & ~pl.col("about").str.contains(_SUM_OF_COLUMN))
        .first()
        .over("block")
        .alias("summed"),
        pl.struct("block", "about")
        .is_first_distinct()
        .cast(pl.Int8)
        .cum_min()
        .over("block")
        .cast(pl.Boolean)
        .alias("new"),
    )
    kind = pl.when(pl.col("follows") & pl.col("summed") & pl.col("new")).then(pl.col("kind").first().over("block"))
    return kinds.with_columns(blocks.select(kind.otherwise("kind").alias("kind")).to_series())


Odd = Literal["total", "subtotal", "page", "note", "heading", "place", "time"]

MAY_BE_NO_NAME = (
    r"[\s年月季计注说表核人责话期源章字下页白*＊※。;；:：、.．,，\d名〇○均值比率]|^[(（]|^(?:其中|增|校验|核对|总数|(?i:total))"
    r"|[局会室府道处镇科乡村区园]$|行业$|^规模以|^[规限][上下]|^规模"
)
"""What every total, note or repeated header contains, and few names of enterprises."""

_TOTAL = re.compile(
    r"^(?:其中:?)?.{0,8}?(?:合计|总计|小计|共计)(?:数|户数)?:?(?:\([^)]*\)|\d+[户家个])?$|^总数$|^TOTAL:?$"
)
_NUMBER_OF_ENTERPRISES = re.compile(r"[(]?共?\d+[户家个][)]?")
_PAGE = re.compile(
    r"^(?:[过转接][次下]页|[承接续][前上]页|结转[次下]页|[上前]页(?:合计|累计|小计|结转|转来)|(?:本|第\d+)页(?:合计|小计|累计|共计|总计)?"
    r"|(?:截?[至止]?本页)?(?:止?累计|合计至本页)|以[上前](?:合计|小计|累计))数?:?$"
)
"""Sums at the head and the foot of each page: of the page, or of all rows so far."""
_SUBTOTAL = re.compile(r"小计|.(?:合计|总计|共计)")
_GRAND = re.compile(r"^(?:总|全区|全县|全市|全部|本表|园区)?(?:合计|总计|共计)")
_SUM_OF_COLUMN = r"^(?:合计|总计|小计|共计)$"
"""A cell in a column of carriers or months whose row sums those above."""
_NOTE = re.compile(
    r"^(?:备?注|附注|说明|填表说明|填报说明|指标解释|填表人|填报人|制表人?|审核人?|复核人?|经办人|负责人|单位负责人|统计负责人|分管领导"
    r"|联系人|联系电话|电话|填报日期|填表日期|报出日期|报送日期|打印日期|制表日期|数据来源|资料来源|来源|盖章|签字|签章|公章|单位公章"
    r"|填报单位|报送单位)(?:签字|签章|盖章)?\d*(?:\([^)]*\))?(?::.*)?$|^注\d*[:.、].*|^(?:计量|金额|货币)?单位:.+"
    r"|^[-—(]*以[上下](?:空白|无正文|无内容)[-—)]*$|^.{1,5}人员?:.*"
)
_GROUP = re.compile(r"^(?:[一二三四五六七八九十]{1,3}、|\([一二三四五六七八九十]{1,3}\)|[*※])|.:$")
"""A group of enterprises (一、规上企业; 张店镇:) or a remark (*为估计数)."""
_PLACE = re.compile(
    r"(?:镇|乡|村|街道|(?:街道|乡镇|地区)办(?:事处)?|办事处|社区|片区|[园新发]区|(?:工业|产业|化工)园|(?:管|村|居)委会|行业"
    r"|[规限](?:模以)?[上下](?:工业)?(?:企业|单位)?)(?:\([^)]*\))?"
)
"""The end of the name of a town, a park or a group, which stands alone in the row above its enterprises."""
_NUMERAL = re.compile(r"\(?[一二三四五六七八九十]{1,3}[)、.]?")
"""The number of a group, in the column of serial numbers."""
_COMPARED = re.compile(
    r"(?=.*(?:上年|去年|上月|上期|同期|同比|环比|[增减比±]))(?:比|较)?(?:上年|去年|上月|上期)?(?:同期|同月)?(?:[数值]|合计|总计)?"
    r"(?:同比|环比)?(?:增长|增减|增加|减少|下降|增速|增幅|±)*+[额量率值数]?(?:\([^)]*\)|[%±+-])*"
    r"|(?:户均|平均|最大|最小|均)[值数]?|中位数|占比(?:\([^)]*\)|%)?|完成率|校验|核对|其中:?.+"
)
"""The label of a row that compares or summarises the rows above it."""
_PART = re.compile(r"其中:?.{0,60}(?:分厂|分公司|车间|生产线|[一二三四五六七八九]厂)")
"""A part of the enterprise in the row above."""
ENTERPRISE = re.compile(r"公司|厂|集团|合作社|中心|研究院|经营部")
"""Words in the names of enterprises."""
_DAY = re.compile(r"20\d\d[-年./]\d{1,2}[-月./]\d{1,2}日?")
_MAY_BE_TIME = re.compile(r"(?m)^[^\d\n]*\d.*[年月季]|\d{6}|\d{4}-\d|^[^〇○\n]*[〇○].*年|\d{4}[./]\d")
_AT_THE_FOOT = re.compile(
    r"[。;；,]|^\d{1,2}[、.．](?:\D|$)|^.{40,}$|^第\d+页|^共\d|^\(完\)$|^(?:抄送|抄报|主送)"
    r"|(?:局|委员会|管委会|办公室|政府|街道|办事处|镇|科|处)$"
)
"""A sentence, the number of a page, or the organisation that signs."""
_CODE_CHARACTER, _HAN = re.compile(r"[0-9A-Za-z]"), re.compile(r"[\u4e00-\u9fff]")


def word_of(code: str | None, words: Iterable[str | None]) -> str | None:
    """The word in the place of an enterprise: the first of `words`, the name before others; None beside a code."""
    # 合计 and 规上企业(3家) may be in the column of codes.
    if code is not None and _CODE_CHARACTER.search(code) and not _HAN.search(code):
        return None
    return next((word for word in words if word), None)


@lru_cache(maxsize=1 << 16)
def odd_row(word: str | None, carrier: str | None, *, alone: bool) -> Odd | None:
    """What a row with this `word` and `carrier` (both squeezed) is, where it is no data.

    `alone`: the table names no enterprise, so that the names of its carriers are no labels of rows (能源合计).
    """
    total = carrier is not None and re.search(_SUM_OF_COLUMN, carrier) is not None
    if word is None:
        return "total" if total else None
    enterprise = ENTERPRISE.search(word) is not None
    if not alone and (_PART.fullmatch(word) or (not enterprise and _COMPARED.fullmatch(word))):
        return "note"
    if _PAGE.fullmatch(word):
        return "page"
    if total or (not alone and _TOTAL.search(word)):
        return "subtotal" if _SUBTOTAL.search(word) and not _GRAND.search(word) else "total"
    return _other_row(word, alone=alone)


def _other_row(word: str, *, alone: bool) -> Odd | None:
    """What a row that sums nothing is."""
    if _NOTE.search(word):
        return "note"
    if _GROUP.search(word):
        return "heading"
    if not alone and _is_place(word):
        return "place"
    timed = not alone and _MAY_BE_TIME.search(word) is not None
    return "time" if timed and (_DAY.fullmatch(canonical(word)) or marker(word) is not None) else None


def _is_place(word: str) -> bool:
    """Whether `word` names a town, a park or a group of enterprises: none of its words is one of enterprises' names."""
    end = re.search(rf"(?:{_PLACE.pattern})$", word)
    return end is not None and ENTERPRISE.search(word[: end.start()]) is None


def heads_a_group(name: str | None, labels: Iterable[str | None]) -> bool:
    """Whether a row heads a group (一 | 规上工业): a label numbers it as one, and its name is no enterprise's."""
    if name is not None and ENTERPRISE.search(name):
        return False
    return any(text is not None and _NUMERAL.fullmatch(text) for text in labels)


def may_have_sums(word: str) -> bool:
    """Whether figures in the row of the heading `word` are sums of a group: not where it looks like an enterprise."""
    return ENTERPRISE.search(word) is None and word[0] not in "*※"


def closes_a_table(word: str) -> bool:
    """Whether a line without figures, below all that have some, is no enterprise's."""
    return _AT_THE_FOOT.search(word) is not None


def named_throughout(cells: pl.DataFrame, identity: Sequence[int], keys: Collection[int]) -> pl.DataFrame:
    """`cells` with the code and name of a block's first row written into the rows below it.

    `cells` are the data rows of a table (`row_index`, and the columns as in `Grid.frame`), `identity` the columns that
    name the enterprise, `keys` those of what else a row is about: its carrier, product, plot or month. A row belongs to
    the block above it while it is the next row of the sheet, names no enterprise, and is about what no row of the
    block was: another total, a blank row or the same carrier again ends it.
    """
    if not identity or not keys or not cells.height:
        return cells
    blank = pl.all_horizontal(_is_blank_cell(column) for column in identity)
    about = [f"about{column}" for column in sorted(keys)]
    rows = cells.select(
        "row_index",
        blank.alias("blank"),
        pl.any_horizontal(~_is_blank_cell(column) for column in keys).alias("about_something"),
        *(pl.coalesce(f"t{c}", pl.col(f"n{c}").cast(pl.String)).alias(f"about{c}") for c in sorted(keys)),
    )
    if not rows["blank"].any():
        return cells
    follows = (pl.col("row_index").diff() == 1).fill_null(value=False)
    blocks = rows.with_columns((~(pl.col("blank") & follows)).cum_sum().alias("block")).with_columns(
        (~pl.col("blank").first().over("block")).alias("named"),
        # A plot or a month that is blank is the one above it.
        pl.col(about).forward_fill().over("block"),
    )
    blocks = blocks.with_columns(
        (pl.struct("block", *about).is_first_distinct() & pl.col("about_something")).alias("new")
    )
    so_far_new = pl.col("new").cast(pl.Int8).cum_min().over("block").cast(pl.Boolean)
    held = blocks.select(pl.col("blank") & pl.col("named") & so_far_new).to_series()
    if not held.any():
        return cells
    columns = [f"{kind}{column}" for column in identity for kind in "nt"]
    marked = cells.with_columns(blocks["block"].alias("_block"), held.alias("_held"))
    return marked.with_columns(
        pl.when("_held").then(pl.col(columns).first().over("_block")).otherwise(pl.col(columns)).name.keep()
    ).drop("_block", "_held")


def _is_blank_cell(column: int) -> pl.Expr:
    """Whether a cell is blank, or says that it is as the one above it."""
    text = pl.col(f"t{column}")
    as_above = squeeze(text).str.contains(_AS_ABOVE).fill_null(value=False)
    return pl.col(f"n{column}").is_null() & (text.is_null() | as_above)
