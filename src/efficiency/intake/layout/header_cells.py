"""What a header cell means: the field, carrier or role it names, its unit, and its mark of time (本月, 累计, 10月).

Names match by equality after normalising width, spaces, marks and brackets, never by similarity. The names themselves
are the `schemas` declarations and the carriers table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

from efficiency.intake.parsing import Timing, find_unit, is_planned, looks_like_unit, marker, split_marker
from efficiency.reference.tables import carrier_aliases, carriers, normalise_name, units
from schemas import FORMS

if TYPE_CHECKING:
    from schemas.column import LooseName


@dataclass(frozen=True)
class Header:
    """A table's header: rows `top` to `bottom` inclusive (a unit row and a numbering row below it included)."""

    top: int
    bottom: int
    meanings: dict[int, ColumnMatch]
    again: frozenset[int] = frozenset()
    """Rows below in which it is printed again, with its titles."""
    mapped: bool = False
    """Described by a mapping file, whose units hold."""

    @property
    def identity(self) -> dict[str, int]:
        """Column of `uscc` and of `name`: by its preferred title, else the first where there are several."""
        found: dict[str, int] = {}
        for column, meaning in sorted(self.meanings.items(), key=lambda item: not item[1].exact):
            if meaning.identity:
                found.setdefault(meaning.identity, column)
        return {field: found[field] for field in sorted(found, key=lambda field: found[field])}


IDENTITY = ("uscc", "name")
ROLES: dict[str, tuple[str, ...]] = {
    "year": ("年份", "年度", "年", "所属年份", "所属年度", "统计年份", "统计年度", "数据年份"),
    "quarter": ("季度", "所属季度", "报告季度", "统计季度", "季别"),
    "month": ("月份", "月", "报告月份", "统计月份", "数据月份", "报表月份"),
    "period": (
        "报告期",
        "所属期",
        "所属期间",
        "所属时期",
        "所属月份",
        "期间",
        "统计期",
        "统计期间",
        "统计时期",
        "报告期别",
        "数据期",
        "数据所属期",
        "报表期",
        "税款所属期",
        "统计时间",
        "报告时间",
        "年月",
        *(
            "税款所属月份",
            "税款所属时期",
            "入库月份",
            "缴款月份",
            "缴税月份",
            "征收月份",
            "结算月份",
            "结算年月",
            "账期",
        ),
        *(
            "抄表月份",
            "抄表年月",
            "用电月份",
            "用电年月",
            "电费年月",
            "电费月份",
            "用水月份",
            "用气月份",
            "用能月份",
            "结算年月",
        ),
    ),
    "span_start": ("所属期起", "税款所属期起", "起始月份", "开始月份", "所属期始"),
    "span_end": ("所属期止", "税款所属期止", "截止月份", "结束月份", "终止月份"),
    "filled_on": ("填报日期", "填表日期", "报送日期", "上报日期", "报出日期"),
    "serial": ("序号", "编号", "行号", "NO", "NO.", "#"),
    "sum": ("合计", "总计", "全年合计", "小计", "年合计", "合计数"),
}
"""Columns that are no field of a form, by the part they play."""

_USE = ("消费量", "消耗量", "使用量", "用量", "消费", "消耗", "耗用量", "购入量", "实物量", "数量")
_MARKS = re.compile(r"[*※★▲☆●◆]|[(](?:必填|选填|必填项|选填项|可不填)[)]|必填项?|选填项?")
_ENUMERATOR = re.compile(
    r"^(?:[(]?\d{1,2}[)、.．](?!\d)|[一二三四五六七八九十]{1,3}、|[(][一二三四五六七八九十]{1,3}[)])"
)
_SUBORDINATE = re.compile(r"^(?:其中:?|#(?=.))")
"""Also as the statistical forms mark it: #用于原材料."""
_BRACKET = re.compile(r"[(]([^()]*)[)]")
_TOKENS = re.compile(r"[,、;，；]")
_UNIT_LABEL = re.compile(r"^(?:计量|金额|货币|数量|面积)?单位:?|^(?:金额|数量|面积|货币):")
_UNIT_AFTER = re.compile(r"^(.+?)(?:[/:,;_-]|(?:计量|金额|货币|数量|面积)?单位[:]?)([^/:,;_-]+)$")
_OTHER_TIME = re.compile(
    r"上年|去年|同期|上月|上期|增长|增减|增速|增幅|增加额|同比|环比|计划|目标|预计|预测|占比|比重|排名|名次|得分|基准|库存|购进"
)
_OTHER_QUANTITY = re.compile(
    rf"{_OTHER_TIME.pattern}|其中|亩均|人均|户均|单耗|强度|折标|标准?煤|外供|外销|售出|上网|发电量|排水|等价"
)
"""In brackets behind a name, what makes it another quantity: 营业收入(上年同期), 税收(亩均), 原煤(库存)."""
_CHANGE = re.compile(r"增减|增加额|增长额|差额|变动额")
_NOT_PAID = re.compile(r"减免|应[缴纳交]|欠[缴税费]|退税|返还|未缴|缓缴|核定|滞纳|补贴|奖励")
"""What makes the tax of a title another than that which was paid."""
_PAID = re.compile(r"实[缴际纳]|已缴|入库|缴纳情况|完成")
_CONSUMED = re.compile(r"消费|消耗|耗用|用能|使用量")
_TRIM = ".:,;-_/、"
_DATA = re.compile(r"-?(?!20)(?:\d+|\d{1,3}(?:,\d{3})+)\.\d+|\d{7,}|(?=[A-Z]{0,17}\d)[0-9A-Z]{18}")
"""Figures and codes, with which no header ends: rows of data are tried as rows of a header, too."""


