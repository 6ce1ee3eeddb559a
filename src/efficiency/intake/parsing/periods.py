"""Which months figures belong to, from texts and headers: a month, a year to date, a full year, a quarter.

A statement may be partial (a header 累计, a column 月份, a folder 2026); parts are combined, and what they leave
open is not guessed: no span comes of it.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from efficiency.reference.tables import normalise_name

if TYPE_CHECKING:
    from collections.abc import Iterable

Kind = Literal["month", "to_date", "year", "several"]

_DASHES = re.compile(r"[-—–−~〜～至到]+")
_DIGITS = str.maketrans("〇○零一二三四五六七八九", "000123456789")
_CHINESE_YEAR = re.compile(r"[〇○零一二三四五六七八九]{4}(?=年)")
_CHINESE_MONTHS = {"十二月": "12月", "十一月": "11月", "十月": "10月"} | {
    f"{word}月": f"{number}月" for number, word in enumerate("一二三四五六七八九", start=1)
}
_ISSUED = "打印|制表|编制|印发|导出|更新|发布|成文|修订|制定"
_OTHER_DATES = re.compile(
    # 报送日期:2026年11月 is another date, 关于报送2026年10月数据的通知 is not.
    rf"(?:(?:填报|填表|报送|上报|报出|审核|审批)(?:(?:日期|时间|日|于)[:]?|:)|(?:{_ISSUED}|截止|截-)(?:日期|时间|日|于)?[:]?"
    r"|有效期限?:?-?:?)\d{4}[-年./]\d{1,2}[-月./]?(?:\d{1,2}日?)?"
    rf"|\d{{4}}年\d{{1,2}}月(?=印发|发布|修订|制定)|[(]\d{{4}}[)]\d*号|GB/?T?\d+-\d{{4}}"
    r"|(?<!\d)\d{4}(?P<mark>[-./])\d{1,2}(?P=mark)\d{1,2}(?!\d)|(?<!\d)\d{4}年\d{1,2}月\d{1,2}日?"
)
_UP_TO = re.compile(
    r"(?:截(?:止-?|-)(?!日期|时间|月份|-?目前|-?今)|年初(?:起|开始)?-|累计-|(?<![\d年月日份度])-(?=[^-]*[底末]))(?:(20\d\d)[-年./])?"
    r"(?:0?(1[0-2]|[1-9])月(?:份|[底末]|(\d{1,2})日)?[止底末]?|(?<=20\d\d[-./])0?(1[0-2]|[1-9])(?:[-./](\d{1,2}))?(?!\d)"
    r"|第?([1-4])季度[末底]?|([上])半年[末底]?)(?:累计)?"
)
"""截至2026年10月底, 截止10月31日, 年初至10月: from January on."""
_UP_TO_DAY = re.compile(r"截.{0,40}(?:\d{1,2}日|[-./]\d{1,2}[-./]\d{1,2})")
_CUMULATIVE = re.compile(r"累计|本月止|年初-今|年初-本月|1-本月|1月-本月")
_RANGE = re.compile(
    r"(?<!\d)(?<!附件)(?<!附表)(?:(\d{4})(?:年度?|[./]))?0?(\d{1,2})月?份?起?-(?:(\d{4})(?:年度?|[./]))?0?(\d{1,2})月"
    r"|(?<!\d)(20\d\d)(?:[-./年]?(?=\d\d)|[-./年])(0?[1-9]|1[0-2])月?"
    r"-(20\d\d)(?:[-./年]?(?=\d\d)|[-./年])(0?[1-9]|1[0-2])(?![\d.])"
    r"|(?<![\d.])(20\d\d)(?:[./]|(?=\d\d-\d\d))(0?[1-9]|1[0-2])-(0?[1-9]|1[0-2])(?![\d./日-])"
)
_MONTH = re.compile(
    r"(?<!\d)(\d{4})年度?0?(\d{1,2})月(?!\d{1,2}日)|(?<![\d.])(20\d\d)[-./_](0?[1-9]|1[0-2])(?![\d])(?![-./]\d)"
    r"|(?<!\d)(20\d\d)(0[1-9]|1[0-2])(?!\d)"
)
_LONE_MONTH = re.compile(r"(?<![\d-])0?(\d{1,2})月(?!\d)")
_LABELLED_DAY = re.compile(r"(?:报告期|所属期|所属时期|期间|月份)[^\d]{0,4}(20\d\d)[-./年](\d{1,2})[-./月]\d{1,2}")
_DAYS = re.compile(
    r"(?<!\d)(20\d\d)[-./年](\d{1,2})[-./月](\d{1,2})日?-(?:(20\d\d)[-./年])?(?:(\d{1,2})[-./月])?(\d{1,2})日?(?!\d)"
    r"|(?<!\d)(20\d\d)(\d\d)(\d\d)-(20\d\d)(\d\d)(\d\d)(?!\d)"
)
_OTHER_DAYS = re.compile(rf"(?:有效期|{_ISSUED}|填报|填表|报送|上报|报出|审核|审批)[^\d]{{0,5}}$")
_YEAR = re.compile(r"(?<!\d)(20\d\d)(年度|年|)(?!\d)")
_QUARTER = re.compile(
    r"(?<![\d.])第?([1-4])(?:-第?([1-4]))?个?季度|前([2-4])个?季度|(首)季|(?<![A-Z])Q([1-4])(?![\dA-Z])|([上下])半年"
)
_SEVERAL = re.compile(
    r"(?:(?:年|年度)\d{1,2}|\d{1,2}月份?)[、,和及与&+/]\d{1,2}月|\d月份?-(?:今|目前)|附[件表]\d{1,2}-\d{1,2}月|[1-4一二三四](?:季度)?[、,和及与&+/]第?[1-4]个?季度"
)
"""Months or quarters side by side (2026年9月、10月), or a span without an end: which of them is meant is open."""
_ENGLISH = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_MAY_BE_MONTHS = re.compile(
    rf"(?:{_ENGLISH})[A-Z]{{0,6}}[-./,'年]?20\d\d|20\d\d[-./,'年]?(?:{_ENGLISH})|(?<!\d)(?:0?[1-9]|1[0-2])/20\d\d"
    r"|20\d\d(?:年度?|[./])\d{1,2}-\d{1,2}(?!\d)|20\d\d年\d{1,2}(?:个月|$)|第\d{1,2}期|-\d{1,2}月(?!\d)"
)
"""Texts next to a year that mean a part of it, in a way that is not read."""
_CHINESE_QUARTERS = re.compile(r"[一二三四](?=个?季度|-第?[一二三四1-4]个?季度)")
_FIRST_MONTHS = re.compile(
    r"(?<=年)[前头]([一二三四五六七八九]|十[一二]?|\d{1,2})个?月"
    r"|(?<![\d一二三四五六七八九十第之周])([一二三四五六七八九]|十[一二]?)(?=月?份?-\d{1,2}月)"
)
_JANUARY = re.compile(r"(?<![\d千万亿百角分美欧日港加])元(?=月|-\d{1,2}月)")
_SHORT_YEAR = re.compile(
    r"(?<![\d.'’‘])['’‘]?([1-3]\d)年(?=度?\d{1,2}(?:月|-)|度|全年|元月|第?[1-4一二三四]季|[上下]半年|前)|^['’‘]?([23]\d)年(?![以内来间后期龄\d])"
)
"""26年10月, 26年度; 26年 at the beginning of a text."""
_SEVERAL_YEARS = "标题所写的时期不止一年，看不出这个月是哪一年的。"
_LAST_YEAR = re.compile(
    r"(?<![与和及跟较比、同对])(?:上年|去年)同期(?:[数值额量]|情况|数据)?[表]?(?:[(][^()]{0,60}[)])?$"
)
_OF_LAST_YEAR = "写的是上年同期的数，看不出是哪一年的；请写明数据所属的年月。"
_BARE_NUMBER = re.compile(r"0?[1-9]|1[0-2]")
_TEN_DAYS = re.compile(r"[上中下]旬")
ISO = re.compile(r"(\d{4})-(\d{2})-(\d{2})(?:[T ].*)?")
TENTH = re.compile(r"20\d\d\.1")


@dataclass(frozen=True, slots=True)
class Timing:
    """A statement of the time of figures; None where it is left open. A year alone means the full year."""

    year: int | None = None
    month: int | None = None
    kind: Kind | None = None
    months: int | None = None
    """How many months a span of kind `several` covers; `month` is the last of them."""
    unsure: bool = False
    """Contradictory or ambiguous: no span may come of it."""
    doubt: str = ""
    """Why it is unsure, in Chinese; empty where there is no particular reason."""

    def over(self, base: Timing) -> Timing:
        """The statement, completed by the more general `base` (a title, for the header of a column)."""
        kind = self.kind
        if kind is None:
            kind = None if self.month is not None and base.kind in ("year", "several") else base.kind
        # 累计 under 二季度 may begin in January or in April.
        open_start = base.kind == "several" and self.kind in ("month", "to_date") and self.month is None
        years = self._years_within(base)
        doubt = _OPEN_START if open_start else _SEVERAL_YEARS if len(years) > 1 else ""
        return Timing(
            years[-1],
            self.month if self.month is not None else base.month,
            kind,
            (self.months or base.months) if kind == "several" else None,
            self.unsure or base.unsure or bool(doubt),
            self.doubt or base.doubt or doubt,
        )

    def _years_within(self, base: Timing) -> tuple[int | None, ...]:
        """The year, or that of `base`: 11月 under 2025年11月至2026年10月 is of the year in which the span has it.

        Several where the span has the month in each of them.
        """
        if self.year is not None or self.month is None or base.kind != "several":
            return (self.year if self.year is not None else base.year,)
        if base.year is None or base.month is None or base.months is None:
            return (base.year,)
        last = 12 * base.year + base.month
        first = last - base.months + 1
        years = range((first - self.month + 11) // 12, (last - self.month) // 12 + 1)
        return tuple(years) or (base.year,)

    def span(self) -> tuple[date, date] | None:
        """First day of the first and of the last month; None when they are not determined."""
        if self.unsure or self.year is None or (self.month is not None and not 1 <= self.month <= 12):
            return None
        if self.kind == "year" or (self.month is None and self.kind in (None, "to_date")):
            return date(self.year, 1, 1), date(self.year, 12, 1)
        if self.month is None:
            return None
        last = date(self.year, self.month, 1)
        if self.kind == "several":
            years, month = divmod(self.year * 12 + self.month - (self.months or 1), 12)
            return date(years, month + 1, 1), last
        return (date(self.year, 1, 1) if self.kind == "to_date" else last), last


TENTH_DOUBT = "“{}”可能是 1 月，也可能是 10 月（表格软件会去掉末尾的 0）。"
_SEVERAL_DOUBT = "写有多个月份或季度，看不出是哪一个；连续的请写成区间。"
OPEN_END = "“累计”看不出累计到哪个月。"
OVER_NEW_YEAR = "各列从12月接到1月，跨了两年，看不出各月是哪一年的；请在列名中写明年份，或在标题中写明起止年月。"
_MONTH_TO_DATE = "“本月累计”看不出是本月的数，还是1月起到本月的累计数；请写明“本月”或“1-本月累计”。"
_END_BESIDE_MONTH = "标题既写了这个月，又写了“{}”，看不出是当月的数还是1月起的累计数。"
_OPEN_START = "季度或月份区间与“累计”“本月”并用，看不出从哪个月算起。"

NOTHING, UNSURE = Timing(), Timing(unsure=True)


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
    plain = _JANUARY.sub("1", _DASHES.sub("-", plain))
    plain = _SHORT_YEAR.sub(lambda found: f"20{found[1] or found[2]}年", _FIRST_MONTHS.sub(_from_january, plain))
    return _CHINESE_QUARTERS.sub(_quarter_digit, plain).replace("前三", "前3").replace("前两", "前2")


@lru_cache(maxsize=4096)
def timing_in(text: str) -> Timing:
    """The timing that a title, a name or a path states; `NOTHING` if none, `UNSURE` if it contradicts itself."""
    days = _DAYS.search(canonical(text))
    if days and not _OTHER_DAYS.search(days.string[: days.start()]):
        if whole := _whole_months(days):
            return whole
        if _LABELLED_DAY.search(days.string):  # 所属期:2026年9月26日至10月25日
            return _undetermined("", f"“{days[0]}”不是整月。")
    labelled = _LABELLED_DAY.search(canonical(text))
    if labelled or _LAST_YEAR.search(canonical(text)):
        return Timing(int(labelled[1]), int(labelled[2])) if labelled else replace(UNSURE, doubt=_OF_LAST_YEAR)
    if to_date := _up_to(canonical(text)):
        return to_date
    plain = _OTHER_DATES.sub(" ", canonical(text))
    cumulative: Kind | None = "to_date" if _CUMULATIVE.search(plain) else None
    # From the most to the least specific way of writing a span; the first that is there is what is meant.
    for found in (_ranges(plain), _quarters(plain, cumulative), _months(plain, cumulative), _years(plain, cumulative)):
        if found:
            return found.pop() if len(found) == 1 else UNSURE
    return Timing(kind=cumulative)


def _up_to(plain: str) -> Timing | None:
    """The time from January to the month that a text is up to the end of (截至2026年10月底), if it states no other.

    None for a day within a month, which is when the figures were drawn.
    """
    match = _UP_TO.search(plain)
    if match is None:
        return None
    rest = plain[: match.start()] + " " + plain[match.end() :]
    other = timing_in(rest)
    year, month, day, month_2, day_2, quarter, half = match.groups()
    if other.unsure or other.month is not None or other.kind == "several" or "截" in rest:
        alike = (other.year, other.month, other.kind) == (other.year, int(month or 0), None)
        beside = alike and not day and "累计" not in plain and not other.unsure
        return replace(UNSURE, doubt=_END_BESIDE_MONTH.format(match[0].replace("-", "至"))) if beside else None
    to = int(month or month_2 or 0) or (6 if half else 3 * int(quarter))
    of_year = int(year) if year else other.year
    last_day = int(day or day_2 or 0)
    if last_day and last_day != monthrange(of_year or 2026, to)[1]:
        return None
    return Timing(of_year, to, "to_date")


def _whole_months(days: re.Match[str]) -> Timing | None:
    """The months that two days begin and end (2026年1月1日至10月31日); None where they lie within months."""
    found = days.groups()[:6] if days[1] else days.groups()[6:]
    year, month, day, last_year, last_month, last_day = (int(group or 0) for group in found)
    timing = from_to(month, last_month or month, year, last_year or None)
    ends = timing.year is not None and last_day == monthrange(timing.year, timing.month or 1)[1]
    return timing if day == 1 and ends else None


def _from_january(found: re.Match[str]) -> str:
    """前10个月 → 1-10月, and 一 of 一至十月 → 1."""
    words = found[1] or found[2]
    months = int(words) if words.isdecimal() else "一二三四五六七八九十".find(words[-1]) + 1
    months += 10 if words in ("十一", "十二") else 0
    return f"1-{months}月" if found[1] else str(months)


def _quarter_digit(found: re.Match[str]) -> str:
    return str("一二三四".index(found[0]) + 1)


def _ranges(plain: str) -> set[Timing]:
    """`2026年1-10月`, `2026年4-6月`, `202601-202610`, `2025年11月-2026年10月`."""
    found = {_range_found(match) for match in _RANGE.finditer(plain)}
    return {item if item.year or item.unsure else replace(item, year=_only_year(plain)) for item in found}


def _range_found(match: re.Match[str]) -> Timing:
    """The span of what `_RANGE` found: 2026年1-10月, 202601-202610, 2026.1-10."""
    groups = match.groups()
    year, first, last_year, last = groups[:4] if match[2] else groups[4:8]
    if match[9]:
        year, first, last = groups[8:]
    return _range(year, str(first), last_year, str(last))


def _quarters(plain: str, cumulative: Kind | None) -> set[Timing]:
    """`一季度`, `上半年`, `前三季度` are years to date; `二季度`, `下半年` spans of their own."""
    if _TEN_DAYS.search(plain):
        return {replace(UNSURE, doubt="不接受按旬的数据。")}
    if _SEVERAL.search(plain):
        return {_undetermined(plain, _SEVERAL_DOUBT)}
    found = {_quarter_span(match) for match in _QUARTER.finditer(plain)}
    if cumulative and any(first > 1 for first, _ in found):
        return {replace(UNSURE, doubt=_OPEN_START)}
    return {from_to(first, last, _only_year(plain)) for first, last in found}


def _quarter_span(match: re.Match[str]) -> tuple[int, int]:
    """First and last month of what `_QUARTER` found."""
    first, last, leading, opening, letter, half = match.groups()
    if half:
        return (1, 6) if half == "上" else (7, 12)
    if leading or opening:
        return 1, 3 * int(leading or 1)
    begins = int(first or letter)
    return 3 * begins - 2, 3 * int(last or begins)


def _months(plain: str, cumulative: Kind | None) -> set[Timing]:
    """`2026年10月`, `2026-10`, `202610`; a month alone takes the one year that the text names."""
    pairs: set[tuple[int | None, int]] = set()
    for match in _MONTH.finditer(plain):
        year, month = (int(group) for group in match.groups() if group)
        pairs.add((year, month))
    alone = {int(match[1]) for match in _LONE_MONTH.finditer(plain)}
    if not pairs:
        pairs = {(_only_year(plain), month) for month in alone}
    elif not alone <= {month for _, month in pairs}:  # 2026年11月报表(10月数据)
        return {_undetermined(plain, _SEVERAL_DOUBT)}
    return {Timing(year, month, cumulative) if 1 <= month <= 12 else UNSURE for year, month in pairs}


def _years(plain: str, cumulative: Kind | None) -> set[Timing]:
    """`2026年`, `2026年度`, `2026`."""
    if _YEAR.search(plain) and (found := _MAY_BE_MONTHS.search(plain)):
        return {_undetermined(plain, f"“{found[0]}”看不出是哪几个月。")}
    full_year = "全年" in plain or "年度" in plain
    return {Timing(int(match[1]), kind="year" if full_year else cumulative) for match in _YEAR.finditer(plain)}


def _undetermined(plain: str, doubt: str) -> Timing:
    """Some months of the year that the text names, but not which: columns or a sheet's name may state it."""
    return Timing(_only_year(plain), kind="several", doubt=doubt)


