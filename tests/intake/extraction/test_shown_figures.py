"""A number format that scales a figure or names a unit means what the reader sees, at full precision."""

from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from builders.sheets import balanced, inbox_file, problems, stated

from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult


def sent(folder: Path, header: str, cells: list[tuple[Any, str]], total: tuple[Any, str] | None = None) -> ReadResult:
    """What a sheet with one column of `cells`, each with its number format, states."""
    book = xlsxwriter.Workbook(folder / "表.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["2026年10月"])
    sheet.write_row(1, 0, ["企业名称", header])
    rows = [(f"{name}公司", *cell) for name, cell in zip("甲乙丙丁戊", cells, strict=False)]
    for row, (name, value, code) in enumerate([*rows, *([("合计", *total)] if total else [])], start=2):
        sheet.write(row, 0, name)
        sheet.write(row, 1, value, book.add_format({"num_format": code}))
    book.close()
    return balanced(read_file(inbox_file(folder / "表.xlsx")))


@pytest.mark.parametrize(
    ("header", "code", "stored_number", "tax"),
    [
        ("实缴税金(万元)", "0!.0,", 1_234_567, 123.4567),
        ("实缴税金(百万元)", "#,##0.00,,", 1_234_567, 123.4567),
        ("实缴税金(千元)", "#,##0,", 1_234_567, 123.4567),
        ("实缴税金(亿元)", "0!.0000,,", 12_345_670_000, 12345.67),
        ("实缴税金(元)", '0.00"万元"', 12.5, 12.5),
        ("实缴税金", '#,##0.00"元"', 345_678, 34.5678),
        ("实缴税金(元)", '0!.0,"万元"', 1_234_567, 123.4567),
        ("实缴税金", "[$¥-804]#,##0.00", 345_678, 34.5678),
    ],
)
def test_a_format_means_what_the_reader_sees(
    tmp_path: Path, header: str, code: str, stored_number: float, tax: float
) -> None:
    parsed = sent(tmp_path, header, [(stored_number, code)])
    assert stated(parsed, "output", "tax") == [(pytest.approx(tax, rel=1e-15),)]
    assert parsed.problems.select("cell", "severity", "rule", "value").rows() == [("B2", "note", "format_scaled", code)]


@pytest.mark.parametrize("code", ["General", "0.00", "#,##0.00", "0.0_ ;[Red]-0.0", '0"户"', "[$¥-804]#,##0.00", "@"])
def test_a_format_that_changes_no_meaning_is_not_told(tmp_path: Path, code: str) -> None:
    parsed = sent(tmp_path, "实缴税金(万元)", [(12.5, code)])
    assert stated(parsed, "output", "tax") == [(12.5,)]
    assert parsed.problems.is_empty()


def test_formats_hold_cell_by_cell_and_totals_are_compared_as_shown(tmp_path: Path) -> None:
    cells = [(1_234_567, "0!.0,"), (10, "0.0"), (2_000_000, '0!.0,"万元"')]
    parsed = sent(tmp_path, "实缴税金(万元)", cells, total=(3_334_567, "0!.0,"))
    assert stated(parsed, "output", "tax") == [(123.4567,), (10.0,), (200.0,)]
    assert problems(parsed) == [("B2", "format_scaled", "0!.0,")]
    wrong = sent(tmp_path, "实缴税金(万元)", cells, total=(9_999_999, "0!.0,"))
    assert ("B6", "control_total", "999.9999") in problems(wrong)


def test_a_figure_shown_in_per_cent_warns_as_its_text_would(tmp_path: Path) -> None:
    parsed = sent(tmp_path, "实缴税金(万元)", [(0.125, "0.0%"), (3, "0")])
    assert stated(parsed, "output", "tax") == [(0.125,), (3.0,)]
    assert problems(parsed) == [("B3", "percent_in_amount", "12.5%")]


@pytest.mark.parametrize(("code", "rule"), [('0.00"吨"', "unit_mismatch"), ('0.00"万美元"', "unit_unknown")])
def test_a_unit_that_does_not_fit_is_refused_at_its_cell(tmp_path: Path, code: str, rule: str) -> None:
    parsed = sent(tmp_path, "实缴税金(万元)", [(5, code), (6, "0")])
    assert stated(parsed, "output", "tax") == [(6.0,)]
    assert [(cell, found) for cell, found, _ in problems(parsed)] == [("B3", rule)]