@dataclass(frozen=True, slots=True)
class HeaderPart:
    """One header cell, taken apart."""

    name: str
    """Without marks, brackets and unit; empty where the cell is only a unit, a remark or a mark of time."""
    whole: str
    """Without marks and unit, but with its other brackets: 镇(街道), 电力(当量值)."""
    unit: str | None
    unknown_unit: str | None
    timing: Timing | None
    subordinate: bool
    """Introduced by 其中: or #, part of the column before it."""
    other: bool = False
    """Its brackets make it another quantity than its name alone."""


class NamedAbove(NamedTuple):
    """The enterprise that is named above a column of its figures."""

    uscc: str | None
    name: str | None
    row: int
    """Row of the grid in which its name is."""


@dataclass(frozen=True, slots=True)
class ColumnMatch:
    """The meaning of a column's header, which one to three cells make up."""

    header: str
    fields: tuple[tuple[str, str], ...] = ()
    """(form id, field) of every form that has a column of this name."""
    carrier: str | None = None
    role: str | None = None
    unit: str | None = None
    unknown_unit: str | None = None
    timing: Timing | None = None
    subordinate: bool = False
    exact: bool = False
    """The preferred title of the field, not one of its aliases."""
    loose: LooseName | None = None
    """The name, where it may mean something else too."""
    owner: NamedAbove | None = None
    """The one enterprise whose figures the column holds."""
    variant: int = 0
    """Which of the columns that hold one measure in rows of different units (营业收入 in 千元, in 万元)."""

    @property
    def identity(self) -> str | None:
        """`uscc` or `name` where the column names the enterprise of a row, else None."""
        field = self.fields[0][1] if self.fields else None
        return field if field in IDENTITY else None

    def field(self, form: str) -> str | None:
        """The field of `form` that the column states."""
        return dict(self.fields).get(form)

    @property
    def named(self) -> bool:
        """Whether the column has a name of ours; otherwise it is at most a mark of time."""
        return bool(self.fields or self.carrier or self.role)


OTHER = ColumnMatch("")
"""What is a quantity, but none of ours."""


def is_of_another_time(text: str) -> bool:
    """Whether a sub-heading makes its heading a quantity of another time, or no quantity: 上年同期, 计划."""
    return _OTHER_TIME.search(normalise_name(text)) is not None or is_planned(text)


@lru_cache(maxsize=8192)
def piece(text: str) -> HeaderPart:
    """Take one header cell apart."""
    plain = _MARKS.sub("", normalise_name(text)).strip(_TRIM)
    plain = _ENUMERATOR.sub("", plain)
    subordinate = _SUBORDINATE.search(plain) is not None
    plain = _SUBORDINATE.sub("", plain)
    unit = unknown = None
    timing: Timing | None = None
    other = False
    whole = plain
    for content in _BRACKET.findall(plain):
        for word in [content] if find_unit(content) else _TOKENS.split(content):
            token = _UNIT_LABEL.sub("", word)
            if found := find_unit(token):
                unit = found.name
                whole = whole.replace(f"({content})", "") if word == content else whole
            elif (found_timing := marker(token)) is not None:
                timing = found_timing
            elif is_another_quantity(token):
                other = True
            elif looks_like_unit(token):
                unknown = token
    name = _BRACKET.sub("", plain).strip(_TRIM)
    if unit is None and (found := find_unit(_UNIT_LABEL.sub("", name))):
        name, unit = "", found.name
    if unit is None and (match := _UNIT_AFTER.match(name)) and (found := find_unit(match[2])):
        name, unit = match[1].strip(_TRIM), found.name
    if (found_timing := marker(name)) is not None and name not in _vocabulary():
        name, timing = "", found_timing
    return HeaderPart(name, whole, unit, unknown if unit is None else None, timing, subordinate, other)