def _only_year(plain: str) -> int | None:
    years = {int(match[1]) for match in _YEAR.finditer(plain)}
    return years.pop() if len(years) == 1 else None


def _range(first_year: str | None, first: str, last_year: str | None, last: str) -> Timing:
    """A range of months; one without a year is within one."""
    if last_year and not first_year:
        return UNSURE
    year = int(first_year) if first_year else None
    return from_to(int(first), int(last), year, int(last_year) if last_year else None)


def from_to(first: int, last: int, year: int | None, last_year: int | None = None) -> Timing:
    """The span from month `first` of `year` to month `last`: a month, a year to date, or several months."""
    years = last_year - year if year is not None and last_year is not None else 0
    months = 12 * years + last - first + 1
    if not (1 <= first <= 12 and 1 <= last <= 12) or months < 1:
        return UNSURE
    end = last_year if last_year is not None else year
    if not years and (first == 1 or months == 1):
        return Timing(end, last, "to_date" if first == 1 else "month")
    return Timing(end, last, "several", months)


def _timing_of_titles(title: Iterable[str]) -> Timing:
    """The timing that the lines above a table state together; the months of one go before the year of another."""
    in_title = NOTHING
    lines = list(title)
    ends = [line for line in lines if _UP_TO.search(canonical(line)) and timing_in(line).kind == "to_date"]
    months = {(timing.year, timing.month) for line in lines if (timing := timing_in(line)).kind in (None, "month")}
    for line in ends:
        end = timing_in(line)
        if "累计" not in line and months & {(end.year, end.month), (None, end.month)}:
            if not _UP_TO_DAY.search(canonical(line)):
                return replace(UNSURE, doubt=_END_BESIDE_MONTH.format(line))
            lines.remove(line)  # the day on which the month's figures were drawn
    for line in lines:
        timing = timing_in(line)
        if timing.unsure:
            return timing
        if in_title.month is None and timing.month is not None:
            if in_title.year and timing.year and in_title.year != timing.year:
                return replace(UNSURE, doubt=f"标题中既有{in_title.year}年，又有{timing.year}年，看不出是哪一年。")
            in_title = timing.over(in_title)  # 2026年度评价数据 above 2026年1-10月
        elif in_title.month is None or in_title.year is None:
            in_title = in_title.over(timing)
        elif in_title.kind is None and (timing.year, timing.month) == (in_title.year, in_title.month):
            in_title = timing.over(in_title)  # 2026年10月月报 above 2026年1-10月
        elif in_title.kind is None and timing.year is None and timing.month is None:
            in_title = timing.over(in_title)  # a line of its own: 本月止累计
    return in_title


