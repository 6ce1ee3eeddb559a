"""What number formats make of figures: what scales, what names a unit, what changes nothing."""

import io
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from efficiency.intake.formats import Grid, read_grids
from efficiency.intake.formats.number_formats import format_sections


@pytest.mark.parametrize(
    ("code", "power", "unit"),
    [
        ("0!.0,", 4, ""),
        (r"0\.0,", 4, ""),
        ('0"."0,', 4, ""),
        ("0!.0000", 4, ""),
        ('0!.0,"万元"', 4, "万元"),
        ("#,##0.00,,", 6, ""),
        ("#,##0,.00", 3, ""),
        ("0,", 3, ""),
        ('#,##0.0,"千元"', 3, "千元"),
        ('0.00"万元"', 0, "万元"),
        ("0.00万元", 0, "万元"),
        ('0.00"（吨）"', 0, "吨"),
        ('#,##0.00"元";-#,##0.00"元"', 0, "元"),
        ("[$¥-804]#,##0.00", 0, "¥"),
        (r'_ "¥"* #,##0.00_ ;_ "¥"* \-#,##0.00_ ;_ "¥"* "-"??_ ;_ @_ ', 0, "¥"),
        ('General"吨"', 0, "吨"),
        ('0.00,,"亿"', 6, "亿"),  # shows a hundredth of what it says
    ],
)
def test_a_format_scales_or_names_a_unit(code: str, power: int, unit: str) -> None:
    ((_, _, shown),) = format_sections(code).sections
    assert (shown.power, shown.unit, shown.percent, shown.code) == (power, unit, False, code)


@pytest.mark.parametrize("code", ["0%", "0.00%", "0.0%;[Red]-0.0%"])
def test_a_format_shows_per_cent(code: str) -> None:
    ((_, _, shown),) = format_sections(code).sections
    assert (shown.percent, shown.power, shown.unit) == (True, 0, "")


@pytest.mark.parametrize(
    "code",
    [
        "General", "0", "0.00", "#,##0.00", "@", "", ";;;", "0.00E+00", "# ?/?", "yyyy-mm-dd", 'yyyy"年"m"月"', "h:mm",
        r"#,##0.00_);[Red]\(#,##0.00\)", r"_ * #,##0.00_ ;_ * -#,##0.00_ ;_ * \"-\"??_ ;_ @_ ",
        "[DBNum1][$-804]General", '0!.0,"万"', '0!.0000"万"', "#!,0000", '#"万"0000', "0.00_ ", r"0.00\ ", "[Red]0.0",
        "," * 300,
    ],
)  # fmt: skip
def test_a_format_that_changes_nothing_is_none(code: str) -> None:
    assert format_sections(code) is None


CODES = ["0!.0,", "#,##0.00,,", '0.00"万元"', "0.00%", "[$¥-804]#,##0.00", "0.00", "[>=10000]0.0,;0"]


def shown(grid: Grid) -> dict[tuple[int, int], str]:
    """(row, column) → code of every figure that is shown as something else than stored."""
    return {
        (row, column): grid.number_formats[place].code
        for column, places in grid.formats.items()
        for row, place in enumerate(places.to_list())
        if place is not None
    }


def with_formats() -> bytes:
    """A workbook with a column for each of `CODES`: a header, two figures, a text in the same format."""
    data = io.BytesIO()
    with xlsxwriter.Workbook(data) as book:
        sheet = book.add_worksheet("表")
        for column, code in enumerate(CODES):
            style = book.add_format({"num_format": code})
            for row, value in enumerate(["列", 12_345_678.25, -3.5, "无"]):
                sheet.write(row + 1, column + 1, value, style)
        sheet.write_formula(5, 1, "=B3*2", book.add_format({"num_format": CODES[0]}), 24_691_356.5)
    return data.getvalue()


EXPECTED = {(row, column): CODES[column] for row in (1, 2) for column in range(5)} | {
    (1, 6): CODES[6],
    (4, 0): CODES[0],
}


def test_formats_stand_at_their_figures_and_values_stay_as_stored(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(with_formats())
    (grid,) = read_grids(path)
    assert shown(grid) == EXPECTED
    assert grid.numbers[0].to_list() == [None, 12_345_678.25, -3.5, None, 24_691_356.5]


def test_a_sheet_without_such_formats_has_none(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["列", 1.5, "=1"])
    book.active["B1"].number_format = "#,##0.00"
    book.save(tmp_path / "a.xlsx")
    (grid,) = read_grids(tmp_path / "a.xlsx")
    assert (grid.formats, grid.number_formats) == ({}, [])
