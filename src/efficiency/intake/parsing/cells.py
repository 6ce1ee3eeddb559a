"""Cell texts → values, as polars expressions: numbers, dates, yes/no, industry codes. What is not understood is null.

A cell is refused when it is neither blank (`is_blank`) nor understood.
"""

from __future__ import annotations

import polars as pl

FLAGS: dict[str, bool] = {
    **dict.fromkeys(("是", "有", "√", "✓", "✔", "Y", "YES", "TRUE", "1"), True),
    **dict.fromkeys(("否", "×", "✗", "✘", "N", "NO", "FALSE", "0"), False),
}
CHOICE_WORDS: dict[str, str] = {
    "规模以上": "规上",
    "规上企业": "规上",
    "规模以上企业": "规上",
    "规上工业": "规上",
    "规上工业企业": "规上",
    "规模以下": "规下",
    "规下企业": "规下",
    "规模以下企业": "规下",
    "规下工业": "规下",
    "规下工业企业": "规下",
    "安全生产": "安全",
    "环境保护": "环保",
}
"""Longer spellings of the words of a closed vocabulary."""
HUGE = 1e100
"""Numbers from here on are refused: converting their unit could overflow."""
SAFE_INTEGER = 1e15
"""From here on a spreadsheet has lost digits of a number."""

_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]"
_BLANK = r"^(?:[-—–−─]*|[/\\无])$"
_GROUPED = r"^[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?(?:E[+-]?[0-9]{1,3})?$"
"""A number with its digits grouped by commas."""
_DAY = r"^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:T?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
_MONTH = r"^(\d{4})[-/.年](\d{1,2})月?份?$"
_EPOCH = pl.date(1899, 12, 30)
_ODD = rf"^\s|\s$|\s\s|[^\S ]|{_CONTROL}|^[-—–−─－/／\\\\无\s]+$"


def squeeze(text: pl.Expr) -> pl.Expr:
    """`text` in standard width, without white space and control characters, upper case."""
    return text.str.normalize("NFKC").str.replace_all(_CONTROL, "").str.replace_all(r"\s+", "").str.to_uppercase()


def is_odd(text: pl.Expr) -> pl.Expr:
    """Whether `clean` could change a text: a single cheap test, false for most cells."""
    return text.str.contains(_ODD)


def clean(text: pl.Expr) -> pl.Expr:
    """`text` as people read it: trimmed, line breaks as spaces, no control characters; null where it is blank."""
    tidy = text.str.replace_all(_CONTROL, "").str.replace_all(r"\s+", " ").str.strip_chars()
    return pl.when(~is_blank(tidy)).then(tidy)


def is_blank(text: pl.Expr) -> pl.Expr:
    """Whether a cell is blank: null, empty, `-`, `—`, `/`, 无. The result is never null."""
    return is_blank_squeezed(squeeze(text))


def is_blank_squeezed(text: pl.Expr) -> pl.Expr:
    """`is_blank` of a text that is squeezed already."""
    return text.str.contains(_BLANK).fill_null(value=True)


def divide(value: pl.Expr, divisor: float) -> pl.Expr:
    """`value` ÷ `divisor`, correctly rounded.

    Polars turns a division by a scalar into a multiplication by its reciprocal (1000.5 / 10 gives 100.05000000000001);
    a column of divisors is divided by as written.
    """
    return value / (value * 0 + float(divisor))


def plain_number(text: pl.Expr) -> pl.Expr:
    """Float64 of `1234.5`, `-.5`, `1.2E+03`, `1,234.5`; null for anything else, `inf` and `nan` included."""
    ungrouped = pl.when(text.str.contains(_GROUPED)).then(text.str.replace_all(",", "", literal=True)).otherwise(text)
    number = ungrouped.cast(pl.Float64, strict=False)
    return pl.when(number.abs() < HUGE).then(number)


def parse_number(text: pl.Expr) -> pl.Expr:
    """`plain_number`, also of full-width digits, other minus signs and `12.5%` (0.125).

    A digit that is a mark (5.2①, 5.2²) or a fraction (2½) is no digit of the figure.
    """
    text = pl.when(~text.str.contains(r"\p{No}")).then(text)
    plain = squeeze(text).str.replace(r"^[−–—]", "-")
    number = plain_number(plain.str.strip_suffix("%"))
    # A percentage is divided, not multiplied by 0.01, so that 12.5% is 0.125 exactly.
    return number / pl.when(plain.str.ends_with("%")).then(100.0).otherwise(1.0)


def is_percent(text: pl.Expr) -> pl.Expr:
    """Whether a cell is written as a percentage."""
    return squeeze(text).str.ends_with("%").fill_null(value=False)