def timing_of_sheet(title: Iterable[str], sheet: str, file_name: str) -> Timing:
    """The time of a sheet, as its titles and names state it; one called 1 to 12 may be of a month."""
    stated = _timing_of_context(title, sheet, file_name)
    if stated.year is None or stated.month is not None or stated.kind is not None or stated.unsure:
        return stated
    may_be_month = _BARE_NUMBER.fullmatch(sheet.strip()) is not None
    doubt = f"工作表名“{sheet}”可能是月份；如是全年的数据，请写明“全年”。"
    return replace(stated, kind="several", doubt=doubt) if may_be_month else stated


def _timing_of_context(title: Iterable[str], sheet: str, file_name: str) -> Timing:
    """The time stated around a sheet: by its title lines, else its name, the file's, the folders' from inside out.

    A statement without a year is completed by the next that has one; a title that names only a year is completed by a
    sheet name that names a month of it.
    """
    folders = file_name.split("/")
    stem = folders[-1].rsplit(".", 1)[0]
    in_title = _timing_of_titles(title)
    if in_title.unsure:
        return in_title
    in_name = timing_in(sheet)
    if in_title.year is not None and in_title.month is None and in_title.kind != "year":
        if in_name.kind == "several" and in_name.month is None and in_name.year in (None, in_title.year):
            return replace(in_name, year=in_title.year)
        refines = in_name.month is not None and in_name.year in (None, in_title.year) and not in_name.unsure
        return replace(in_name, year=in_title.year, kind=in_title.kind or in_name.kind) if refines else in_title
    result = in_title
    for timing in (in_name, *map(timing_in, (stem, *reversed(folders[:-1])))):
        if result.year is not None:
            break
        if timing.unsure and result.month is None:
            return timing
        if result.month is not None:
            result = replace(result, year=result.year if timing.unsure else timing.year)
        else:
            result = result.over(timing)
    return result


