"""Columns with figures that no form of their table reads: each is reported once, at its header."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from efficiency.intake.extraction.columns import cell_texts, numbers_of
from efficiency.intake.extraction.unread import NO_HEADER
from efficiency.intake.layout import (
    interpret,
    is_another_quantity,
    is_of_a_kind,
    labels_of,
    measures_meant,
    nearest_headers,
    piece,
)
from efficiency.intake.parsing import find_unit, is_planned, timing_of_cell
from efficiency.reference.tables import carrier_aliases, normalise_name
from schemas import FORMS
from schemas.energy import TOTAL_CARRIER

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from efficiency.intake.extraction.table import Table
    from efficiency.intake.layout import ColumnMatch

LEAST = 4
"""Characters of a name below which one other makes it another word."""
IDENTIFIER = 1e8
"""Whole numbers from here on are telephone numbers and codes where nothing else says what they are."""
MOST_TITLES = 3
"""Titles that a message names where no header is like the one that is not read."""
_OF_ENERGY = ("electricity", "volume", "mass", "heat", "coal_equivalent")
"""Dimensions in which carriers are stated."""
_NO_CARRIER = re.compile(r"产量|产品|产出|产能|水|排放|废|原料|碳|库|运|销|货|重量|等价|当量")
_CARRIER_WORD = re.compile(r"电|气|煤|油|热|汽|焦|炭|燃料|能源|光伏|生物质")
"""What a carrier is called where its column has no unit of its own."""
_TIME_OF_USE = re.compile(r"(?:尖峰?|高?峰|平|低?谷|深谷)时?段?(?:用?电量?)?")
"""Electricity by the time of day, which is part of the whole."""
_NO_FIGURE = re.compile(
    r"编号|号码|号(?:$|[|(])|代码|编码|电话|手机|传真|邮编|邮政|联系|地址|备注|说明|日期|时间|年月|年份|月份|网址|邮箱"
    r"|^(?:NO\.?|#|年|月|日|年度|季度|坐标|经度|纬度)$"
)
"""Headers of columns whose numbers are no figures: identifiers, contacts, dates, remarks."""
_MAY_BE_TIME = re.compile(r"月份|年月|账期|期间|所属|属期")
_OTHER_TIMES = re.compile(
    r"投产|成立|开业|注册|出生|建成|竣工|开工|合同|签订|入驻|入园|租赁|到期|有效|填报|填表|报送|上报|审核"
)
"""Columns of months that are never those of the figures."""
MOST_MONTHS = 50
"""Different cells of a column that are looked at for months."""
_SHARE = re.compile(r"[率比]$|[%‰]|比例|比重|占比|增速|增幅|增长|同比|环比|排名|名次|得分|系数|单价|均价|价格|倍数")
"""Shares, rates and ranks, which no form asks for."""


class _Unread(NamedTuple):
    """A problem of a column that is not read."""

    rule: str
    words: dict[str, str]


def report_unread_columns(tables: Sequence[Table], cells: pl.DataFrame) -> None:
    """What is to be reported of the columns of `cells` that none of `tables`, the forms of one table, reads.

    A column with figures is reported once, with the first of the forms: `carrier_unread` where it may be a further
    carrier of a wide energy sheet, `column_unread` where its words are those of a measure, else `column_passed`.
    `header_near` is for a column, of texts too, that is nearly called like one which is missing.
    """
    tables = [table for table in tables if not table.layout.refused]
    if not tables:
        return
    first = tables[0]
    read = set().union(*(table.layout.columns | table.labels for table in tables))
    labels = labels_of(first.grid, first.header)
    heads = first.grid.rows(first.header.top, first.header.bottom + 1)
    for column in range(first.grid.width):
        if column in read or not (cells[f"n{column}"].count() or cells[f"t{column}"].count()):
            continue
        texts = list(dict.fromkeys(row[column] for row in heads if row[column]))
        label = labels.get(column, "")
        for table in tables:
            meaning = table.header.meanings.get(column)
            unread = None
            if meaning is None or not meaning.named or is_of_a_kind(meaning):
                near = None if any(map(is_another_quantity, texts)) else _near(table, texts)
                unread = near or _further_carrier(table, texts, cells, column)
            if unread is not None:
                table.header_problem(unread.rule, column, **unread.words)
                break
        else:
            if (unread := _passed_over(tables, label, column, cells)) is not None:
                named = [level for level, row in enumerate(heads) if row[column] and not find_unit(row[column])]
                level = max(named, default=0)
                first.header_problem(unread.rule, column, level, **unread.words)


def _passed_over(tables: Sequence[Table], label: str, column: int, cells: pl.DataFrame) -> _Unread | None:
    """What is to be reported of a column with figures whose header is none of the forms'; None where it holds none."""
    meaning = tables[0].header.meanings.get(column)
    forms = [table.layout.form for table in tables]
    printed = {name for form in forms for name in FORMS[form].printed}
    if _NO_FIGURE.search(normalise_name(label)) or piece(label).name in printed:
        return _time_passed_over(tables, label, column, cells)
    if (meaning is not None and _is_understood(meaning, tables)) or not (figures := _count_figures(cells, column)):
        return None
    title = "、".join(FORMS[form].title for form in forms)
    unread = _reason(meaning, tables) if meaning is not None else None
    if unread is None and label:
        unread = _by_words(tables, label, f"“{title}”表没有这一栏。")
    elif unread is None:
        rule = "column_unread" if 2 * figures >= cells.height else "column_passed"
        unread = _Unread(rule, {"reason": "该列没有表头。请补上表头，或删去该列。"})
    return _Unread(unread.rule, {"value": label or NO_HEADER, **unread.words})


