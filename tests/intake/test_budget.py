"""Any file of 100 MB: under 1 GiB of memory a process and 30 seconds of the processor's time, and one plain line.

What a reader may take is counted before it takes it; what is not foreseen ends the worker that reads the file, and no
more than that.
"""

import os
from pathlib import Path

import polars as pl
import pytest
from builders.hostile import HOSTILE
from builders.measured import read_measured
from builders.sheets import inbox_file, write

from efficiency.intake.read import read_file

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="elsewhere the system limits nothing")

MEBIBYTES, SECONDS = 1 << 10, 30
QUICK = ("远处.xlsx", "远处.xls", "远处.xlsb", "远处.xml", "重复.ods", "常数.parquet", "坏格.csv")
"""Of each kind of reader one whose file is written in no time."""
MOST_PROBLEMS = {"坏格.csv": 4_000, "许多坏格.csv": 4_000, "远处.zip": 1_000, "空白.zip": 10}
"""File → lines about it, where they are more than two: one a file of an archive, the first 1 000 of each column."""
HONEST = "企业名称,营业收入(万元)\n甲厂,1\n"
NOT_READ = ("unreadable", "form_unknown", "period_unknown", "sheet_empty", "marks_unread")


def test_a_folder_of_hostile_files_takes_little_and_loses_no_other_file(tmp_path: Path) -> None:
    for name in QUICK:
        HOSTILE[name](tmp_path / name)
    (tmp_path / "2026年10月.csv").write_text(HONEST, encoding="utf-8")
    found = read_measured(tmp_path)
    assert found.status == 0
    assert found.mebibytes < MEBIBYTES
    assert found.seconds < SECONDS
    assert found.rows["output"] == 1, "the honest file beside them is read"
    told = {name for name, rule, _ in found.problems if rule in (*NOT_READ, "not_a_number")}
    assert told >= set(QUICK)


@pytest.mark.long
def test_native_code_that_asks_for_too_much_ends_nothing_but_its_file(tmp_path: Path) -> None:
    """A Parquet file of half a megabyte that comes to gigabytes; a reader whose memory is refused aborts."""
    HOSTILE["同文.parquet"](tmp_path / "同文.parquet")
    found = read_measured(tmp_path)
    assert found.status == 0
    ((_, rule, message),) = found.problems
    assert rule == "unreadable"
    assert "上限" in message
    assert "请" in message


@pytest.mark.long
@pytest.mark.parametrize("name", HOSTILE)
def test_any_file_is_within_its_budget(tmp_path: Path, name: str) -> None:
    HOSTILE[name](tmp_path / name)
    assert (tmp_path / name).stat().st_size < 110_000_000, "the promise is about files of 100 MB"
    found = read_measured(tmp_path)
    assert found.status == 0, found
    assert found.mebibytes < MEBIBYTES, found.problems[:3]
    files = 500 if name == "远处.zip" else 5 if name == "空白.zip" else 1
    assert found.seconds < SECONDS * files, found.problems[:3]
    assert found.problems or any(found.rows.values()), "nothing is passed over in silence"
    assert len(found.problems) <= MOST_PROBLEMS.get(name, 2), "one line a cause, however many sheets or cells it has"


@pytest.mark.long
def test_many_hostile_files_take_as_much_as_one_after_another(tmp_path: Path) -> None:
    for count, folder in ((4, tmp_path / "few"), (16, tmp_path / "many")):
        folder.mkdir()
        for number in range(count):
            HOSTILE["远处.xls"](folder / f"{number}.xls")
            with (folder / f"{number}.xls").open("ab") as file:
                file.write(os.urandom(8))
    few, many = read_measured(tmp_path / "few"), read_measured(tmp_path / "many")
    assert many.mebibytes < 2 * few.mebibytes
    assert many.seconds < 4 * few.seconds + SECONDS


def test_sheets_left_aside_for_one_cause_are_counted_in_one_line(tmp_path: Path) -> None:
    HOSTILE["远处.xlsx"](tmp_path / "远处.xlsx")
    read = read_file(inbox_file(tmp_path / "远处.xlsx"))
    assert read.submissions.height == 40, "each sheet is on record"
    refused = read.problems.filter(pl.col("rule") == "unreadable")
    (message,) = refused["message"]
    assert refused["sheet"].item() == "表2"
    assert "另有 38 张工作表原因相同" in message
    assert "“表3”、“表4”" in message


@pytest.mark.parametrize(("count", "lines"), [(12, 12), (30, 1)])
def test_each_month_of_a_year_that_is_not_recognised_has_its_own_line(tmp_path: Path, count: int, lines: int) -> None:
    rows = [("单位", "甲数", "乙数"), *(("甲厂", at, at + 1) for at in range(4))]
    read = read_file(write(tmp_path / "表.xlsx", {f"表{at}": rows for at in range(1, count + 1)}))
    assert read.submissions.height == count
    unknown = read.problems.filter(pl.col("rule") == "form_unknown")
    assert unknown.height == lines
    assert unknown["sheet"][0] == "表1"
    assert (f"另有 {count - 1} 张" in unknown["message"][0]) == (lines == 1)
