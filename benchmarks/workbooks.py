"""A long formatted list as a workbook: ours against openpyxl and against XlsxWriter with nothing around it.

    python -m benchmarks.workbooks --rows 100000 --rounds 3

The list has 20 columns of text, codes, figures and tiers, with column widths, header, number formats, borders, tier
colours, filter, frozen panes and printed titles. Each run is a cold subprocess; the writers take turns. Peak memory is
that of the child process. Nothing is shown unless all workbooks hold the same cells.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import polars as pl

from benchmarks.measure import Run, measure
from efficiency.reports.palette import HEADER, INK, RULE, TIER_FILL, TIER_INK

TITLE, UNITS = "企业能耗产出效益评价分级结果", "用地:亩;综合能耗:吨标准煤;税金、收入:万元"
NUMBERS = {"ordinal": "0", "text": "General", "code": "@", "amount": "#,##0.00_ ", "score": "0.00_ ", "percent": "0%_ "}
GRID = {"border": 1, "border_color": RULE, "valign": "vcenter", "font_size": 10, "font_color": INK}
TIERS = ("A", "B", "C", "D")
# Column, header, kind (a key of NUMBERS, or `tier`), width.
COLUMNS: tuple[tuple[str, str, str, float], ...] = (
    ("number", "序号", "ordinal", 6), ("rank", "名次", "ordinal", 6), ("name", "企业名称", "text", 30),
    ("uscc", "统一社会信用代码", "code", 20), ("town", "镇办", "text", 10), ("industry", "行业", "text", 18),
    ("scale", "规模", "text", 6), ("land", "用地", "amount", 11), ("energy", "综合能耗", "amount", 13),
    ("tax", "实缴税金", "amount", 11), ("revenue", "营业收入", "amount", 13), ("land_score", "土地得分", "score", 8),
    ("land_tier", "土地等级", "tier", 8), ("energy_score", "能源得分", "score", 8),
    ("energy_tier", "能源等级", "tier", 8), ("adjustments", "加减分", "score", 8), ("score", "综合得分", "score", 8),
    ("tier", "综合等级", "tier", 8), ("tier_confidence", "稳健度", "percent", 8), ("note", "所列清单", "text", 12),
)  # fmt: skip


def listed(rows: int) -> pl.DataFrame:
    """The list: made up from the row's number alone, so that every writer has the same without waiting for it."""
    at = pl.int_range(rows, dtype=pl.Int64)

    def varied(factor: int, top: int) -> pl.Expr:
        return (at * factor % 9973) * top / 9973

    def tier(factor: int) -> pl.Expr:
        return (at * factor % 4).replace_strict(dict(enumerate(TIERS)), return_dtype=pl.String)

    return pl.select(
        number=at + 1,
        rank=at + 1,
        name=pl.format("淄博某某{}号新材料科技有限公司", at),
        uscc=pl.format("91370303MA3{}X", (at + 1_000_000).cast(pl.String).str.slice(1)),
        town=pl.format("第{}镇", at % 12),
        industry=pl.format("非金属矿物制品业({})", 3011 + at % 80),
        scale=pl.when(at % 5 == 0).then(pl.lit("规下")).otherwise(pl.lit("规上")),
        land=varied(31, 300),
        energy=varied(37, 20_000),
        tax=varied(41, 900),
        revenue=varied(43, 60_000),
        land_score=varied(47, 150),
        land_tier=tier(3),
        energy_score=varied(53, 150),
        energy_tier=tier(5),
        adjustments=(at % 3).cast(pl.Float64),
        score=varied(59, 150),
        tier=tier(7),
        tier_confidence=varied(61, 1),
        note=pl.when(at % 4 == 0).then(pl.lit("升级改造")),
    )


def ours(frame: pl.DataFrame, path: Path) -> None:
    """As the officials' workbook writes its lists."""
    from efficiency.reports.workbook import Field, Page, new_workbook, write_list

    fields = [Field(name, title, kind, width) for name, title, kind, width in COLUMNS]  # type: ignore[arg-type]
    page = Page(TITLE, UNITS, TITLE, signed=False)
    with new_workbook(path, datetime(2026, 11, 5, tzinfo=UTC), title=TITLE) as book:
        write_list(book.workbook.add_worksheet("全部分级"), book.styles, frame, fields, page)


def with_xlsxwriter(frame: pl.DataFrame, path: Path) -> None:
    """XlsxWriter's fast mode: rows from the top down, each cell by the method of its type."""
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("全部分级")
        plain = {kind: workbook.add_format({**GRID, "num_format": shown}) for kind, shown in NUMBERS.items()}
        tiers = {
            tier: workbook.add_format({**GRID, "bold": True, "bg_color": TIER_FILL[tier], "font_color": TIER_INK[tier]})
            for tier in TIERS
        }
        header = workbook.add_format({**GRID, "bold": True, "bg_color": HEADER, "text_wrap": True})
        for column, (_, _, _, width) in enumerate(COLUMNS):
            sheet.set_column(column, column, width)
        sheet.write_string(0, 0, TITLE, header)
        sheet.write_string(1, 0, UNITS)
        for column, (_, title, _, _) in enumerate(COLUMNS):
            sheet.write_string(2, column, title, header)
        looks = [tiers if kind == "tier" else plain[kind] for _, _, kind, _ in COLUMNS]
        text, number = sheet.write_string, sheet.write_number
        for row, values in enumerate(frame.iter_rows(), start=3):
            for column, (value, look) in enumerate(zip(values, looks, strict=True)):
                if isinstance(value, str):
                    text(row, column, value, look[value] if look is tiers else look)
                elif value is not None:
                    number(row, column, value, look)
        sheet.autofilter(2, 0, frame.height + 2, len(COLUMNS) - 1)
        sheet.freeze_panes(3, 3)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, 2)