def _time_passed_over(tables: Sequence[Table], label: str, column: int, cells: pl.DataFrame) -> _Unread | None:
    """What is to be reported of a column of months that may be the time of a table's figures (申报月份)."""
    flows = any(FORMS[table.layout.form].flow and not table.layout.periods for table in tables)
    if not flows or not _MAY_BE_TIME.search(label) or _OTHER_TIMES.search(label):
        return None
    texts = cell_texts(cells.select(number=f"n{column}", text=f"t{column}")).drop_nulls().unique().to_list()
    months = [timing for text in texts[:MOST_MONTHS] if (timing := timing_of_cell(text, "month")).month is not None]
    if not months or len(months) < len(texts[:MOST_MONTHS]):
        return None
    reason = "本表没有按该列确定数据的所属期。如是所属期，请将表头改为“所属期”。"
    return _Unread("column_unread", {"value": label, "reason": reason})


def _by_words(tables: Sequence[Table], label: str, reason: str) -> _Unread:
    """What is to be reported of a column by the words of its header: loudly where they are those of a measure.

    Quietly where the table states that measure, or the header is of a share, another time or a part.
    """
    stated = _stated_titles(tables)
    meant = measures_meant(label)
    carrier = _carrier_word(label)
    own = next((column.title for _, column in meant if column.title in stated), None)
    own = own or next((name for name in stated if carrier and carrier in name), None)
    if any(map(is_planned, label.split("|"))):
        rule = "column_unread" if (meant or carrier) and own is None else "column_passed"
        return _Unread(rule, {"reason": "它是计划数或预计数，不是实际完成数。"})
    if is_another_quantity(label) or _SHARE.search(normalise_name(label)) or piece(label).subordinate:
        return _Unread("column_passed", {"reason": reason})
    if own is not None:
        return _Unread("column_passed", {"reason": f"{reason}本表已有“{own}”。"})
    names = nearest_headers(label, [table.layout.form for table in tables], stated)
    quoted = "、".join(f"“{name}”" for name in names or _further_titles(tables, stated))
    proposal = f"相近的表头有{quoted}，口径相同的，请改用该表头。"
    if normalise_name(piece(label).name) in map(normalise_name, names):
        proposal = "这一栏不能与本表的其他栏同表填报，请按模板另表报送。"
    elif not names:
        proposal = f"该表还可采用的表头有{quoted}等。" if quoted else ""
    return _Unread("column_unread" if meant or carrier else "column_passed", {"reason": reason + proposal})


