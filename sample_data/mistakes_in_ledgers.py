"""Planted mistakes in registers, land, visits, incidents and corrections, and files that are wrong as a whole."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from sample_data.enterprises import Enterprise, draw
from sample_data.planting import Mistake, get_cell, number, set_cell
from sample_data.sheets import Book, Head, Row, Sheet
from sample_data.zone import NOTE, World

if TYPE_CHECKING:
    from collections.abc import Iterator


def in_ledgers(books: dict[str, Book], zone: World, pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    """Mistakes in what changes seldom."""
    # In this order, since each takes its enterprises from the pool.
    yield from _land(books, zone)
    yield from _register()
    yield from _incidents(books, pool)
    yield from _visits(books)
    yield from _products(books, zone)
    yield from _corrections(books, pool)


def _land(books: dict[str, Book], zone: World) -> Iterator[Mistake]:
    file = "自然资源局/2024年末工业用地调查.xlsx"
    landlord = next(e for e in zone.enterprises if e.leased_out and e.number not in zone.without_land)
    owned = number(get_cell(books, file, landlord.uscc, "自有用地面积（平方米）"))
    yield set_cell(
        books,
        file,
        landlord.uscc,
        "出租面积（平方米）",
        round(owned * 1.4, 1),
        rule="leased_out_exceeds",
        note="more land let than owned and rented",
    )
    file = "自然资源局/2025年末工业用地调查.xlsx"
    books[file] = replace(books[file], empty_sheets=("Sheet2",))
    yield Mistake("sheet_empty", file, "Sheet2", "", "", "an empty second sheet")


def _register() -> Iterator[Mistake]:
    file = "经济发展局/工业企业名录.xlsx"
    yield Mistake("hidden_sheet", file, "底稿", "", "", "an old draft left in a hidden sheet")


def _incidents(books: dict[str, Book], pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    file, first, second = "应急与生态/一票否决事项.xlsx", next(pool), next(pool)
    sheet = books[file].sheet
    sheet.rows += [
        Row(
            "early", [13, first.uscc, first.name, date(2025, 5, 20), "质量", "淄经开样例〔2025〕13号", date(2025, 5, 2)]
        ),
        Row("when", [14, second.uscc, second.name, "三月份", "环保", "淄经开样例〔2026〕14号", date(2026, 3, 31)]),
    ]
    yield Mistake(
        "resolved_before_event",
        file,
        sheet.name,
        sheet.address("early", "整改完成日期"),
        "2025-05-02",
        "put right before it happened",
    )
    yield Mistake("not_a_date", file, sheet.name, sheet.address("when", "发生日期"), "三月份", "no date", "row_empty")


def _visits(books: dict[str, Book]) -> Iterator[Mistake]:
    file = "经济发展局/走访台账/2025年10月走访台账.xlsx"
    key = next(row.key for row in books[file].sheet.rows if row.cells[6] is None)
    yield set_cell(books, file, key, "科技含量", "较高", rule="not_a_choice", note="高, 中 or 低 is asked")
    file = "经济发展局/走访台账/2026年9月走访台账.xlsx"
    sheet = books[file].sheet
    sheet.heads = [*sheet.heads[:-1], replace(sheet.heads[-1], label="计划总投资")]
    yield Mistake(
        "unit_assumed",
        file,
        sheet.name,
        sheet.header_address("计划总投资"),
        "计划总投资",
        "no unit in the header or above it",
    )


def _products(books: dict[str, Book], zone: World) -> Iterator[Mistake]:
    file = "经济发展局/单位产品能耗/2026年1-10月单位产品能耗.xlsx"
    sheet = books[file].sheet
    maker = next(e for e in zone.enterprises if e.sector.id == "refractories" and e.above_scale)
    sheet.rows.append(Row("castable", [len(sheet.rows) + 1, maker.uscc, maker.name, "耐火浇注料", 5_200, "吨", 610.4]))
    yield Mistake(
        "product_unknown",
        file,
        sheet.name,
        sheet.address("castable", "产品名称"),
        "耐火浇注料",
        "no limit is known for the product",
    )


def _corrections(books: dict[str, Book], pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    file = "税务局/2025年/2025年12月入库税收.xlsx"
    yield Mistake("superseded_figure", file, books[file].sheet.name, "", "", "one figure was corrected on appeal")
    file, e = "经济发展局/申诉更正.xlsx", next(pool)
    sheet = books[file].sheet
    sheet.rows.append(
        Row(
            "morale",
            [3, e.uscc, e.name, "2026年9月", "企业形象", 80, 95, "座谈记录(样例)", "评价专班", date(2026, 11, 6)],
        )
    )
    yield Mistake(
        "correction_field_unknown",
        file,
        sheet.name,
        sheet.address("morale", "更正指标"),
        "企业形象",
        "not a figure that can be corrected",
    )


def wrong_files(books: dict[str, Book], pool: Iterator[Enterprise]) -> Iterator[Mistake]:
    """Files that are wrong as a whole."""
    original = "经济发展局/走访台账/2026年3月走访台账.xlsx"
    file = "经济发展局/走访台账/2026年3月走访台账副本.xlsx"
    books[file] = deepcopy(books[original])
    yield Mistake("repeated_file", file, "", "", "", f"the same bytes as {original}")
    file = "能源办/天然气用量补报.xlsx"
    heads = [Head("序号"), Head("统一社会信用代码", width=22), Head("企业名称", width=34), Head("天然气(万立方米)")]
    late = [next(pool) for _ in range(3)]
    books[file] = Book(
        [
            Sheet(
                "补报",
                "企业天然气用量补报",
                heads,
                [Row(e.uscc, [order, e.uscc, e.name, 1.5 * order]) for order, e in enumerate(late, start=1)],
                notes=[NOTE],
            )
        ]
    )
    yield Mistake("period_unknown", file, "补报", "", "", "no month anywhere")
    file = "经济发展局/报送时限.xlsx"
    books[file] = Book(
        [
            Sheet(
                "时限",
                "各部门数据报送时限",
                [Head("部门", width=20), Head("报送内容", width=24), Head("时限", width=20)],
                [
                    Row("a", ["统计局", "主要经济指标", "次月10日前"]),
                    Row("b", ["税务局", "入库税收", "次月8日前"]),
                    Row("c", ["供电公司", "用电量", "次月5日前"]),
                ],
            )
        ]
    )
    yield Mistake("form_unknown", file, "时限", "", "", "a timetable, not a form")
    file = "收件说明.txt"
    books[file] = Book(raw="本目录为样例数据，企业与数值均为虚构。各部门报表请放入本部门文件夹。\r\n".encode())
    yield Mistake("not_a_spreadsheet", file, "", "", "", "a text file among the workbooks")
    file = "税务局/2026年/2026年10月入库税收_传输中断.xlsx"
    noise = draw("broken")
    books[file] = Book(raw=b"PK\x03\x04" + bytes(int(noise.random() * 256) for _ in range(2048)))
    yield Mistake("unreadable", file, "", "", "", "the transfer broke off")
