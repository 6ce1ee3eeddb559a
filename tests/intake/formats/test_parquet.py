"""Bulk input: Parquet as a database exports it is read as the sheet it would make, and large CSV column by column."""

from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter

from efficiency.intake.files import inbox_file, list_inbox
from efficiency.intake.formats import UnreadableError, read_grids
from efficiency.intake.formats import parquet as bulk
from efficiency.intake.formats.csv import delimited_columns
from efficiency.intake.read import read_file
from efficiency.intake.read_result import ReadResult
from schemas import FACTS

CODES = ("91370300YL0000001N", "91370300YL0000002M")
OUTPUT = pl.DataFrame({
    "统一社会信用代码": CODES,
    "企业名称": ["甲公司", "乙公司"],
    "年份": [2026, 2026],
    "月份": [9, 10],
    "营业收入(元)": [1_500_000.0, None],
    "实缴税金(万元)": ["12.5", "不详"],
})  # fmt: skip
LONG_ENERGY = pl.DataFrame({
    "企业名称": ["甲公司", "甲公司", "乙公司"],
    "报告期": [date(2026, 10, 1)] * 3,
    "能源名称": ["电力", "天然气", "原煤"],
    "计量单位": ["千瓦时", "万立方米", "吨"],
    "消费量": [30_000, 2, None],
})  # fmt: skip


def read(path: Path) -> ReadResult:
    return read_file(inbox_file(path, path.name))


def as_parquet(folder: Path, table: pl.DataFrame, name: str = "导出") -> ReadResult:
    table.write_parquet(folder / f"{name}.parquet")
    return read(folder / f"{name}.parquet")


def as_workbook(folder: Path, table: pl.DataFrame, name: str = "导出") -> ReadResult:
    with xlsxwriter.Workbook(folder / f"{name}.xlsx", {"default_date_format": "yyyy-mm-dd"}) as book:
        sheet = book.add_worksheet("表")
        for row, values in enumerate([table.columns, *table.rows()]):
            sheet.write_row(row, 0, values)
    return read(folder / f"{name}.xlsx")


def reported(parsed: ReadResult) -> list[tuple[object, ...]]:
    return sorted(parsed.problems.select("rule", "cell", "row", "name", "field", "value", "message").rows(), key=str)


@pytest.mark.parametrize(("form", "table"), [("output", OUTPUT), ("energy", LONG_ENERGY)])
def test_parquet_states_what_the_same_table_states_in_a_workbook(
    tmp_path: Path, form: str, table: pl.DataFrame
) -> None:
    parquet, workbook = as_parquet(tmp_path, table), as_workbook(tmp_path, table)
    of_the_file = ["submission_id", "sheet"]
    assert parquet.rows[form].drop(of_the_file).equals(workbook.rows[form].drop(of_the_file))
    assert parquet.columns.drop("submission_id").equals(workbook.columns.drop("submission_id"))
    assert reported(parquet) == reported(workbook)
    counts = [name for name in parquet.submissions.columns if name.startswith("rows_")]
    assert parquet.submissions.select("form", "period_label", *counts).equals(
        workbook.submissions.select("form", "period_label", *counts)
    )
    assert parquet.rows[form].height


def test_a_problem_names_the_cell_as_if_the_names_stood_in_row_one(tmp_path: Path) -> None:
    found = as_parquet(tmp_path, OUTPUT).problems.filter(pl.col("severity") == "error")
    assert found.select("cell", "value").rows() == [("F3", "不详")]


def test_canonical_names_are_recognised_like_chinese_headers(tmp_path: Path) -> None:
    chinese = pl.DataFrame({
        "统一社会信用代码": CODES, "企业名称": ["甲公司", "乙公司"], "年份": [2026, 2026], "月份": [9, 10],
        "营业收入(万元)": [1.0, 2.0], "用水量(吨)": [3.0, 4.0], "天然气(万立方米)": [5.0, 6.0],
        "电力(万千瓦时)": [7.0, 8.0],
    })  # fmt: skip
    names = ("uscc", "name", "year", "month", "revenue", "water", "natural_gas", "electricity")
    canonical = chinese.rename(dict(zip(chinese.columns, names, strict=True)))
    one, other = as_parquet(tmp_path, chinese, "一"), as_parquet(tmp_path, canonical, "二")
    for form in ("output", "energy"):
        assert other.rows[form].height == one.rows[form].height > 0
        assert other.rows[form].drop("submission_id").equals(one.rows[form].drop("submission_id"))
    canonical.write_csv(tmp_path / "三.csv")
    assert (
        read(tmp_path / "三.csv").rows["energy"].drop("submission_id").equals(one.rows["energy"].drop("submission_id"))
    )