_MARKER_WORDS = (
    (
        re.compile(
            r"([本当]年|自?年初(?:-今|-本月|起)?|截-本月|截-|本月止|1月?-本月|[各逐每分]月|自?1月份?起)?(止)?累计(数|值|额|量|发生额|完成)?"
        ),
        Timing(kind="to_date"),
    ),
    (re.compile(r"[本当]月累计(数|值|额|量)?"), replace(UNSURE, doubt=_MONTH_TO_DATE)),
    (re.compile(r"本年(度)?|今年|年初-今|年初-本月|本月止|1月?-本月"), Timing(kind="to_date")),
    (re.compile(r"(本|当)月(数|值|额|发生额|实际|完成)?|当期"), Timing(kind="month")),
    (re.compile(r"本期(实际|完成|实绩)?(数|值|额|量)?|绝对[额量数值]|实际(完成)?[数值额量]?"), NOTHING),
    (re.compile(r"全年(数|合计)?|年度"), Timing(kind="year")),
)
_OF_THIS_YEAR = re.compile(r"^(?:本年度?|今年)(?=\d|[本当]月)")
_EXPLICIT_MARKER = re.compile(
    r"(?:(20\d\d)(?:年度?|[-./]))?(?:0?(1)月?-)?0?(1[0-2]|[1-9])月(?:份|末)?(止)?(累计|合计)?(?:数|值)?"
)
_SPAN = rf"\d{{1,2}}月?-\d{{1,2}}月份?|{_QUARTER.pattern}"
_SPAN_MARKER = re.compile(rf"(?:20\d\d年?度?[-./]?)?(?:{_SPAN})(?:累计|合计)?(?:数|值)?")
_MONTH_MARKER = re.compile(r"(20\d\d)(?:[-./](0?[1-9]|1[0-2])|(0[1-9]|1[0-2]))")
YEAR_MARKER = re.compile(r"(20\d\d)(年度|年|)(累计|全年|合计)?")


