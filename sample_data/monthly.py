"""What departments send every month: output, tax, discharge, water, electricity, fuels; path → book."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from sample_data.figures import MONTHS, SENT, standard_coal, year_to_date
from sample_data.form_205 import FORM_UNITS
from sample_data.sheets import Book, Cell, Head, Row, Sheet
from sample_data.zone import CODE, NAME, NOTE, ORDINAL, World

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sample_data.enterprises import Enterprise

WIDE_CARRIERS = ("天然气", "热力", "原煤", "柴油", "绿电")
MONTH_LABELS = tuple(f"{month}月" for month in range(1, 13))


def statistics(zone: World) -> dict[str, Book]:
    """Statistics: cumulative figures in 千元 by name alone; the first report of a year is that of February."""
    made = {}
    for month in SENT:
        if month.month == 1:
            continue
        label = f"{month.year}年1-{month.month}月"
        group = "主要经济指标" if month.year == 2026 else None
        heads = [
            ORDINAL,
            NAME,
            *(
                Head(text, group, total=True)
                for text in ("营业收入", "工业总产值", "工业增加值", "平均用工人数(人)", "研发费用")
            ),
        ]

        def sheet(
            name: str,
            kind: str,
            *,
            above_scale: bool,
            label: str = label,
            month: date = month,
            heads: list[Head] = heads,
        ) -> Sheet:
            index = MONTHS.index(month)
            rows: list[Row] = []
            for e in zone.enterprises:
                f = zone.figures[e.number]
                absent = month == SENT[-1] and e.number in zone.late_statistics
                if e.above_scale is not above_scale or f.revenue[index] is None or absent:
                    continue
                called = e.former_name if e.former_name and month < date(2025, 7, 1) else e.name
                if month.month % 3 == 0:  # one clerk types half-width brackets
                    called = called.translate({0xFF08: "(", 0xFF09: ")"})
                rows.append(
                    Row(
                        e.uscc,
                        [
                            len(rows) + 1,
                            called,
                            *(year_to_date(v, month) for v in (f.revenue, f.gross_output, f.value_added)),
                            f.employees[index],
                            year_to_date(f.rd_expense, month),
                        ],
                    )
                )
            filed = _day_of_next_month(month, 9)
            return Sheet(
                name,
                f"{label.replace('-', '—') if month.year == 2025 else label}{kind}工业企业主要经济指标",
                heads,
                rows,
                total_label="合计",
                above=["单位：千元", f"填报日期：{filed.year}年{filed.month}月{filed.day}日"],
                notes=["填表人：统计局工业科", NOTE],
            )

        made[f"统计局/{month.year}年/{label}工业产出.xlsx"] = Book(
            [sheet("规上", "规模以上", above_scale=True), sheet("规下", "规模以下", above_scale=False)]
        )
    return made


def tax(zone: World) -> dict[str, Book]:
    """Tax bureau: single months by code; 元 until 2025, then 万元 with the cumulative figure beside it."""
    made = {}
    for month in SENT:
        index = MONTHS.index(month)
        label = f"{month.year}年{month.month}月"
        later = month.year == 2026
        both = later and month.month > 1
        heads = [
            ORDINAL,
            CODE,
            NAME,
            *(
                [Head("本月", "实缴税金", total=True), Head("累计", "实缴税金", total=True)]
                if both
                else [Head("实缴税金", total=True)]
            ),
        ]
        rows: list[Row] = []
        for e in zone.enterprises:
            value = (series := zone.figures[e.number].tax)[index]
            if value is None:
                continue
            cumulative = year_to_date(series, month)
            figures: list[Cell] = [value] if not later else [round(value / 10_000, 2)]
            if both and cumulative is not None:
                figures.append(round(cumulative / 10_000, 2))
            rows.append(Row(e.uscc, [len(rows) + 1, e.uscc, e.name, *figures]))
        csv = month == date(2025, 7, 1)
        made[f"税务局/{month.year}年/{label}入库税收.{'csv' if csv else 'xlsx'}"] = Book(
            [
                Sheet(
                    "入库税收",
                    f"{label}工业企业入库税收",
                    heads,
                    rows,
                    above=[f"单位：{'万元' if later else '元'}"],
                    total_label=None if csv else "合计",
                    total_formulas=True,
                    notes=[] if csv else [NOTE],
                )
            ]
        )
    return made


def environment(zone: World) -> dict[str, Book]:
    """Ecology and environment: cumulative discharge of those that have any, in 千克 until 2025, then in 吨."""
    made = {}
    for month in SENT:
        index = MONTHS.index(month)
        label, later = (
            f"{month.year}年1-{month.month}月" if month.month > 1 else f"{month.year}年1月",
            month.year == 2026,
        )
        unit, scale = ("吨", 1000) if later else ("千克", 1)
        rows: list[Row] = []
        for e in zone.enterprises:
            f = zone.figures[e.number]
            if f.emissions[index] is None:
                continue
            both = [year_to_date(f.emissions, month), year_to_date(f.cod, month)]
            rows.append(
                Row(
                    e.uscc,
                    [
                        len(rows) + 1,
                        e.uscc,
                        e.name,
                        *(None if v is None else (round(v / scale, 3) if later else v) for v in both),
                    ],
                )
            )
        made[f"生态环境局/{month.year}年/{label}污染物排放.xlsx"] = Book(
            [
                Sheet(
                    "排放",
                    f"{label}工业企业主要污染物排放情况",
                    [
                        ORDINAL,
                        CODE,
                        NAME,
                        Head(f"主要污染物排放量（{unit}）", total=True),
                        Head(f"化学需氧量排放量（{unit}）", total=True),
                    ],
                    rows,
                    total_label="合计",
                    notes=["审核人：污染防治科", NOTE],
                    first_row=1,
                    first_column=1,
                )
            ]
        )
    return made


def water(zone: World) -> dict[str, Book]:
    """Water: a series of twelve months a year, in 吨."""
    return {
        f"水务局/{year}年企业用水量.xlsx": Book(
            [
                _series_sheet(
                    zone,
                    year,
                    f"{year}年企业用水量(吨)",
                    lambda e: [None if v is None else v for v in zone.figures[e.number].water],
                    "用水量",
                )
            ]
        )
        for year in (2024, 2025, 2026)
    }


def power(zone: World) -> dict[str, Book]:
    """The grid company: a series a year in 万千瓦时; those who fill 205-1 state their electricity there."""

    def consumption(e: Enterprise) -> Sequence[float | None] | None:
        if e.sector.fills_205 or e.total_only:
            return None
        values = list(zone.figures[e.number].energy["电力"])
        if e.number in zone.without_power:
            values[MONTHS.index(date(2026, 5, 1))] = None
        return values

    made = {}
    for year in (2024, 2025, 2026):
        sheet = _series_sheet(zone, year, f"{year}年企业用电量(万千瓦时)", consumption, "用电量")
        sheet.notes.insert(0, "注：填报205-1表的企业，用电量以205-1表为准，本表不列。绿电另行统计。")
        made[f"供电公司/{year}年企业用电量.xlsx"] = Book([sheet])
    return made


def fuels(zone: World) -> dict[str, Book]:
    """Other carriers of those who do not fill 205-1: one workbook a quarter, a sheet a month, a column a carrier."""
    heads = [
        ORDINAL,
        NAME,
        CODE,
        *(Head(f"{carrier}({FORM_UNITS[carrier]})", width=16) for carrier in WIDE_CARRIERS),
        Head("综合能源消费量(吨标准煤)", width=16),
    ]
    made: dict[str, Book] = {}
    for month in SENT:
        index = MONTHS.index(month)
        rows: list[Row] = []
        for e in zone.enterprises:
            f = zone.figures[e.number]
            figures: list[Cell]
            if e.total_only:
                figures = [*([None] * len(WIDE_CARRIERS)), standard_coal(f, month)]
            elif e.sector.fills_205:
                continue
            else:
                figures = [*(f.energy[c][index] if c in f.energy else None for c in WIDE_CARRIERS), None]
            if any(value is not None for value in figures):
                rows.append(Row(e.uscc, [len(rows) + 1, e.name, e.uscc, *figures]))
        book = made.setdefault(f"能源办/{month.year}年第{(month.month + 2) // 3}季度企业能源消费.xlsx", Book())
        label = f"{month.year}年{month.month}月"
        book.sheets.append(Sheet(label, f"{label}企业能源消费情况", heads, rows, notes=["填表人：能源办", NOTE]))
    return made


def _series_sheet(
    zone: World,
    year: int,
    title: str,
    values_of: Callable[[Enterprise], Sequence[float | None] | None],
    sheet_name: str,
) -> Sheet:
    """Twelve months side by side with a control column; months before the first sent one are blank."""
    heads = [ORDINAL, CODE, NAME, *(Head(label, total=True) for label in MONTH_LABELS), Head("合计", total=True)]
    rows: list[Row] = []
    for e in zone.enterprises:
        values = values_of(e)
        if values is None:
            continue
        of_month = {
            m.month: v for m, v in zip(MONTHS, values, strict=True) if m.year == year and m in SENT and v is not None
        }
        if of_month:
            rows.append(
                Row(
                    e.uscc,
                    [
                        len(rows) + 1,
                        e.uscc,
                        e.name,
                        *(of_month.get(m) for m in range(1, 13)),
                        round(sum(of_month.values()), 3),
                    ],
                )
            )
    return Sheet(sheet_name, title, heads, rows, total_label="合计", notes=[NOTE])


def _day_of_next_month(month: date, day: int) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, day)
