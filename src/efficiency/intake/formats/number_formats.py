"""What the number format of a cell makes of its figure: `0!.0,` shows 1234567 as 123.5, `0.00"万元"` names a unit.

The value of a cell stays the stored number. A format is kept where a reader sees another figure than the stored one,
or a unit: figures divided by a power of ten, figures in per cent, figures with a unit or a sign of money. Colours,
grouping, rounding, brackets of negatives and the like change nothing. Source of the codes: ECMA-376 part 1, 18.8.31.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Truths = npt.NDArray[np.bool_]
    Figures = npt.NDArray[np.float64]

LONGEST_CODE = 255
"""Characters of a format that Excel writes at most; of a longer one nothing is said."""
PERCENT_FORMATS = {9: "0%", 10: "0.00%"}
"""The built-in formats that show something else than the stored figure. Those of money (5 to 8, 42, 44) show the sign
of whoever looks at them where the file does not write them out, and so name no unit."""

_TOKEN = re.compile(
    r'"(?P<quoted>[^"]*)"?|[\\!](?P<escaped>.)|\[(?P<bracket>[^\]]*)\]?|[_*].|(?P<number>[0#?.,%]|E[+-])'
    r"|(?P<written>[^\x00-\x7f])|(?P<other>.)",
    re.DOTALL,
)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_COMPARE: dict[str, Callable[[Figures, float], Truths]] = {
    "<=": np.less_equal,
    ">=": np.greater_equal,
    "<>": np.not_equal,
    "<": np.less,
    ">": np.greater,
    "=": np.equal,
}
_AROUND = " \t\u3000\xa0()（）[]【】/·:：-"
_MONEY = "¥￥$€£"
_MULTIPLES = {"千": 3, "万": 4, "十万": 5, "百万": 6, "千万": 7, "亿": 8}


@dataclass(frozen=True)
class NumberFormat:
    """A number format that shows something else than the stored figure.

    The reader sees stored ÷ 10 ** power, in `unit`: `0!.0,` has power 4, `#,##0.00,,` 6, `0.00"万元"` 0 and 万元. A
    word of number that only takes the power back (`0!.0,"万"`) is no unit and leaves power 0.
    """

    code: str
    """As the file writes it."""
    power: int = 0
    unit: str = ""
    """The words behind the figure, or the sign of money before it (`¥`), as written and without brackets; `` for none.
    It may be no unit at all (`0"户"`)."""
    percent: bool = False
    """Whether the reader sees the stored figure in per cent, 0.125 as 12.5%."""


@dataclass(frozen=True)
class FormatSections:
    """A format code as its sections: which figures each is for, and what it shows of them."""

    sections: tuple[tuple[str, float, NumberFormat | None], ...]
    """Comparison, bound, and the format where it shows something else than the stored figure; the first that holds."""

    def formats_of(self, figures: Figures) -> list[tuple[NumberFormat, Truths]]:
        """Each format of the code together with which of `figures` it is for."""
        found: list[tuple[NumberFormat, Truths]] = []
        left = np.ones(len(figures), dtype=np.bool_)
        for comparison, bound, shown in self.sections:
            here = left & _COMPARE[comparison](figures, bound) if comparison else left
            if shown is not None and here.any():
                found.append((shown, here))
            left = left & ~here
        return found


@cache
def format_sections(code: str) -> FormatSections | None:
    """The sections of a format code; None where every figure is shown as it is stored, as with most formats."""
    if len(code) > LONGEST_CODE or not (set(code) & set(',!\\"%[') or any(sign > "\x7f" for sign in code)):
        return None
    parts = _split(code)[:3]  # a fourth is for texts
    conditions = [_condition(part) for part in parts]
    if not any(conditions):
        conditions = [None, ("<", 0.0), ("=", 0.0)][: len(parts)]
        if len(parts) > 1:
            conditions[0] = (">", 0.0) if len(parts) > 2 else (">=", 0.0)
    shown = [_shown(part, code) for part in parts]
    if not any(shown):
        return None
    if len({*shown[:2]}) == 1 and not any(_condition(part) for part in parts):
        return FormatSections((("", 0.0, shown[0]),))  # positive and negative alike
    return FormatSections(
        tuple((*(condition or ("", 0.0)), one) for condition, one in zip(conditions, shown, strict=True))
    )


def styles_of(codes: Mapping[int, str], identifiers: list[int]) -> list[FormatSections | None]:
    """Per cell style, which names its format by an identifier: what it shows, by the `codes` that the file declares."""
    every = PERCENT_FORMATS | dict(codes)
    return [format_sections(every.get(identifier, "")) for identifier in identifiers]


def _split(code: str) -> list[str]:
    """The sections of a code, apart by semicolons that are no text."""
    parts = [""]
    for token in _TOKEN.finditer(code):
        if token["other"] == ";":
            parts.append("")
        else:
            parts[-1] += token[0]
    return parts


def _condition(section: str) -> tuple[str, float] | None:
    for token in _TOKEN.finditer(section):
        if token["bracket"] and (match := _CONDITION.fullmatch(token["bracket"].strip())):
            return match[1], float(match[2])
    return None


def _shown(section: str, code: str) -> NumberFormat | None:
    """What one section shows; None where it is the stored figure and nothing else, or no figure at all."""
    number = ""  # the places of the figure, `·` for a point that is only text
    before, after = "", ""
    money = ""
    general = section.replace("General", "0")
    for token in _TOKEN.finditer(general):
        literal = token["quoted"] or token["escaped"] or token["written"] or ""
        if token["bracket"] and token["bracket"].startswith("$"):
            money = money or token["bracket"][1:].partition("-")[0]
        if token["number"]:
            if number and token["number"] in "0#?":  # what stands between two places is no unit
                number += "·" * (after == ".")
                after = ""
            number += token["number"]
        elif literal and number:
            after += literal
        elif literal:
            before += literal
        elif number and token["other"] and token["other"].isalpha():
            after += token["other"]
    places = number.replace("%", "")
    if not set(places) & set("0#?"):
        return None
    power = _power(places)
    unit = after.strip(_AROUND)
    if power and _MULTIPLES.get(unit) == power:
        power, unit = 0, ""
    sign = money.strip(_AROUND) or before.strip(_AROUND)
    if not unit and sign and (sign[0] in _MONEY or money):
        unit = sign
    percent = "%" in number
    return NumberFormat(code, power, unit, percent) if power or unit or percent else None


def _power(places: str) -> int:
    """By which power of ten a figure is divided: three for each comma behind the last whole place, and one for each
    place behind a point that is only text.
    """
    whole, _, rest = places.partition(".")
    commas = len(whole) - len(whole.rstrip(","))
    if not commas:
        commas = len(rest) - len(rest.rstrip(","))
    _, point, shifted = whole.rstrip(",").partition("·")
    return 3 * commas + (sum(sign in "0#?" for sign in shifted) if point else 0)
