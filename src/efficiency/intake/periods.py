"""Which months figures belong to, from what texts, headers and cells say: a month, a year to date, a full year.

What is said may be partial (a header 累计, a column 月份, a folder 2026); parts are put together and what they leave
open is not guessed: no span comes of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from efficiency.reference.tables import normalise_name

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["month", "to_date", "year"]

_DASHES = re.compile(r"[-—–−~〜～至到]+")
_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
_CHINESE_YEAR = re.compile(r"[〇一二三四五六七八九]{4}(?=年)")
_CHINESE_MONTHS = {"十二月": "12月", "十一月": "11月", "十月": "10月"} | {
    f"{word}月": f"{number}月" for number, word in enumerate("一二三四五六七八九", start=1)
}
_OTHER_DATES = re.compile(
    r"(填报|填表|报送|上报|报出|打印|制表|编制|印发|导出|审核|审批|截止|截-|更新|发布|成文)(日期|时间|日|于)?[:]?"
    r"\d{4}[-年./]\d{1,2}[-月./]?(\d{1,2}日?)?|[(]\d{4}[)]\d*号|GB/?T?\d+-\d{4}"
    r"|(?<!\d)\d{4}([-./])\d{1,2}\4\d{1,2}(?!\d)|(?<!\d)\d{4}年\d{1,2}月\d{1,2}日?"
)
_CUMULATIVE = re.compile(r"累计|本月止|年初-今|年初-本月|1-本月|1月-本月")
_RANGE = re.compile(
    r"(?<!\d)(?:(\d{4})(?:年度?|[./]))?0?(\d{1,2})月?份?-(?:(\d{4})(?:年度?|[./]))?0?(\d{1,2})月"
    r"|(?<!\d)(20\d\d)[-./年]?(0[1-9]|1[0-2])月?-(20\d\d)[-./年]?(0[1-9]|1[0-2])(?!\d)"
)
_MONTH = re.compile(
    r"(?<!\d)(\d{4})年度?0?(\d{1,2})月(?!\d{1,2}日)|(?<![\d.])(20\d\d)[-./_](0?[1-9]|1[0-2])(?![\d])(?![-./]\d)"
    r"|(?<!\d)(20\d\d)(0[1-9]|1[0-2])(?!\d)"
)
_LONE_MONTH = re.compile(r"(?<![\d-])0?(\d{1,2})月(?!\d)")
_LABELLED_DAY = re.compile(r"(?:报告期|所属期|所属时期|期间|月份)[^\d]{0,4}(20\d\d)[-./年](\d{1,2})[-./月]\d{1,2}")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(年度|年|)(?!\d)")
_QUARTERS = (
    (re.compile(r"前三季度|1-3季度"), 9),
    (re.compile(r"上半年|1-2季度"), 6),
    (re.compile(r"第?1季度|首季|第?一季度"), 3),
)
_UNSUPPORTED = re.compile(r"[二三四234]季度|下半年|[上中下]旬")
_ISO = re.compile(r"(\d{4})-(\d{2})-\d{2}(?:[T ].*)?")


@dataclass(frozen=True, slots=True)
class Timing:
    """What is said of the time of figures; None where it is left open. A year alone means the full year."""

    year: int | None = None
    month: int | None = None
    kind: Kind | None = None
    unsure: bool = False
    """Contradictory, or a span that is neither a month nor a year to date: no span may come of it."""

    def over(self, base: Timing) -> Timing:
        """The statement, completed by the more general `base` (a title, for the header of a column)."""
        kind = self.kind
        if kind is None:
            kind = None if self.month is not None and base.kind == "year" else base.kind
        return Timing(
            self.year if self.year is not None else base.year,
            self.month if self.month is not None else base.month,
            kind,
            self.unsure or base.unsure,
        )

    def span(self) -> tuple[date, date] | None:
        """First day of the first and of the last month; None when they are not determined."""
        if self.unsure or self.year is None or (self.month is not None and not 1 <= self.month <= 12):
            return None
        if self.kind == "year" or (self.month is None and self.kind in (None, "to_date")):
            return date(self.year, 1, 1), date(self.year, 12, 1)
        if self.month is None:
            return None
        last = date(self.year, self.month, 1)
        return (date(self.year, 1, 1) if self.kind == "to_date" else last), last


NOTHING = Timing()
UNSURE = Timing(unsure=True)


def span_label(span: tuple[date, date]) -> str:
    """`2026-10` for a month, `2026-01..2026-10` for several."""
    first, last = (f"{day:%Y-%m}" for day in span)
    return first if first == last else f"{first}..{last}"


@lru_cache(maxsize=4096)
def canonical(text: str) -> str:
    """`text` without width, spaces and kinds of dashes, Chinese numerals of years and months as digits."""
    plain = _CHINESE_YEAR.sub(lambda found: found[0].translate(_DIGITS), normalise_name(text))
    for word, digits in _CHINESE_MONTHS.items():
        plain = plain.replace(word, digits)
    return _DASHES.sub("-", plain)


@lru_cache(maxsize=4096)
def timing_in(text: str) -> Timing:
    """What a title, a name or a path says of the time; `NOTHING` if silent, `UNSURE` if it contradicts itself."""
    labelled = _LABELLED_DAY.search(canonical(text))
    if labelled:
        return Timing(int(labelled[1]), int(labelled[2]))
    plain = _OTHER_DATES.sub(" ", canonical(text))
    cumulative: Kind | None = "to_date" if _CUMULATIVE.search(plain) else None
    # From the most to the least specific way of writing a span; the first that is there is what is meant.
    for said in (_ranges(plain), _quarters(plain), _months(plain, cumulative), _years(plain, cumulative)):
        if said:
            return said.pop() if len(said) == 1 else UNSURE
    return Timing(kind=cumulative)


def _ranges(plain: str) -> set[Timing]:
    """`2026年1-10月`, `202601-202610`."""
    found = {
        _range(*(match.group(1, 2, 3, 4) if match[2] else match.group(5, 6, 7, 8))) for match in _RANGE.finditer(plain)
    }
    return {item if item.year or item.unsure else Timing(_only_year(plain), item.month, item.kind) for item in found}


def _quarters(plain: str) -> set[Timing]:
    """Quarters and halves that begin in January; the others are no span of ours."""
    for pattern, month in _QUARTERS:
        if pattern.search(plain):
            return {Timing(_only_year(plain), month, "to_date")}
    return {UNSURE} if _UNSUPPORTED.search(plain) else set()


def _months(plain: str, cumulative: Kind | None) -> set[Timing]:
    """`2026年10月`, `2026-10`, `202610`; a month alone takes the one year that the text names."""
    pairs: set[tuple[int | None, int]] = set()
    for match in _MONTH.finditer(plain):
        year, month = (int(group) for group in match.groups() if group)
        pairs.add((year, month))
    if not pairs:
        pairs = {(_only_year(plain), int(match[1])) for match in _LONE_MONTH.finditer(plain)}
    return {Timing(year, month, cumulative) if 1 <= month <= 12 else UNSURE for year, month in pairs}


def _years(plain: str, cumulative: Kind | None) -> set[Timing]:
    """`2026年`, `2026年度`, `2026`."""
    full_year = "全年" in plain or "年度" in plain
    return {Timing(int(match[1]), kind="year" if full_year else cumulative) for match in _YEAR.finditer(plain)}


def _only_year(plain: str) -> int | None:
    years = {int(match[1]) for match in _YEAR.finditer(plain)}
    return years.pop() if len(years) == 1 else None


def _range(first_year: str | None, first: str, last_year: str | None, last: str) -> Timing:
    """A range of months: only one from January on, within one year, is a span of ours (or a single month)."""
    if (last_year and first_year != last_year) or not 1 <= int(last) <= 12:
        return UNSURE
    year = int(first_year) if first_year else None
    if int(first) == int(last):
        return Timing(year, int(last), "month" if int(last) != 1 else "to_date")
    return Timing(year, int(last), "to_date") if int(first) == 1 else UNSURE


def timing_of_sheet(title: Iterable[str], sheet: str, file_name: str) -> Timing:
    """The time a sheet's surroundings state: its title lines, else its name, the file's, the folders' from inside out.

    A statement without a year is completed by the next that has one; a title that names only a year is completed by a
    sheet name that names a month of it.
    """
    folders = file_name.split("/")
    stem = folders[-1].rsplit(".", 1)[0]
    in_title = NOTHING
    for line in title:
        said = timing_in(line)
        if said.unsure:
            return UNSURE
        if in_title.month is None or in_title.year is None:
            in_title = in_title.over(said)
        elif in_title.kind is None and said.year is None and said.month is None:
            in_title = said.over(in_title)  # a line of its own that says 本月止累计
    in_name = timing_in(sheet)
    if in_title.year is not None and in_title.month is None and in_title.kind != "year":
        refines = in_name.month is not None and in_name.year in (None, in_title.year) and not in_name.unsure
        return Timing(in_title.year, in_name.month, in_title.kind or in_name.kind) if refines else in_title
    result = in_title
    for text in (sheet, stem, *reversed(folders[:-1])):
        if result.year is not None:
            break
        said = timing_in(text)
        if said.unsure and result.month is None:
            return UNSURE
        if result.month is not None:
            result = Timing(result.year if said.unsure else said.year, result.month, result.kind)
        else:
            result = result.over(said)
    return result


_MARKER_WORDS = (
    (
        re.compile(r"(本年|年初-今|年初-本月|截-本月|截-|本月止|1月?-本月)?(止)?累计(数|值|额|量|发生额|完成)?"),
        Timing(kind="to_date"),
    ),
    (re.compile(r"本年(度)?|今年|年初-今|年初-本月|本月止|1月?-本月"), Timing(kind="to_date")),
    (re.compile(r"(本|当)月(数|值|额|发生额|实际|完成)?|当期"), Timing(kind="month")),
    (re.compile(r"本期(数|值|额)?"), NOTHING),
    (re.compile(r"全年(数|合计)?|年度"), Timing(kind="year")),
)
_EXPLICIT_MARKER = re.compile(
    r"(?:(20\d\d)(?:年度?|[-./]))?(?:0?(1)月?-)?0?(1[0-2]|[1-9])月(?:份|末)?(止)?(累计|合计)?(?:数|值)?"
)
_MONTH_MARKER = re.compile(r"(20\d\d)(?:[-./](0?[1-9]|1[0-2])|(0[1-9]|1[0-2]))")
_YEAR_MARKER = re.compile(r"(20\d\d)(年度|年|)(累计|全年|合计)?")


@lru_cache(maxsize=4096)
def marker(text: str) -> Timing | None:
    """What a header that is only a mark of time says (本月, 累计, 1-10月, 10月, 2026年, a date); None for others."""
    plain = canonical(text)
    for pattern, timing in _MARKER_WORDS:
        if pattern.fullmatch(plain):
            return timing
    if (match := _ISO.fullmatch(text.strip())) or (match := _MONTH_MARKER.fullmatch(plain)):
        groups = [group for group in match.groups() if group]
        return Timing(int(groups[0]), int(groups[1]), "month")
    if match := _EXPLICIT_MARKER.fullmatch(plain):
        year, first, month, stop, cumulative = match.groups()
        kind: Kind = "to_date" if first or stop or cumulative else "month"
        return Timing(int(year) if year else None, int(month), kind)
    if match := _YEAR_MARKER.fullmatch(plain):
        return Timing(int(match[1]), kind="year" if match[2] == "年度" or match[3] else None)
    return None


_PREFIX = re.compile(
    r"(?:20\d\d年度?)?(?:本月止累计|本年累计|年初-本月累计|1月?-本月累计|1月?-本月|0?1月?-\d{1,2}月份?(?:累计)?|\d{1,2}月份?(?:累计)?"
    r"|累计|本月|当月|本期|本年度?|全年)|20\d\d年度?"
)
_SUFFIX = re.compile(
    r"[-_]?(?:本月止累计|本年累计|1月?-本月累计|1月?-本月|0?1月?-\d{1,2}月份?|累计(?:数|值|额)?|本月(?:数|值|额)?|当月(?:数|值|额)?"
    r"|本期(?:数)?|全年)$"
)


@lru_cache(maxsize=4096)
def split_marker(name: str) -> tuple[str, Timing | None]:
    """A header such as 本年累计营业收入 or 营业收入本月止累计 → its name without the mark of time, and the mark."""
    plain = canonical(name)
    for match in (_PREFIX.match(plain), _SUFFIX.search(plain)):
        if match and (timing := marker(match[0].strip("-_"))) is not None:
            rest = (plain[: match.start()] + plain[match.end() :]).strip("-_:")
            if rest:
                return rest, timing
    return name, None


def timing_of_cell(text: str, role: str) -> Timing:
    """What the cell of a period column says; `role` is year, month or period. `UNSURE` when it cannot be understood.

    2026.1 as a number is January or October: a cell that says only that is not understood.
    """
    plain = canonical(text).strip("'")
    if match := _ISO.fullmatch(text.strip()):
        return Timing(int(match[1]), None if role == "year" else int(match[2]), None)
    if role == "year":
        match = _YEAR_MARKER.fullmatch(plain)
        return Timing(int(match[1])) if match else UNSURE
    if role == "month":
        if match := re.fullmatch(r"0?(1[0-2]|[1-9])月?份?", plain):
            return Timing(month=int(match[1]))
        if match := re.fullmatch(r"0?1月?-0?(1[0-2]|[1-9])月?份?(累计)?", plain):
            return Timing(month=int(match[1]), kind="to_date")
    if match := re.fullmatch(r"(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])", plain):
        return Timing(int(match[1]), int(match[2]))
    said = UNSURE if re.fullmatch(r"20\d\d\.1", plain) else timing_in(plain)
    return said if said.year is not None or (role == "month" and said.month is not None) else UNSURE