@lru_cache(maxsize=4096)
def marker(text: str) -> Timing | None:
    """The timing of a header that is only a mark of time (本月, 累计, 1-10月, 10月, 2026年, a date); else None."""
    plain = _OF_THIS_YEAR.sub("", canonical(text))
    timing = next((timing for pattern, timing in _MARKER_WORDS if pattern.fullmatch(plain)), None)
    if timing is not None:
        return timing
    if TENTH.fullmatch(plain):
        return tenth(plain)
    if (match := ISO.fullmatch(text.strip())) or (match := _MONTH_MARKER.fullmatch(plain)):
        groups = [group for group in match.groups() if group]
        return Timing(int(groups[0]), int(groups[1]), "month")
    if match := _EXPLICIT_MARKER.fullmatch(plain):
        year, first, month, stop, cumulative = match.groups()
        kind: Kind = "to_date" if first or stop or cumulative else "month"
        return Timing(int(year) if year else None, int(month), kind)
    if _SPAN_MARKER.fullmatch(plain) or _UP_TO.fullmatch(plain):
        return timing_in(plain)
    match = YEAR_MARKER.fullmatch(plain)
    return Timing(int(match[1]), kind="year" if match[2] == "年度" or match[3] else None) if match else None


def tenth(text: str) -> Timing:
    """The timing of 2026.1 where it may be what a spreadsheet leaves of 2026.10: January or October, so unsure."""
    return replace(UNSURE, doubt=TENTH_DOUBT.format(text))


_PREFIX = re.compile(
    rf"(?:20\d\d年度?)?(?:本月止累计|[本当][年月]累计|年初-本月累计|1月?-本月累计|1月?-本月|(?:{_SPAN})(?:累计)?|\d{{1,2}}月份?(?:累计)?"
    r"|累计|本月|当月|本期|本年度?|全年)|20\d\d年度?"
)
_SUFFIX = re.compile(
    rf"[-_]?(?:本月止累计|[本当][年月]累计|1月?-本月累计|1月?-本月|{_SPAN}|累计(?:数|值|额)?|本月(?:数|值|额)?|当月(?:数|值|额)?"
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
