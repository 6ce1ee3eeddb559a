"""The made-up zone as a whole, who forgot to send something, and the columns every department begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sample_data.enterprises import Enterprise, draw
from sample_data.sheets import Head

if TYPE_CHECKING:
    from sample_data.figures import Figures

NOTE = "注：本表为样例数据，企业名称、信用代码和数值均为虚构。"
CODE = Head("统一社会信用代码", width=22)
NAME = Head("企业名称", width=34)
ORDINAL = Head("序号", width=6)


class World(NamedTuple):
    """Everyone and everything, and who forgot to send something."""

    enterprises: list[Enterprise]
    figures: dict[int, Figures]
    late_statistics: frozenset[int]
    """Not in the statistics of the last month."""
    without_land: frozenset[int]
    without_power: frozenset[int]
    """No electricity in May 2026."""


def world(enterprises: list[Enterprise], figures: dict[int, Figures]) -> World:
    """The zone with a few gaps in what is sent."""
    plain = [
        e.number
        for e in enterprises
        if e.above_scale
        and not e.sector.fills_205
        and e.discharges
        and e.commissioned
        and e.commissioned.year < 2024
        and not e.loss
        and not e.former_name
        and e.sector.chain != "公用事业"
    ]
    draw("gaps").shuffle(plain)
    return World(enterprises, figures, frozenset(plain[:3]), frozenset(plain[3:5]), frozenset(plain[5:7]))


def yes_no(flag: bool) -> str:
    """A flag as registers write it."""
    return "是" if flag else "否"