def _further_titles(tables: Sequence[Table], stated: Collection[str]) -> list[str]:
    """Titles of the first few columns of figures that the tables' forms have and they do not state."""
    columns = (column for table in tables for column in FORMS[table.layout.form].columns if column.figure)
    return [column.title for column in columns if column.title not in stated][:MOST_TITLES]


def _carrier_word(label: str) -> str:
    """The word (煤, 电) by which a header may be of a carrier; empty where unit or words are of something else."""
    part = piece(label)
    unit = find_unit(part.unit) if part.unit else None
    if (unit is not None and unit.dimension not in _OF_ENERGY) or _NO_CARRIER.search(label) or "费" in label:
        return ""
    found = _CARRIER_WORD.search(part.name)
    return found[0] if found else ""


def _is_understood(meaning: ColumnMatch, tables: Sequence[Table]) -> bool:
    """Whether a column is no figure, or one that another column of the table states (a sum, a part, a second name)."""
    if meaning.identity or (meaning.role and meaning.role != "sum"):
        return True
    if not meaning.named and meaning.timing is not None and meaning.timing.month is None:
        # 累计 or 全年 beside months is their control.
        return any(len(table.layout.groups) > 1 for table in tables)
    if meaning.carrier == TOTAL_CARRIER and any(table.layout.long_energy for table in tables):
        return True  # the standard coal of each row
    if meaning.role == "sum":
        several = any(len(table.layout.groups) > 1 for table in tables)
        return several or "|" in meaning.header
    kinds = {FORMS[form].column(field).kind for form, field in meaning.fields}
    return bool(kinds) and "number" not in kinds


def _reason(meaning: ColumnMatch, tables: Sequence[Table]) -> _Unread | None:
    """Why a column that is called like a figure is not read; None where its name is not known."""
    if not meaning.named:
        reason = "该列只写了时期，没有写明是哪项指标。请在表头或标题中写明。"
        return _Unread("column_unread", {"reason": reason})
    if meaning.role == "sum":
        return _Unread("column_passed", {"reason": "看不出是哪些列的合计。"})
    own = next((table for table in tables if meaning.field(table.layout.form)), None)
    if own is not None:
        return _beside(meaning, own)
    forms = [FORMS[form] for form, _ in meaning.fields] or ([FORMS["energy"]] if meaning.carrier else [])
    if not forms or "energy" in {table.layout.form for table in tables} & {form.id for form in forms}:
        return None
    lacks = "看不出所属期。请写明所属期，或另表报送。"
    if not forms[0].flow or any(FORMS[table.layout.form].flow for table in tables):
        lacks = "没有该表式所需的其他列。请另表报送。"
    fed = any(FORMS[form].column(field).feeds for form, field in meaning.fields) or meaning.carrier is not None
    reason = f"它是“{forms[0].title}”的指标，而本表{lacks}"
    return _Unread("column_unread" if fed and not meaning.subordinate else "column_passed", {"reason": reason})


def _beside(meaning: ColumnMatch, table: Table) -> _Unread | None:
    """Why a column called like a field of the table's form is not read: beside another column."""
    form = FORMS[table.layout.form]
    field = form.column(str(meaning.field(form.id)))
    headers = {binding.field: binding.header for group in table.layout.groups for binding in group.columns}
    if field.name in headers:
        reason = f"本表以“{headers[field.name]}”列为准。"
        return None if meaning.subordinate else _Unread("column_passed", {"reason": reason})
    others = [headers[name] for name in (meaning.loose.unless if meaning.loose else ()) if name in headers]
    if meaning.loose is None or not others:
        return None
    reason = f"它{meaning.loose.doubt}，与“{others[0]}”列是否重复看不出。请填写不重复的数，表头改为“{field.title}”。"
    return _Unread("column_unread", {"reason": reason})


def _count_figures(cells: pl.DataFrame, column: int) -> int:
    """How many figures a column holds; none where all are zero, or codes and telephone numbers."""
    values = numbers_of(cells, column).values.drop_nulls()
    if ((values >= IDENTIFIER) & (values == values.floor())).all():
        return 0
    return int((values != 0).sum())