def with_openpyxl(frame: pl.DataFrame, path: Path) -> None:
    """The way of openpyxl's manual, with a named style for each kind of cell, so that none is made twice."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Border, Font, NamedStyle, PatternFill, Side
    from openpyxl.utils import get_column_letter

    workbook = Workbook()
    sheet = workbook.active
    assert sheet is not None
    side = Side(style="thin", color=RULE[1:])
    border = Border(left=side, right=side, top=side, bottom=side)
    for kind, shown in NUMBERS.items():
        workbook.add_named_style(NamedStyle(kind, font=Font(size=10), border=border, number_format=shown))
    for tier in TIERS:
        fill = PatternFill("solid", fgColor=TIER_FILL[tier][1:])
        font = Font(size=10, bold=True, color=TIER_INK[tier][1:])
        workbook.add_named_style(NamedStyle(f"tier {tier}", font=font, border=border, fill=fill))
    fill = PatternFill("solid", fgColor=HEADER[1:])
    header = NamedStyle("header", font=Font(bold=True), fill=fill, border=border, alignment=Alignment(wrap_text=True))
    workbook.add_named_style(header)
    sheet.title = "全部分级"
    sheet["A1"], sheet["A2"] = TITLE, UNITS
    for column, (_, title, _, width) in enumerate(COLUMNS, start=1):
        sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.cell(3, column, title).style = "header"
    kinds = [kind for _, _, kind, _ in COLUMNS]
    for row, values in enumerate(frame.iter_rows(), start=4):
        for column, (value, kind) in enumerate(zip(values, kinds, strict=True), start=1):
            if value is not None:
                sheet.cell(row, column, value).style = f"tier {value}" if kind == "tier" else kind
    sheet.auto_filter.ref = f"A3:{get_column_letter(len(COLUMNS))}{frame.height + 3}"
    sheet.freeze_panes = "D4"
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", "9"
    sheet.print_title_rows = "1:3"
    workbook.save(path)


WRITERS = {"ours": ours, "xlsxwriter": with_xlsxwriter, "openpyxl": with_openpyxl}


def differences(first: Path, second: Path) -> int:
    """How many cells of the list are not the same in both workbooks; XlsxWriter keeps 16 digits of a figure."""
    from python_calamine import CalamineWorkbook

    def cells(path: Path) -> list[list[object]]:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
        return [list(row) for row in sheet.to_python(skip_empty_area=False)[2:]]

    def same(one: object, other: object) -> bool:
        if isinstance(one, float) and isinstance(other, float):
            return math.isclose(one, other, rel_tol=1e-14)
        return one == other

    one, other = cells(first), cells(second)
    length = abs(len(one) - len(other)) * len(COLUMNS)
    return length + sum(not same(a, b) for x, y in zip(one, other, strict=False) for a, b in zip(x, y, strict=True))


def report(runs: dict[str, list[Run]], sizes: dict[str, int]) -> str:
    """The table of medians."""
    lines = [f"{'':<12}{'median s':>10}{'peak MiB':>10}{'file MB':>9}"]
    for name, done in runs.items():
        seconds, memory = median(run.seconds for run in done), median(run.peak_mib for run in done)
        lines.append(f"{name:<12}{seconds:>10.2f}{memory:>10.0f}{sizes[name] / 1e6:>9.1f}")
    return "\n".join(lines)


def main() -> int:
    """Compare, or be one of the runs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--writer", choices=WRITERS, help=argparse.SUPPRESS)
    parser.add_argument("--path", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.writer:
        WRITERS[options.writer](listed(options.rows), options.path)
        return 0
    runs: dict[str, list[Run]] = {name: [] for name in WRITERS}
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        paths = {name: folder / f"{name}.xlsx" for name in WRITERS}
        for _ in range(options.rounds):
            for name, path in paths.items():
                command = [sys.executable, "-m", "benchmarks.workbooks", "--rows", str(options.rows)]
                runs[name].append(measure([*command, "--writer", name, "--path", str(path)], folder / "log"))
        for name, path in paths.items():
            if wrong := differences(paths["ours"], path):
                print(f"{name} differs from ours in {wrong} cells: nothing is compared", file=sys.stderr)
                return 1
        print(f"{options.rows:,} rows of {len(COLUMNS)} columns, {options.rounds} rounds; all hold the same cells")
        print(report(runs, {name: path.stat().st_size for name, path in paths.items()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