def test_every_field_is_recognised_by_its_canonical_name() -> None:
    from efficiency.intake.layout import interpret
    from schemas import FORMS

    for form in FORMS.values():
        for column in form.columns:
            meaning = interpret((column.name,))
            assert meaning is not None, column.name
            assert meaning.field(form.id) == column.name
    assert set(FORMS) == set(FACTS)


def test_kinds_of_columns_become_the_cells_that_a_sheet_would_hold(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pl.DataFrame({
        "整数": pl.Series([7, None], dtype=pl.Int16),
        "代码": [123_456_789_012_345_678, 5],
        "小数": pl.Series(["1.25", None]).cast(pl.Decimal(10, 2)),
        "是否": [True, None],
        "日期": [date(2026, 10, 1), None],
        "时刻": [datetime(2026, 10, 1), datetime(2026, 10, 1, 8, 30)],
        "类别": pl.Series(["甲", " "], dtype=pl.Categorical),
        "空": [None, None],
        "非数": [float("nan"), float("inf")],
    }).write_parquet(path)  # fmt: skip
    grid = read_grids(path)[0]
    assert grid.rows(1, 3) == [
        ["7", "123456789012345678", "1.25", "TRUE", "2026-10-01", "2026-10-01", "甲", "", "NaN"],
        ["", "5", "", "", "", "2026-10-01 08:30:00", "", "", "inf"],
    ]
    assert grid.texts[1].to_list() == ["代码", "123456789012345678", None]
    assert grid.numbers[1].to_list() == [None, None, 5.0]
    assert (grid.letters(2), grid.row_number(1)) == ("C", 2)


def test_what_cannot_be_cells_is_refused_with_its_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nested, damaged, large = (tmp_path / f"{name}.parquet" for name in ("嵌套", "坏", "大"))
    pl.DataFrame({"企业名称": ["甲"], "各月": [[1, 2]]}).write_parquet(nested)
    OUTPUT.write_parquet(large)
    damaged.write_bytes(large.read_bytes()[:-40])
    monkeypatch.setattr(bulk, "MAX_BULK_CELLS", 11)
    for path, reason in ((nested, "各月"), (damaged, "已损坏"), (large, "上限")):
        with pytest.raises(UnreadableError, match=reason):
            read_grids(path)
    parsed = read(damaged)
    assert parsed.problems["rule"].to_list() == ["unreadable"]


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pl.Series("历时", [timedelta(1)]), "历时"),
        (pl.Series("企业名称", ["长" * 400_000], dtype=pl.Categorical), "1200000 字节"),
        (pl.Series("企业名称", ["长" * 10_000], dtype=pl.Categorical).new_from_index(0, 100_000), "2048 MiB"),
    ],
)
def test_no_column_ends_the_run_or_outgrows_its_file(tmp_path: Path, column: pl.Series, reason: str) -> None:
    """A text that is stored once and referred to from every row came to gigabytes; a duration was a crash."""
    column.to_frame().write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UnreadableError, match=reason):
        read_grids(tmp_path / "a.parquet")


def test_a_file_has_no_more_columns_than_a_spreadsheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MAX_COLUMNS", 5)
    OUTPUT.write_parquet(tmp_path / "a.parquet")
    with pytest.raises(UnreadableError, match="6 列"):
        read_grids(tmp_path / "a.parquet")


def test_the_ending_is_one_that_the_inbox_reads(tmp_path: Path) -> None:
    OUTPUT.write_parquet(tmp_path / "甲.PARQUET")
    files, problems = list_inbox(tmp_path)
    assert [file.name for file in files] == ["甲.PARQUET"]
    assert problems.is_empty()


def test_a_line_that_is_longer_than_a_piece_is_counted_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("efficiency.intake.formats.csv._CHUNK", 4)
    assert len(delimited_columns(b"a\n1,2,3,4,5,6,7\nb,c\n")) == 7
    assert len(delimited_columns(b"1,2\na,b,c,d")) == 4
