"""A fault of the program over one sheet is an error of that sheet: the others, and the month, go on."""

import logging
from collections.abc import Mapping
from pathlib import Path

import polars as pl
import pytest
from builders.sheets import HEAD, Rows, balanced, problems, stated, write
from builders.small_inbox import run, small_inbox

from efficiency.intake.formats import Grid
from efficiency.intake.layout import classify as sound
from efficiency.intake.read import read_file
from efficiency.intake.resolution import LookupTables, PartitionResult
from efficiency.intake.resolution import resolve_partition as resolve_soundly
from efficiency.job.summary import as_json, closing_lines

TABLE: Rows = [["2026年10月"], HEAD, ["甲公司", 1, 5]]


def planted(monkeypatch: pytest.MonkeyPatch, fault: BaseException, sheet: str) -> None:
    """Make the program fail wherever it classifies the rows of `sheet`."""

    def classify(grid: Grid, *others: object, **named: object) -> pl.DataFrame:
        if grid.sheet == sheet:
            raise fault
        return sound(grid, *others, **named)  # type: ignore[arg-type]  # whatever it is called with

    monkeypatch.setattr("efficiency.intake.read.classify", classify)


@pytest.mark.plants_fault
@pytest.mark.parametrize(
    "fault", [ValueError("no such\ncolumn"), pl.exceptions.ComputeError("x"), pl.exceptions.PanicException("x")]
)
def test_a_fault_over_a_sheet_is_its_error_and_the_other_sheets_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, fault: BaseException
) -> None:
    planted(monkeypatch, fault, "坏")
    parsed = balanced(read_file(write(tmp_path / "表.xlsx", {"好": TABLE, "坏": TABLE})))
    assert stated(parsed, "output", "revenue", "tax") == [(1.0, 5.0)]
    (found,) = problems(parsed)
    assert found == (None, "internal", f"{type(fault).__name__}: {' '.join(str(fault).split())}")
    message = parsed.problems["message"][0]
    assert all(part in message for part in ("“坏”", "程序的故障", "2026.", type(fault).__name__, "请将")), message
    failed = parsed.submissions.filter(pl.col("sheet") == "坏")
    assert failed.select("form", "rows_total", "rows_rejected").row(0) == (None, 3, 3)
    (record,) = [one for one in caplog.records if one.levelno == logging.ERROR]
    assert record.exc_info is not None
    assert record.exc_info[1] is fault


@pytest.mark.plants_fault
def test_a_fault_outside_the_sheets_is_the_error_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("efficiency.intake.read.read_grids", lambda path: list[Grid]().pop())
    parsed = balanced(read_file(write(tmp_path / "表.xlsx", {"好": TABLE})))
    assert problems(parsed) == [(None, "internal", "IndexError: pop from empty list")]
    assert "该文件" in parsed.problems["message"][0]


@pytest.mark.plants_fault
def test_the_month_goes_on_says_the_fault_first_and_reads_the_file_again_when_it_is_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_inbox(tmp_path / "inbox")
    power = tmp_path / "inbox" / "用电.xlsx"
    write(
        power, {"用电": [["2026年10月用电量(万千瓦时)"], ["企业名称", "电力(万千瓦时)"], ["淄博样例01陶瓷有限公司", 5]]}
    )
    with monkeypatch.context() as patch:
        planted(patch, KeyError("n7"), "用电")
        faulty = run(tmp_path)
        lines = list(closing_lines(faulty, as_json(faulty)))
    assert lines[0].startswith("A fault of the program: 用电.xlsx, sheet 用电 was not read (KeyError: 'n7').")
    assert any("2026-10 (zibo-jkq)" in line for line in lines)
    again = run(tmp_path)
    assert again.validated.ingested.fresh == 1
    assert not any("fault of the program" in line for line in closing_lines(again, as_json(again)))
    assert again.validated.resolved.submissions.filter(pl.col("file_name") == "用电.xlsx")["form"].to_list() == [
        "energy"
    ]


@pytest.mark.plants_fault
@pytest.mark.parametrize("bad", [pytest.param(("用电.xlsx",), marks=pytest.mark.long), ("用电.xlsx", "用气.xlsx")])
@pytest.mark.long
def test_a_fault_over_rows_while_they_are_resolved_leaves_out_their_sheets_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: tuple[str, ...]
) -> None:
    small_inbox(tmp_path / "inbox")
    for name, carrier in (
        ("用电.xlsx", "电力(万千瓦时)"),
        ("用气.xlsx", "天然气(万立方米)"),
        ("用煤.xlsx", "原煤(吨)"),
    ):
        figure = 666 if name in bad else 5
        rows: Rows = [["2026年10月"], ["企业名称", carrier], ["淄博样例01陶瓷有限公司", figure]]
        write(tmp_path / "inbox" / name, {"表": rows})

    def resolve_partition(rows: Mapping[str, pl.DataFrame], tables: LookupTables) -> PartitionResult:
        if (rows["energy"]["consumption"] == 666).any():
            raise pl.exceptions.ComputeError("planted")
        return resolve_soundly(rows, tables)

    with monkeypatch.context() as patch:
        patch.setattr("efficiency.job.execution.partitions.resolve_partition", resolve_partition)
        completed = run(tmp_path)
    lines = list(closing_lines(completed, as_json(completed)))
    assert sum(line.startswith("A fault of the program: 用") for line in lines) == len(bad)
    sheets = completed.validated.resolved.submissions.filter(pl.col("file_name").str.starts_with("用"))
    refused = sheets.filter(status="refused")
    assert set(refused["file_name"]) == set(bad)
    assert refused["rows_rejected"].to_list() == [1] * len(bad)
    assert any("2026-10 (zibo-jkq)" in line for line in lines)
    mended = run(tmp_path)
    assert not any("fault of the program" in line for line in closing_lines(mended, as_json(mended)))