def _stated_titles(tables: Sequence[Table]) -> set[str]:
    """Titles of the columns, and names of the carriers, that the tables state."""
    stated: set[str] = set()
    for table in tables:
        layout = table.layout
        bindings = (*layout.identity, *(binding for group in layout.groups for binding in group.columns))
        by_carrier = any(group.carrier for group in layout.groups)
        stated |= {
            FORMS[layout.form].column(binding.field).title
            for binding in bindings
            if not (by_carrier and binding.field == "consumption")
        }
        stated |= {group.carrier for group in layout.groups if group.carrier}
    return stated


def _near(table: Table, texts: Sequence[str]) -> _Unread | None:
    """`header_near` where one of `texts` is one character off a name of the form that no column has."""
    stated = _stated_titles([table])
    known = {name: what for name, what in _names_of(table.layout.form).items() if what[1] not in stated}
    near = [
        (text, name)
        for text in texts
        for name in known
        if _is_near(piece(text).name, name) and _may_be_meant(text, known[name][0])
    ]
    if not near:
        return None
    text, name = near[0]
    field, _, title = known[name]
    return _Unread("header_near", {"field": field, "value": text, "title": title})


def _may_be_meant(text: str, field: str) -> bool:
    """Whether the words of a header, if it has any of a measure, are those of `field`: 营收总额 is no 税收总额."""
    meant = measures_meant(text)
    return not meant or any(column.name == field for _, column in meant)


def _further_carrier(table: Table, texts: Sequence[str], cells: pl.DataFrame, column: int) -> _Unread | None:
    """`carrier_unread` where a column of a wide energy sheet may state a carrier that is not in the catalogue."""
    by_carrier = any(group.carrier not in (None, TOTAL_CARRIER) for group in table.layout.groups)
    if by_carrier and _may_be_carrier(texts, table) and (numbers_of(cells, column).values != 0).any():
        return _Unread("carrier_unread", {"field": "consumption", "value": " ".join(texts)})
    return None


def _may_be_carrier(texts: Sequence[str], table: Table) -> bool:
    """Whether a column under the headers `texts` may state consumption of a carrier that is not in the catalogue.

    Part of another column (其中:光伏), or of a carrier that is in it (用电量 | 峰, 谷电量), it is none.
    """
    pieces = [piece(text) for text in texts]
    name = "".join(p.name for p in pieces)
    if (
        not name
        or is_another_quantity(name)
        or _TIME_OF_USE.fullmatch(name)
        or any(_NO_CARRIER.search(text) for text in texts)
    ):
        return False
    if any(p.subordinate or p.other or p.name in carrier_aliases() for p in pieces):
        return False
    if any((meaning := interpret((p.whole,))) and not is_of_a_kind(meaning) for p in pieces):
        return False
    units = [p.unit for p in pieces if p.unit]
    if not units and not any(p.unknown_unit for p in pieces) and _CARRIER_WORD.search(name):
        units = list(table.context.units.known)
    return any((unit := find_unit(word)) is not None and unit.dimension in _OF_ENERGY for word in units)


@cache
def _names_of(form: str) -> dict[str, tuple[str, str, str]]:
    """Every name of a column of `form` → its field, what it names (a title, a carrier), and the name itself."""
    names = {
        normalise_name(name): (column.name, column.title, name)
        for column in FORMS[form].columns
        for name in column.headers
    }
    if form == "energy":
        names |= {name: ("consumption", carrier, name) for name, carrier in carrier_aliases().items()}
    return names


def _is_near(text: str, name: str) -> bool:
    """Whether one character is another, too many or missing."""
    if text == name or min(len(text), len(name)) < LEAST:
        return False
    if len(text) == len(name):
        return sum(a != b for a, b in zip(text, name, strict=True)) == 1
    shorter, longer = sorted((text, name), key=len)
    return len(longer) - len(shorter) == 1 and any(
        longer[:at] + longer[at + 1 :] == shorter for at in range(len(longer))
    )
