"""Energy as producers state it: form 205-1 a month, and energy per limited product; path → book."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from sample_data.enterprises import Enterprise, draw, normal
from sample_data.figures import MONTHS, SENT, TCE_PER_UNIT, Figures
from sample_data.sheets import Book, Head, Row, Sheet
from sample_data.zone import CODE, NAME, NOTE, ORDINAL, World

if TYPE_CHECKING:
    from datetime import date

FORM_UNITS = {
    "原煤": "吨",
    "天然气": "万立方米",
    "热力": "百万千焦",
    "柴油": "吨",
    "电力": "万千瓦时",
    "绿电": "万千瓦时",
    "发生炉煤气": "万立方米",
    "其他石油制品": "吨",
}


def form_205(zone: World) -> dict[str, Book]:
    """Statistics form 205-1, long, a workbook a month: ceramics, building materials, power, and users of feedstock."""
    heads = [
        ORDINAL,
        CODE,
        Head("单位详细名称", width=34),
        Head("能源名称"),
        Head("计量单位"),
        Head("消费量合计"),
        Head("用于原材料"),
        Head("加工转换产出"),
        Head("采用折标系数"),
        Head("参考折标系数"),
    ]
    made = {}
    for month in SENT:
        rows: list[Row] = []
        for e in zone.enterprises:
            if e.sector.fills_205 and not e.total_only:
                rows += _rows_205(e, zone.figures[e.number], month, len(rows))
            elif _feedstock_user(e):
                feed = _feedstock(e, zone.figures[e.number], month)
                rows.append(
                    Row(
                        f"{e.uscc} 其他石油制品",
                        [len(rows) + 1, e.uscc, e.name, "其他石油制品", "吨", feed, feed, None, 1.2, 1.2],
                    )
                )
        label = f"{month.year}年{month.month}月"
        made[f"统计局/能源205-1/{label}能源购进消费与库存.xlsx"] = Book(
            [
                Sheet(
                    "205-1",
                    f"{label}能源购进、消费与库存",
                    heads,
                    rows,
                    above=["表号：205-1表"],
                    notes=["单位负责人: 填表人：工业科", NOTE],
                )
            ]
        )
    return made


def products(zone: World) -> dict[str, Book]:
    """Energy per product of tile and sanitary ware makers, for the limits of GB 21252-2023."""
    heads = [
        ORDINAL,
        CODE,
        NAME,
        Head("产品名称", width=24),
        Head("产量"),
        Head("计量单位"),
        Head("产品能耗(吨标准煤)"),
    ]
    tiles = ("陶瓷砖 吸水率≤0.2%", "陶瓷砖 吸水率0.2–0.5%", "陶瓷砖 吸水率0.5–10%", "陶瓷砖 吸水率>10%")
    least = {tiles[0]: 4.5, tiles[1]: 4.0, tiles[2]: 3.4, tiles[3]: 3.2, "卫生陶瓷 吸水率≤0.3%": 350.0}
    made = {}
    for label, months in (("2025年1-10月", MONTHS[12:22]), ("2025年", MONTHS[12:24]), ("2026年1-10月", MONTHS[24:34])):
        rows: list[Row] = []
        for e in zone.enterprises:
            if e.sector.id not in ("tiles", "sanitary") or e.total_only:
                continue
            f, stream = zone.figures[e.number], draw("product", e.number)
            used = sum(
                (values[MONTHS.index(m)] or 0.0) * TCE_PER_UNIT[c] for c, values in f.energy.items() for m in months
            )
            product = stream.choice(tiles) if e.sector.id == "tiles" else "卫生陶瓷 吸水率≤0.3%"
            per_unit = least[product] * math.exp(0.26 + 0.17 * (normal(stream) - 0.7 * e.quality))
            energy = round(used * 0.93, 2)
            if energy > 0:
                rows.append(
                    Row(
                        e.uscc,
                        [
                            len(rows) + 1,
                            e.uscc,
                            e.name,
                            product,
                            round(energy * 1000 / per_unit),
                            "平方米" if e.sector.id == "tiles" else "吨",
                            energy,
                        ],
                    )
                )
        made[f"经济发展局/单位产品能耗/{label}单位产品能耗.xlsx"] = Book(
            [Sheet("单位产品能耗", f"{label}建筑卫生陶瓷单位产品能耗", heads, rows, notes=[NOTE])]
        )
    return made


def _rows_205(e: Enterprise, f: Figures, month: date, before: int) -> list[Row]:
    """An enterprise's rows: its carriers, gas or heat of its own making, the total row."""
    index = MONTHS.index(month)
    rows: list[Row] = []
    whole = 0.0

    def add(carrier: str, used: float, made: float | None, own: float, reference: float) -> None:
        nonlocal whole
        whole += (used - (made or 0.0)) * own
        rows.append(
            Row(
                f"{e.uscc} {carrier}",
                [
                    before + len(rows) + 1,
                    e.uscc,
                    e.name,
                    carrier,
                    FORM_UNITS[carrier],
                    used,
                    None,
                    made,
                    own,
                    reference,
                ],
            )
        )

    for carrier, values in f.energy.items():
        used = values[index]
        if used is not None:
            own = f.gas_coefficient if carrier == "天然气" else TCE_PER_UNIT[carrier]
            add(carrier, used, None, own, TCE_PER_UNIT[carrier])
            if carrier == "原煤" and e.sector.id == "tiles":  # a gas producer of its own: what it makes it also burns
                add("发生炉煤气", round(used * 0.28, 3), round(used * 0.28, 3), 1.786, 1.786)
            if carrier == "原煤" and e.sector.id == "power":
                add("热力", 0.0, round(used * 0.7143 * 0.62 / 0.03412, 1), 0.03412, 0.03412)
    if rows and month.year == 2026:
        rows.append(
            Row(
                f"{e.uscc} 能源合计",
                [
                    before + len(rows) + 1,
                    e.uscc,
                    e.name,
                    "能源合计",
                    "吨标准煤",
                    round(whole, 2),
                    None,
                    None,
                    None,
                    None,
                ],
            )
        )
    return rows


def _feedstock_user(e: Enterprise) -> bool:
    return (
        e.sector.id == "synthetics"
        and e.above_scale
        and e.number % 5 == 0
        and bool(e.commissioned and e.commissioned.year < 2024)
    )


def _feedstock(e: Enterprise, f: Figures, month: date) -> float:
    """Petroleum products that become product, not heat: t."""
    return round((f.revenue[MONTHS.index(month)] or 0) / 10 * 0.12, 1)