@lru_cache(maxsize=8192)
def interpret(cells: tuple[str, ...]) -> ColumnMatch | None:
    """The meaning of a column whose header cells, top-down, are `cells` (blank and repeated ones left out).

    A group heading above a known name is ignored (基本情况 | 企业名称), but not one that makes it another quantity
    (上年同期 | 营业收入). None where the header is not ours.
    """
    if not cells or _DATA.fullmatch(cells[-1]):
        return None
    pieces = [piece(cell) for cell in cells]
    units_ = [p.unit for p in pieces if p.unit]
    unknown = [p.unknown_unit for p in pieces if p.unknown_unit]
    timing: Timing | None = None
    for p in reversed(pieces):
        if p.timing is not None:
            timing = p.timing if timing is None else _below(timing, p.timing)
    named = [p for p in pieces if p.name]
    header = "|".join(" ".join(cell.split()) for cell in cells)
    unit = units_[-1] if units_ else None
    if not named:
        of_figures = timing is not None and not any(p.other for p in pieces)  # 11月(预计) is none
        return ColumnMatch(header, unit=unit, timing=timing) if of_figures else None
    last = named[-1]
    candidates = ["".join(p.whole for p in named)]
    if not any(p.other for p in pieces):
        candidates.append("".join(p.name for p in named))
        if not any(p.subordinate for p in pieces):  # 用地面积 | 承租, but not 用地面积 | 其中:承租, which is in it
            candidates.append("".join(p.name for p in reversed(named)))
        if not any(is_of_another_time(p.whole) for p in named[:-1]):
            candidates += [last.whole, last.name]
    for name in dict.fromkeys(candidates):
        found = _look_up(name)
        if found is None:
            continue
        matched, own_timing, own_unit = found
        if own_timing is not None:
            timing = own_timing if timing is None else own_timing.over(timing)
        unit = unit or own_unit
        return ColumnMatch(
            header,
            matched.fields,
            matched.carrier,
            matched.role,
            unit,
            unknown[-1] if unknown and unit is None else None,
            timing,
            any(p.subordinate for p in pieces),
            matched.exact,
            matched.loose,
        )
    return None


def _below(timing: Timing, heading: Timing) -> Timing:
    """The timing of a column below a heading: 10月 below 累计 is January to October."""
    below = timing.over(heading)
    if (timing.kind, heading.kind) != ("month", "to_date") or timing.month is None or heading.month is not None:
        return below
    return replace(below, kind="to_date")


def is_not_paid(title: str) -> bool:
    """Whether a title is of tax that was not paid (欠税, 应缴, 减免) and of none that was."""
    return _NOT_PAID.search(normalise_name(title)) is not None and not says_paid(title)


def says_change(text: str) -> bool:
    """Whether a title or header is of what figures rose or fell by: 同比增减, 增长额."""
    return _CHANGE.search(normalise_name(text)) is not None


def says_paid(text: str) -> bool:
    """Whether a title or header says that the tax was paid: 实缴, 入库."""
    return _PAID.search(normalise_name(text)) is not None


def is_another_quantity(text: str) -> bool:
    """Whether a header names a quantity that no form has: 折标准煤, 期末库存, 上年同期."""
    return _OTHER_QUANTITY.search(normalise_name(text)) is not None or is_planned(text)


def is_consumption(text: str) -> bool:
    """Whether a title is about energy consumed (2026年能源消费量), and about nothing else (购进、消费与库存)."""
    plain = normalise_name(text)
    return _CONSUMED.search(plain) is not None and _OTHER_QUANTITY.search(plain) is None


