"""Any view of the warehouse can be taken along as a file; text stays text, and no file of others is overwritten."""

import csv
import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
from builders import small_inbox
from conftest import efficiency

from efficiency.reports.workbook import exports

LIVE = ['=HYPERLINK("http://x")', "+1", "-2", "@A1", "\t=1", "　＝1", "plain", "0012"]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a view of every kind of column, whose texts would be formulas."""
    path = tmp_path_factory.mktemp("warehouse") / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE held (n BIGINT, text VARCHAR, figure DOUBLE, day DATE, moment TIMESTAMP, yes BOOLEAN)"
        )
        for number, text in enumerate(LIVE):
            row = [number, text, 0.1 + 0.2, date(2026, 10, 31), datetime(2026, 11, 5, 6), number % 2 == 0]
            connection.execute("INSERT INTO held VALUES (?, ?, ?, ?, ?, ?)", row)
        connection.execute("INSERT INTO held VALUES (99, NULL, NULL, NULL, NULL, NULL)")
        connection.execute("CREATE VIEW shown AS SELECT * FROM held")
    return path


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse of a month that ran."""
    folder = tmp_path_factory.mktemp("month")
    small_inbox.small_inbox(folder / "inbox")
    policy = small_inbox.quick_policy(folder / "quick.toml")
    small_inbox.run(folder, policy=str(policy), reports=False)
    return small_inbox.warehouse(folder)


def stored(path: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.sql(query).fetchall()


def cells(path: Path) -> list[list[tuple[Any, ...]]]:
    """The values of each worksheet below its header."""
    book = openpyxl.load_workbook(path)
    assert {cell.data_type for sheet in book for row in sheet for cell in row} <= {"s", "n", "d", "b"}
    return [list(sheet.iter_rows(min_row=2, values_only=True)) for sheet in book]


def test_every_view_is_exported(month: Path, tmp_path: Path) -> None:
    listed = json.loads(efficiency("export", "--warehouse", month, "--json", cwd=tmp_path).stdout)
    views = [name for name in listed["views"] if "." not in name]
    assert len(views) >= 12
    for view in views:
        efficiency("export", view, f"{view}.parquet", "--warehouse", month, cwd=tmp_path)
        (count,) = stored(month, f"SELECT count(*) FROM {view}")[0]
        assert pl.read_parquet(tmp_path / f"{view}.parquet").height == count, view
    rows = stored(month, "SELECT * FROM tiers ORDER BY ALL")
    assert pl.read_parquet(tmp_path / "tiers.parquet").rows() == rows


def test_officials_get_a_workbook_with_chinese_headers(month: Path, tmp_path: Path) -> None:
    take = ("export", "tiers", "等级.xlsx", "--period", "2026-10", "--titles", "--warehouse", month)
    printed = efficiency(*take, cwd=tmp_path).stdout
    book = openpyxl.load_workbook(tmp_path / "等级.xlsx")
    headers = [cell.value for cell in book["tiers"][1]]
    assert {"统一社会信用代码", "等级", "用地面积(亩)"} <= set(headers)
    rows = book["tiers"].max_row - 1
    assert rows == stored(month, "SELECT count(*) FROM tiers WHERE period = '2026-10'")[0][0]
    assert printed == f"tiers: {rows} rows in 等级.xlsx\n"


def test_no_text_is_a_formula_in_a_csv_and_figures_are_whole(warehouse: Path, tmp_path: Path) -> None:
    efficiency("export", "shown", "t.csv", "--warehouse", warehouse, cwd=tmp_path)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfn,text,")  # by which Excel knows the encoding
    with (tmp_path / "t.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["text"] for row in rows] == [*(f"'{text}" for text in LIVE[:6]), *LIVE[6:], ""]
    assert {row["figure"] for row in rows} == {"0.30000000000000004", ""}


def test_no_text_is_a_formula_in_a_workbook_and_kinds_are_kept(warehouse: Path, tmp_path: Path) -> None:
    efficiency("export", "shown", "t.xlsx", "--warehouse", warehouse, cwd=tmp_path)
    (rows,) = cells(tmp_path / "t.xlsx")
    assert [row[1] for row in rows[:-1]] == LIVE
    assert rows[0][2:] == (0.1 + 0.2, datetime(2026, 10, 31), datetime(2026, 11, 5, 6), True)
    assert rows[-1] == (99, None, None, None, None, None)


def test_more_rows_than_a_worksheet_has_go_on_in_the_next(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exports, "ROWS_PER_SHEET", 4)
    efficiency("export", "shown", "t.xlsx", "--warehouse", warehouse, cwd=tmp_path)
    sheets = cells(tmp_path / "t.xlsx")
    assert [len(rows) for rows in sheets] == [4, 4, 1]
    assert [row[0] for rows in sheets for row in rows] == [*range(8), 99]


def test_an_empty_view_gives_a_file_with_headers_alone(month: Path, tmp_path: Path) -> None:
    for ending in ("csv", "parquet", "xlsx"):
        take = ("export", "tiers", f"t.{ending}", "--policy", "nobodys", "--warehouse", month)
        assert efficiency(*take, cwd=tmp_path).stdout == f"tiers: 0 rows in t.{ending}\n"
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig").startswith("evaluation_id,period,")
    assert pl.read_parquet(tmp_path / "t.parquet").columns[:2] == ["evaluation_id", "period"]
    assert openpyxl.load_workbook(tmp_path / "t.xlsx")["tiers"]["A1"].value == "evaluation_id"


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx"])
def test_only_an_export_is_replaced_and_only_when_asked(warehouse: Path, tmp_path: Path, ending: str) -> None:
    take = ("export", "shown", f"t.{ending}", "--warehouse", warehouse)
    (tmp_path / f"t.{ending}").write_text("somebody's")
    for more, words in (((), "is there already"), (("--replace",), "is no export")):
        refused = efficiency(*take, *more, cwd=tmp_path, check=False)
        assert (refused.returncode, words in refused.stderr) == (2, True)
        assert (tmp_path / f"t.{ending}").read_text() == "somebody's"
    (tmp_path / f"t.{ending}").unlink()
    efficiency(*take, cwd=tmp_path)
    efficiency(*take, "--replace", cwd=tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [f"t.{ending}"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tears", "t.csv"), r"no view 'tears'. There are shown; and tables"),
        (("main.held; DROP TABLE held", "t.csv"), "no view"),
        (("shown", "t.csv", "--period", "2026-10"), "has no column period. Leave out --period."),
        (("shown", "t.ods"), ".csv, .parquet, .xlsx"),
        (("shown",), "Name the file to write too"),
        (("shown", "t.csv", "--period", "October"), "October"),
        (("shown", "t.csv", "--warehouse", "none.duckdb"), "There is no warehouse none.duckdb"),
    ],
)
def test_what_cannot_be_exported_is_said_with_what_can(
    warehouse: Path, tmp_path: Path, words: tuple[str, ...], told: str
) -> None:
    done = efficiency("export", "--warehouse", warehouse, *words, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert told in done.stderr
    assert list(tmp_path.iterdir()) == []