def parse_date(text: pl.Expr) -> pl.Expr:
    """Date of `2019-05-01`, `2019/5/1`, `2019.5.1`, `2019年5月1日`, `20190501`; of `2019年5月`, `2019-05`, `2019.5`,
    `201905` the first of the month. Null for anything else, 2019-02-30 and a bare year included.
    """
    plain = squeeze(text)
    compact_day = plain.str.replace(r"^(\d{4})(\d{2})(\d{2})$", "$1-$2-$3")
    compact = compact_day.str.replace(r"^(\d{4})(\d{2})$", "$1-$2")
    padded = pl.coalesce(
        pl.when(compact.str.contains(_DAY)).then(_padded(compact, _DAY, with_day=True)),
        pl.when(compact.str.contains(_MONTH)).then(_padded(compact, _MONTH, with_day=False)),
    )
    day = padded.str.to_date("%Y-%m-%d", strict=False)
    return pl.when(day.dt.year().is_between(1900, 2100)).then(day)


def date_of_number(number: pl.Expr) -> pl.Expr:
    """Date of a number in a date column: a serial, `2019.5` (May 2019), 201905, 20190501; null for anything else.

    2019.1 is what a spreadsheet leaves of 2019.10 where others of the column are written 2019.05; elsewhere it is
    January or October, so it is null.
    """
    whole = number == number.floor()
    serial = pl.when(number.is_between(10_000, 73_415)).then(_EPOCH + pl.duration(days=number.floor().cast(pl.Int64)))
    compact = pl.when(whole & number.is_between(190_001, 21_001_231)).then(
        parse_date(number.cast(pl.Int64, strict=False).cast(pl.String))
    )
    hundredths = (number * 100).round(0)
    months = number.is_between(1900, 2101) & ~whole & ((number * 100 - hundredths).abs() < 1e-6)
    rest = hundredths % 100
    padded = (months & (rest < 10)).any() & ~(months & (rest > 10) & (rest % 10 == 0)).any()
    dotted = pl.when(months & ((rest != 10) | padded)).then(_month_of_hundredths(hundredths))
    return pl.coalesce(serial, compact, dotted)


def parse_flag(text: pl.Expr) -> pl.Expr:
    """Boolean of 是/否, √/×, Y/N, TRUE/FALSE, 1/0; null for anything else."""
    return squeeze(text).replace_strict(FLAGS, default=None, return_dtype=pl.Boolean)


def parse_choice(text: pl.Expr, choices: tuple[str, ...]) -> pl.Expr:
    """The word of `choices` that a cell states; null for anything else."""
    words = {word: word for word in choices} | {long: word for long, word in CHOICE_WORDS.items() if word in choices}
    return squeeze(text).replace_strict(words, default=None, return_dtype=pl.String)


def parse_industry(text: pl.Expr) -> pl.Expr:
    """GB/T 4754 code of `3071`, `C3071`, `6` (06), `3071 建筑陶瓷制品制造`; null for anything else."""
    digits = squeeze(text).str.extract(r"^[A-T]?(\d{1,4})(?:\.0+)?[-—]?[\p{Han}、()]*$", 1)
    code = pl.when(digits.str.len_chars() == 1).then(pl.lit("0") + digits).otherwise(digits)
    return pl.when(code.str.slice(0, 2).cast(pl.Int64, strict=False).is_between(1, 97)).then(code)


def industry_of_number(number: pl.Expr) -> pl.Expr:
    """Code of a number in the column, its lost leading zero restored: 6 → 06, 610 → 0610 (divisions end at 46 here)."""
    code = exact_text(number)
    lost = number.is_between(600, 999) & (number == number.floor())
    return parse_industry(pl.when(lost).then(pl.lit("0") + code).otherwise(code))


def exact_text(number: pl.Expr) -> pl.Expr:
    """A number as a person would write it: 3071, not 3071.0."""
    whole = (number == number.floor()) & (number.abs() < SAFE_INTEGER)
    integer = pl.when(whole).then(number).cast(pl.Int64, strict=False).cast(pl.String)
    return pl.when(whole).then(integer).otherwise(number.cast(pl.String))


def _padded(plain: pl.Expr, pattern: str, *, with_day: bool) -> pl.Expr:
    """`YYYY-MM-DD` of the groups of `pattern`."""
    parts = [plain.str.extract(pattern, 1), plain.str.extract(pattern, 2).str.zfill(2)]
    day = plain.str.extract(pattern, 3).str.zfill(2) if with_day else pl.lit("01")
    return pl.concat_str([*parts, day], separator="-")


def _month_of_hundredths(hundredths: pl.Expr) -> pl.Expr:
    """First of the month of 2019.05, 2019.5 or 2019.12, given as hundredths."""
    year, rest = (hundredths // 100).cast(pl.Int64), (hundredths % 100).cast(pl.Int64)
    month = pl.when(rest > 12).then(rest // 10).otherwise(rest)
    exact = (rest <= 12) | (rest % 10 == 0)
    text = pl.concat_str([year.cast(pl.String), month.cast(pl.String).str.zfill(2), pl.lit("01")], separator="-")
    return pl.when(exact).then(text).str.to_date("%Y-%m-%d", strict=False)
