"""The honest mistakes of a real inbox, planted one by one and written down, so that a run can be held against them.

Most stand in months that the window of October 2026 does not need, so that they show in the problem list and in the
return workbooks without taking enterprises out of the latest evaluation.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sample_data.enterprises import ALPHABET, Enterprise
from sample_data.mistakes_in_ledgers import in_ledgers, wrong_files
from sample_data.planting import Mistake, get_cell, number, set_cell, steady
from sample_data.sheets import Book, ErrorValue, Row, Sheet
from sample_data.zone import NOTE, World

if TYPE_CHECKING:
    from collections.abc import Iterator


def plant(books: dict[str, Book], zone: World) -> list[Mistake]:
    """Changes `books` in place; returns what was planted, sorted by file and cell."""
    pool = steady(zone)
    found = [
        *_statistics(books, pool),
        *_tax(books, zone, pool),
        *_environment(books, pool),
        *_series(books, pool),
        *_form_205(books, zone),
        *in_ledgers(books, zone, pool),
        *wrong_files(books, pool),
    ]
    return sorted(found, key=lambda mistake: (mistake.file, mistake.sheet, mistake.cell, mistake.rule))


def _statistics(books: dict[str, Book], pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    def file(year: int, month: int) -> str:
        return f"统计局/{year}年/{year}年1-{month}月工业产出.xlsx"

    e = next(pool)
    right = number(get_cell(books, file(2026, 8), e.uscc, "营业收入"))
    yield set_cell(
        books,
        file(2026, 8),
        e.uscc,
        "营业收入",
        round(right / 10),
        rule="cumulative_falls",
        note="revenue typed in 万元 on a sheet in 千元",
        also="unit_suspect",
    )
    e = next(pool)
    yield set_cell(
        books, file(2026, 4), e.uscc, "平均用工人数(人)", "约1200", rule="not_a_number", note="text in a number cell"
    )
    e = next(pool)
    yield set_cell(
        books,
        file(2025, 5),
        e.uscc,
        "工业增加值",
        ErrorValue("=1/0", "#DIV/0!"),
        rule="error_cell",
        note="failed formula",
    )
    e = next(pool)
    before = number(get_cell(books, file(2025, 6), e.uscc, "营业收入"))
    yield set_cell(
        books,
        file(2025, 7),
        e.uscc,
        "营业收入",
        round(before * 0.97),
        rule="cumulative_falls",
        note="the cumulative figure of July is below that of June",
    )
    e = next(pool)
    yield set_cell(
        books,
        file(2025, 11),
        e.uscc,
        "研发费用",
        "2.1%",
        rule="percent_in_amount",
        note="a share where an amount belongs",
        also="cumulative_falls|unit_suspect",
    )
    after, sheet = file(2025, 12), books[file(2025, 12)].sheet
    value = get_cell(books, after, e.uscc, "研发费用")
    yield Mistake("unit_suspect", after, sheet.name, sheet.address(e.uscc, "研发费用"), str(value), "after that share")
    e = next(pool)
    wrong = e.name[:3] + "屿" + e.name[4:]
    yield set_cell(
        books,
        file(2025, 9),
        e.uscc,
        "企业名称",
        wrong,
        rule="enterprise_unknown",
        note="one wrong character in the name",
    )
    for month in (9, 10):
        sheet = books[file(2026, month)].sheet
        stranger = Row(
            "stranger",
            [
                len(sheet.rows) + 1,
                "淄博沐阑屿环保设备有限公司",
                20_110 + 900 * month,
                20_400 + 900 * month,
                4_030 + 200 * month,
                34,
                310 + 20 * month,
            ],
        )
        sheet.rows.append(stranger)
        yield Mistake(
            "enterprise_unknown",
            file(2026, month),
            sheet.name,
            sheet.address("stranger", "企业名称"),
            str(stranger.cells[1]),
            "an enterprise that is not in the register",
        )
    yield _resubmission(books, file(2026, 10), pool)


def _resubmission(books: dict[str, Book], file: str, pool: Iterator[Enterprise]) -> Mistake:
    """Six enterprises file their figures again, two weeks later."""
    original = books[file].sheet
    again = replace(
        original,
        name="更正",
        rows=[],
        above=["单位：千元", "填报日期：2026年11月23日"],
        total_label=None,
        title="2026年1-10月规模以上工业企业主要经济指标(更正)",
        notes=[NOTE],
    )
    for order in range(1, 7):
        e = next(pool)
        cells = list(original.rows[original.position(e.uscc)].cells)
        factor = 1 + 0.015 * order
        again.rows.append(Row(e.uscc, [order, cells[1], *(round(number(c) * factor) for c in cells[2:5]), *cells[5:]]))
    books[file.replace("工业产出", "工业产出(更正)")] = Book([again])
    return Mistake(
        "superseded_figure", file, original.name, "", "", "six enterprises sent October again, filed on 23 November"
    )


def _tax(books: dict[str, Book], zone: World, pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    e, file = next(pool), "税务局/2025年/2025年9月入库税收.xlsx"
    yield set_cell(
        books,
        file,
        e.uscc,
        "实缴税金",
        round(number(get_cell(books, file, e.uscc, "实缴税金")) / 10_000, 2),
        rule="unit_suspect",
        note="tax typed in 万元 on a sheet in 元",
    )
    e, file = next(pool), "税务局/2025年/2025年8月入库税收.xlsx"
    at = 14
    wrong = e.uscc[:at] + ALPHABET[(ALPHABET.index(e.uscc[at]) + 1) % 10] + e.uscc[at + 1 :]
    yield set_cell(
        books,
        file,
        e.uscc,
        "统一社会信用代码",
        wrong,
        rule="uscc_invalid",
        note="one wrong character in the credit code",
    )
    e, file = next(pool), "税务局/2026年/2026年5月入库税收.xlsx"
    yield set_cell(
        books,
        file,
        e.uscc,
        "企业名称",
        "淄博沐阑屿化工有限公司",
        rule="name_mismatch",
        note="the code is right, the name another's",
    )
    e, file = next(e for e in zone.enterprises if e.stopped), "税务局/2026年/2026年10月入库税收.xlsx"
    for label in ("本月", "累计"):
        sheet = books[file].sheet
        sheet.rows[sheet.position(e.uscc)].cells[sheet.column(label)] = 3.1
    yield Mistake(
        "tax_exceeds_revenue", file, sheet.name, sheet.address(e.uscc, "累计"), "3.1", "tax without any revenue"
    )


def _environment(books: dict[str, Book], pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    file = "生态环境局/2026年/2026年1-7月污染物排放.xlsx"
    sheet = books[file].sheet
    label = "主要污染物排放量（吨）"
    sheet.total_overrides[label] = round(sheet.total(sheet.column(label)) * 1.031, 3)
    yield Mistake(
        "control_total",
        file,
        sheet.name,
        sheet.address_at(len(sheet.rows), label),
        str(sheet.total_overrides[label]),
        "the total row is 3.1 % above the sum",
    )
    file, label, e = "生态环境局/2025年/2025年1-6月污染物排放.xlsx", "主要污染物排放量（千克）", next(pool)
    sheet = books[file].sheet
    twice = list(sheet.rows[sheet.position(e.uscc)].cells)
    twice[0], twice[3] = len(sheet.rows) + 1, round(number(twice[3]) * 1.24)
    sheet.rows.append(Row("twice", twice))
    for key in (e.uscc, "twice"):
        yield Mistake(
            "conflict",
            file,
            sheet.name,
            sheet.address(key, label),
            str(get_cell(books, file, key, label)),
            "one enterprise on two rows with different figures",
            "repeated_figure",
        )
    file = "生态环境局/2025年/2025年1-2月污染物排放.xlsx"
    sheet = books[file].sheet
    sheet.rows.append(Row("nobody", [len(sheet.rows) + 1, None, None, 314, 96]))
    yield Mistake(
        "enterprise_missing",
        file,
        sheet.name,
        sheet.address("nobody", "企业名称"),
        "",
        "figures without an enterprise",
    )
    file, e = "生态环境局/2025年/2025年1-3月污染物排放.xlsx", next(pool)
    yield set_cell(
        books,
        file,
        e.uscc,
        "统一社会信用代码",
        913703030791900000,
        rule="uscc_damaged",
        note="a code typed as a number",
    )


def _series(books: dict[str, Book], pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    e, file = next(pool), "水务局/2025年企业用水量.xlsx"
    refund = -round(number(get_cell(books, file, e.uscc, "2月")) * 0.3)
    yield set_cell(
        books,
        file,
        e.uscc,
        "2月",
        refund,
        rule="negative",
        note="a credit note booked as negative water",
        also="unit_suspect",
    )
    add_up(books[file].sheet, e.uscc)
    e, file = next(pool), "供电公司/2025年企业用电量.xlsx"
    kilowatt_hours = round(number(get_cell(books, file, e.uscc, "6月")) * 10_000)
    yield set_cell(
        books, file, e.uscc, "6月", kilowatt_hours, rule="unit_suspect", note="千瓦时 on a sheet in 万千瓦时"
    )
    add_up(books[file].sheet, e.uscc)


def add_up(sheet: Sheet, key: str) -> None:
    """Makes the control column agree with the months again."""
    cells = sheet.rows[sheet.position(key)].cells
    cells[-1] = round(sum(c for c in cells[3:-1] if isinstance(c, int | float)), 3)


def _form_205(books: dict[str, Book], zone: World) -> Iterator[Mistake]:
    makers = [
        e
        for e in zone.enterprises
        if e.sector.id == "refractories"
        and e.above_scale
        and not (e.loss or e.former_name)
        and e.commissioned
        and e.commissioned.year < 2024
        and {"天然气", "柴油"} <= set(zone.figures[e.number].energy)
    ]

    def file(year: int, month: int) -> str:
        return f"统计局/能源205-1/{year}年{month}月能源购进消费与库存.xlsx"

    e = makers[0]
    sheet = books[file(2025, 1)].sheet
    sheet.rows.append(
        Row("pellets", [len(sheet.rows) + 1, e.uscc, e.name, "生物质颗粒", "吨", 42.5, None, None, None, None])
    )
    yield Mistake(
        "carrier_unknown",
        file(2025, 1),
        sheet.name,
        sheet.address("pellets", "能源名称"),
        "生物质颗粒",
        "a carrier without a standard name",
    )
    yield set_cell(
        books,
        file(2025, 2),
        f"{makers[1].uscc} 柴油",
        "计量单位",
        "车",
        rule="unit_unknown",
        note="lorry loads are no unit",
    )
    yield set_cell(
        books,
        file(2025, 4),
        f"{makers[2].uscc} 天然气",
        "采用折标系数",
        1.2143,
        rule="coefficient_deviates",
        note="kgce/m³ where tce per 万立方米 is asked",
        also="energy_total",
    )
    key = f"{makers[3].uscc} 能源合计"
    whole = number(get_cell(books, file(2026, 3), key, "消费量合计"))
    yield set_cell(
        books,
        file(2026, 3),
        key,
        "消费量合计",
        round(whole * 1.12, 2),
        rule="energy_total",
        note="the stated total is 12 % above its carriers",
    )