def measure_in(text: str) -> ColumnMatch | None:
    """The one measure or carrier that a title names (2026年用电量(万千瓦时)), with its unit; None where it is not one.

    `OTHER` where the title names it as another quantity (2026年用电量计划, 亩均税收).

    The longest name wins over those within it; two different quantities in one title are none.
    """
    plain = normalise_name(text)
    taken: list[tuple[int, int, ColumnMatch]] = []
    for name, meaning in _measures():
        start = plain.find(name)
        if start < 0 or any(first <= start and start + len(name) <= last for first, last, _ in taken):
            continue
        taken.append((start, start + len(name), meaning))
    meanings = {(meaning.fields, meaning.carrier) for _, _, meaning in taken}
    rest = plain
    for start, end, _ in sorted(taken, key=lambda item: item[:2], reverse=True):
        rest = f"{rest[:start]}〇{rest[end:]}"
    if len(meanings) != 1 or _beside_another().search(rest):
        return None
    if _OTHER_QUANTITY.search(plain.replace("发展计划", "")) or _NOT_PAID.search(plain) or is_planned(text):
        return OTHER
    named = taken[0][2]
    parts = piece(text)
    return ColumnMatch(
        text, named.fields, named.carrier, unit=parts.unit, unknown_unit=parts.unknown_unit, loose=named.loose
    )


def _look_up(name: str) -> tuple[ColumnMatch, Timing | None, str | None] | None:
    """The vocabulary's meaning of `name`, with a mark of time or a unit that was written onto it."""
    words = _vocabulary()
    if name in words:
        return words[name], None, None
    rest, timing = split_marker(name)
    if timing is not None and rest in words:
        return words[rest], timing, None
    for end in _unit_endings() if rest.endswith(_unit_endings()) else ():
        if rest.endswith(end) and rest[: -len(end)] in words:
            found = find_unit(end)
            return words[rest[: -len(end)]], timing, found.name if found else None
    return None


@cache
def _unit_endings() -> tuple[str, ...]:
    return tuple(sorted(units(), key=len, reverse=True))


@cache
def _vocabulary() -> dict[str, ColumnMatch]:
    """Normalised header → its bare meaning: what people write, and the names under which databases export."""
    return _canonical_names() | _words()


@cache
def _words() -> dict[str, ColumnMatch]:
    """What people write as headers. Fields go before roles, roles before carriers."""
    fields: dict[str, dict[str, str]] = {}
    titles: set[str] = set()
    loose: dict[str, LooseName] = {}
    for form in FORMS.values():
        for column in form.columns:
            titles.add(normalise_name(column.title))
            loose |= {normalise_name(name.header): name for name in column.loose}
            for header in (*column.headers, *(name.header for name in column.loose)):
                fields.setdefault(normalise_name(header), {})[form.id] = column.name
    words = {
        name: ColumnMatch(name, tuple(found.items()), exact=name in titles, loose=loose.get(name))
        for name, found in fields.items()
    }
    for role, names in ROLES.items():
        for name in names:
            words.setdefault(normalise_name(name), ColumnMatch(name, role=role))
    for alias, carrier in carrier_aliases().items():
        for name in (alias, *(alias + use for use in _USE)):
            words.setdefault(name, ColumnMatch(name, carrier=carrier, exact=alias == normalise_name(carrier)))
    return words


def _canonical_names() -> dict[str, ColumnMatch]:
    """Fields (revenue), parts of a period (year) and identifiers of carriers (natural_gas)."""
    fields: dict[str, dict[str, str]] = {}
    for form in FORMS.values():
        for column in form.columns:
            fields.setdefault(normalise_name(column.name), {})[form.id] = column.name
    return {
        **{
            normalise_name(identifier): ColumnMatch(identifier, carrier=carrier, exact=True)
            for identifier, carrier in carriers().select("carrier_id", "name").iter_rows()
        },
        **{normalise_name(role): ColumnMatch(role, role=role) for role in ROLES},
        **{name: ColumnMatch(name, tuple(found.items()), exact=True) for name, found in fields.items()},
    }


@cache
def _beside_another() -> re.Pattern[str]:
    """A further measure beside the one of a title (〇): 用电量、用气量, 产值及税收."""
    words = {re.escape(normalise_name(word)) for column in FORMS["output"].columns for word in column.words}
    others = "|".join(sorted({*words, "用[电水气煤油热汽]量"}))
    return re.compile(
        rf"(?:{others})[(（]?[^、及和与/+]{{0,6}}[、及和与/+]〇|〇[^、及和与/+]{{0,6}}[、及和与/+](?:{others})"
    )


@cache
def _measures() -> list[tuple[str, ColumnMatch]]:
    """Names of output measures and carriers, longest first, single characters left out."""
    found = [
        (name, meaning)
        # Canonical names are searched in headers only: `tax` or `cod` may occur in any file's name.
        for name, meaning in _words().items()
        if len(name) > 1 and (meaning.carrier or (meaning.field("output") and not meaning.identity))
    ]
    return sorted(found, key=lambda item: -len(item[0]))
