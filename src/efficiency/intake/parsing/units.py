"""Units as people write them → exact conversions. An unknown unit is never guessed.

The units themselves, with their exact ratios, are data (reference/units.csv).
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from typing import TYPE_CHECKING

from efficiency.intake.parsing.cells import divide
from efficiency.reference.tables import carrier_form_unit, carrier_kind, normalise_name, units

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from efficiency.reference.tables import Unit

COAL_EQUIVALENT = "吨标准煤"
TONNES_PER_WATER_VOLUME = 10_000
"""吨 of water in 万立方米: statistics take 1 立方米 of water for 1 吨."""

_ORGANISATION = "".join(
    f"(?<!{word})"
    for word in (
        "填报",
        "报送",
        "编制",
        "申报",
        "上报",
        "主管",
        "制表",
        "填表",
        "报出",
        "企业",
        "责任",
        "归口",
        "提供",
        "统计",
        "所属",
        "综合",
        "调查",
        "法人",
        "用地",
        "用电",
        "用能",
        "排污",
        "纳税",
    )
)
_OF_WHAT = "计量|金额|货币|数量|面积|价值|产值|能耗|电量|水量|税额|人数"
_LABEL = re.compile(rf"{_ORGANISATION}单位\s*(?::|\s|(?:均|统一)?(?:为|是):?)\s*|(?:{_OF_WHAT})\s*:\s*+(?!单位)")
"""What introduces a unit: 单位:, 金额单位为, 金额:."""
_STATED = re.compile(
    r"\(\s*+([^()\s](?:[^()]{0,18}?[^()\s])??)\s*+\)|((?:人民币\s+(?=\S))?[^\s()\[\]【】]+(?:\([^\s()]*\))?)"
)
"""The unit behind a label, in brackets or with a bracket behind it."""
_MEASURED_IN = re.compile(rf"以\s*([^\s()以为计]{{1,8}})\s*(?:为(?:{_OF_WHAT})?单位|计)")
"""金额均以万元为单位, (以万元计)."""
_REMARK = re.compile(
    r"\((?=[^()]*+\)$)[^()]*(?:保留|小数|取整|含税|口径|列至|四舍五入|精确|人民币|RMB)[^()]*\)$|(?:列|填)?[至到]角分$|^人民币\s+"
)
_OF_ONE = re.compile(r"^[^:为]{1,8}(?::|均?为)(.+)$")
"""电力为万千瓦时, 金额:万元 in a list of units."""
_LONE = re.compile(r"\(\s*+([^()\s](?:[^()]{0,6}[^()\s])?)\s*+\)")
_TRIM = " :.。"
_CURRENCY = "人民币"
_SEPARATORS = re.compile(r"[、,;/和及]|或")
_LOOKS_LIKE_UNIT = re.compile(
    r"^(?=.*[A-Za-z%‰])[\w%‰·./^-]{2,8}$|[元吨克米亩时焦升卡瓦顷斤镑桶箱仑尺‰%]$|^[LJ]$|^[十百千万亿]+$|^[瓶罐袋包车盒]$",
    re.ASCII,
)
_IN_TITLE = re.compile(r"(?<!年)\(([^()]{1,8})\)")


@dataclass(frozen=True, slots=True)
class Conversion:
    """From the unit `unit` as stated: canonical value = stated × numerator ÷ denominator, in that order."""

    unit: str
    numerator: int
    denominator: int

    @property
    def factor(self) -> float:
        """The ratio as one number, for the column map."""
        return self.numerator / self.denominator

    def apply(self, value: pl.Expr) -> pl.Expr:
        """`value` converted; multiplied before divided, so that whole ratios stay exact."""
        multiplied = value if self.numerator == 1 else value * self.numerator
        return multiplied if self.denominator == 1 else divide(multiplied, self.denominator)


@dataclass(frozen=True, slots=True)
class StatedUnits:
    """The units that a 单位: text names: known ones, and words that look like units but are none."""

    known: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    def __add__(self, other: StatedUnits) -> StatedUnits:
        return StatedUnits(self.known + other.known, self.unknown + other.unknown)

    def fitting(self, target: str, *, water: bool = False) -> tuple[str, ...]:
        """The stated units that convert to `target`."""
        return tuple(dict.fromkeys(unit for unit in self.known if conversion(unit, target, water=water)))


NO_UNITS = StatedUnits()


def find_unit(text: str) -> Unit | None:
    """The unit that `text` names in any width, case and spacing; None when it is not known."""
    return units().get(normalise_name(text))


def looks_like_unit(text: str) -> bool:
    """Whether a bracketed word that is no known unit was probably meant as one (万美元), not as a remark (不含税).

    A magnitude alone (亿), and what begins with a known unit (元/年, 千元不含税), rule out the default unit.
    """
    word = normalise_name(text)
    return _LOOKS_LIKE_UNIT.search(word) is not None or word.startswith(_long_units()) or "/" in word[1:2]


@cache
def _long_units() -> tuple[str, ...]:
    """Names of units that are not also the beginning of other words, as 人, 方 and t are."""
    return tuple(name for name in units() if len(name) > 1)


@cache
def conversion(stated: str, target: str, *, water: bool = False) -> Conversion | None:
    """How figures in `stated` become figures in `target`; None when a unit is unknown or measures something else.

    `water`: 立方米 and 吨 convert into each other, as statistics do for water and for nothing else.
    """
    source, aim = find_unit(stated), find_unit(target)
    if source is None or aim is None:
        return None
    numerator, denominator = source.numerator * aim.denominator, source.denominator * aim.numerator
    if source.dimension != aim.dimension:
        if not water or (source.dimension, aim.dimension) != ("volume", "mass"):
            return None
        numerator *= TONNES_PER_WATER_VOLUME
    shared = math.gcd(numerator, denominator)
    return Conversion(source.name, numerator // shared, denominator // shared)


def carrier_conversion(stated: str, carrier: str) -> Conversion | None:
    """How consumption of `carrier` (standard name) in `stated` becomes consumption in its form unit."""
    return conversion(stated, carrier_form_unit()[carrier], water=is_water(carrier))


def is_water(carrier: str) -> bool:
    """Whether `carrier` is water as a working medium (新水, 软化水, 除氧水)."""
    return carrier_kind()[carrier] == "medium" and carrier.endswith("水")


def split_units(text: str) -> StatedUnits:
    """The units named in `text`, one or several (`万元、吨、人`)."""
    text = _REMARK.sub("", text)
    if found := find_unit(text):
        return StatedUnits(known=(found.name,))
    known: list[str] = []
    unknown: list[str] = []
    for word in filter(None, (part.strip(_TRIM) for part in _SEPARATORS.split(text))):
        of_one = _OF_ONE.match(word)
        plain = word.removeprefix(_CURRENCY).removesuffix(_CURRENCY)
        if found := find_unit(word) or find_unit(plain) or (find_unit(of_one[1]) if of_one else None):
            known.append(found.name)
        elif looks_like_unit(word) or find_unit(word.split("(")[0]):
            unknown.append(word)
    return StatedUnits(tuple(known), tuple(unknown))


def units_in_title(text: str) -> StatedUnits:
    """The known units in the brackets of a title or name that has no 单位: (2026年营业收入(千元))."""
    plain = unicodedata.normalize("NFKC", text)
    return StatedUnits(tuple(found.name for word in _IN_TITLE.findall(plain) if (found := find_unit(word))))


def units_above(texts: Iterable[str]) -> StatedUnits:
    """The units that the texts above a header state: `单位:千元` on its own or in a title, or a lone `(千元)`.

    Also `金额单位为千元`, `金额:千元`, `以千元计`. Texts are in standard width (NFKC). 填报单位:, 编制单位: and the
    like name an organisation and are ignored.
    """
    stated = StatedUnits()
    for text in texts:
        found = _labelled(text)
        lone = _LONE.fullmatch(text.strip())
        if not found and lone and find_unit(lone[1]):
            found = [split_units(lone[1])]
        for part in found:
            stated += part
    return stated


def _labelled(text: str) -> list[StatedUnits]:
    """The units behind each label of `text`; behind 金额: and in 以万元计 only known ones."""
    labels = list(_LABEL.finditer(text))
    ends = [label.start() for label in labels[1:]] + [len(text)]
    found: list[StatedUnits] = []
    for label, end in zip(labels, ends, strict=False):
        stated = _STATED.match(text[label.end() : end])
        units_ = split_units(stated[1] or stated[2]) if stated else NO_UNITS
        if stated and units_.known:  # 单位:万元 亩 人
            further = (find_unit(word) for word in text[label.end() + stated.end() : end].split())
            units_ += StatedUnits(tuple(unit.name for unit in takewhile(bool, further) if unit))
        if "单位" in label[0] or (units_.known and not units_.unknown):
            found.append(units_)
    measured = (find_unit(match[1]) for match in _MEASURED_IN.finditer(text))
    return found + [StatedUnits((unit.name,)) for unit in measured if unit]
