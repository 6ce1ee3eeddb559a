"""status: who has sent what of the window's months; what is missing, refused, late; nothing is written."""

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import polars as pl
import pytest
from builders.small_inbox import CODES, COUNT, NAMES, run, small_inbox, warehouse, write
from conftest import efficiency

from efficiency.errors import UsageError
from efficiency.job.summary import as_json, closing_lines
from efficiency.language import speaking
from efficiency.review.status import Status, print_status, status, status_as_json, status_file_name
from efficiency.warehouse.lock import lock

TODAY = date(2026, 11, 20)
MONTHS = ["2025-11", "2025-12", *(f"2026-{month:02d}" for month in range(1, 11))]
HEAD = (
    "统一社会信用代码", "所属期", "营业收入(万元)", "工业增加值(万元)", "实缴税金(万元)", "研发费用(万元)",
    "从业人员平均人数(人)", "主要污染物排放量(吨)",
)  # fmt: skip


def without_march(folder: Path) -> Path:
    """The inbox with output by month, of which March has not come; one enterprise left out June; a sheet is refused."""
    small_inbox(folder / "inbox")
    for path in (folder / "inbox" / "产出").iterdir():
        path.unlink()
    for month in MONTHS:
        if month == "2026-03":
            continue
        year, number = month.split("-")
        span = f"{year}年{int(number)}月"
        rows = [(code, span, 900, 300, 20 + at, 3, 50, 0.1) for at, code in enumerate(CODES)]
        sent = rows[1:] if month == "2026-06" else rows
        write(folder / "inbox" / "产出" / f"{span}产出.csv", [HEAD, *sent])
    write(folder / "inbox" / "产出" / "2026年3月.csv", [("单位", "金额"), ("某企业", 1)])
    return folder


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = without_march(tmp_path_factory.mktemp("month"))
    completed = run(folder)
    (folder / "summary.json").write_text(json.dumps(as_json(completed), ensure_ascii=False, default=str))
    (folder / "lines.txt").write_text("\n".join(closing_lines(completed, as_json(completed))))
    return folder


@pytest.fixture(scope="module")
def found(month: Path) -> Status:
    return status(warehouse(month), TODAY)


def cell(found: Status, word: str, of: str) -> Mapping[str, Any]:
    return next(
        row
        for row in found.coverage.iter_rows(named=True)
        if row["word"] == word and row["month"] and f"{row['month']:%Y-%m}" == of
    )


def test_each_month_says_how_many_enterprises_lack_a_figure(found: Status) -> None:
    assert [f"{one:%Y-%m}" for one in found.months] == MONTHS
    lacking = {of: cell(found, "tax", of)["missing"] for of in MONTHS}
    assert lacking == dict.fromkeys(MONTHS, 0) | {"2026-03": COUNT, "2026-06": 1}
    march = cell(found, "tax", "2026-03")
    assert (march["form"], march["expected"], march["stated"]) == ("output", COUNT, 0)
    # Cumulative figures cover the months of energy.
    assert not any(cell(found, "energy", of)["missing"] for of in MONTHS)


def test_each_enterprise_is_named_with_the_months_that_it_lacks(found: Status) -> None:
    texts = {(row["name"], row["word"]): row["text"] for row in found.missing.iter_rows(named=True)}
    assert texts[NAMES[0], "tax"] == "缺2026年3月、6月"
    assert texts[NAMES[1], "tax"] == "缺2026年3月"
    assert {word for _, word in texts} == {"emissions", "rd_expense", "revenue", "tax", "value_added"}


def test_towns_add_up_to_all(found: Status) -> None:
    assert found.towns["town"].unique().to_list() == ["南定镇"]
    assert found.towns["missing"].sum() == found.coverage["missing"].sum()


def test_refused_sheets_and_the_last_evaluation_are_shown(found: Status) -> None:
    assert found.refused["file_name"].to_list() == ["产出/2026年3月.csv"]
    assert found.evaluation["statuses"] == {"insufficient": COUNT}
    assert found.evaluation["verify"] == {"listed": 0, "borderline": 0}
    assert found.problems["error"] == 1
    assert found.last_run["files_new"] == 17
    assert found.held_by is None


def test_the_holder_of_the_lock_is_named_and_nothing_is_written(month: Path) -> None:
    with lock(warehouse(month)):
        before = digests(month)
        assert "process" in status(warehouse(month), TODAY).held_by
        assert digests(month) == before


def digests(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.rglob("*") if p.is_file()}


def test_a_month_that_was_not_evaluated_is_looked_at_by_the_latest_policy(month: Path) -> None:
    november = status(warehouse(month), TODAY, "2026-11")
    assert november.evaluation["period"] == "2026-10"
    assert cell(november, "tax", "2026-11")["missing"] == COUNT
    assert set(november.returns["state"]) <= {"expected", "overdue"}


def test_json_is_one_object_with_all_of_it(month: Path, found: Status) -> None:
    printed = json.loads(efficiency("status", "--json", "--period", "2026-10", cwd=month).stdout)
    assert {"coverage", "towns", "missing", "returns", "refused", "problems", "evaluation", "held_by"} <= set(printed)
    expected = status_as_json(found)
    assert printed["missing"] == expected["missing"]
    assert {row["uscc"]: row["months"] for row in printed["missing"] if row["word"] == "tax"}[CODES[0]] == [
        "2026-03",
        "2026-06",
    ]


def test_the_tables_name_months_enterprises_and_files(found: Status) -> None:
    printed = io.StringIO()
    with speaking("zh"):
        print_status(found, printed)
    text = printed.getvalue()
    for words in ("26-03", NAMES[0], "缺2026年3月、6月", "不能评级", "产出/2026年3月.csv", "南定镇"):
        assert words in text
    assert f"合计：{COUNT} 户企业有缺报，1 张表被退回。" in text


def test_the_workbook_has_months_by_forms_and_every_enterprise_that_lacks_something(
    month: Path, found: Status, tmp_path: Path
) -> None:
    done = efficiency("status", "--output", tmp_path, cwd=month)
    path = tmp_path / status_file_name("2026-10")
    assert done.stdout.endswith(f"Workbook: {path}\n")
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["报送情况", "缺报企业", "镇办缺报", "部门报表", "退回的表"]
    head, *rows = [[cell.value for cell in row] for row in book["报送情况"].iter_rows(min_row=3)]
    tax = dict(zip(head, next(row for row in rows if row[1] == "实缴税金"), strict=True))
    assert [tax[of] for of in ("表式", "26-02", "26-03", "26-06")] == ["产出", "✓", str(COUNT), "1"]
    land = dict(zip(head, next(row for row in rows if row[0] == "用地"), strict=True))
    assert (land["26-03"], land["不分月"]) == (None, "✓")
    listed = list(book["缺报企业"].iter_rows(min_row=4, max_row=3 + found.missing.height, values_only=True))
    assert [row[1] for row in listed] == found.missing["uscc"].to_list()
    assert book["退回的表"]["A4"].value == "产出/2026年3月.csv"


def test_an_enterprise_registered_without_a_name_is_shown_by_its_code(found: Status) -> None:
    nameless = replace(found, missing=found.missing.with_columns(pl.lit(None, pl.String).alias("name")))
    out = io.StringIO()
    print_status(nameless, out)
    assert CODES[0] in out.getvalue()


@pytest.mark.parametrize("arguments", [(), ("--period", "2026-13")])
def test_without_a_warehouse_or_with_a_wrong_period_usage_is_wrong(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = efficiency("status", *arguments, cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "no warehouse" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_without_an_evaluation_says_so(tmp_path: Path) -> None:
    import duckdb

    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    with pytest.raises(UsageError, match="no evaluation yet"):
        status(tmp_path / "empty.duckdb", TODAY)


def test_the_closing_lines_of_the_run_name_the_months_and_how_many_lack_them(month: Path) -> None:
    lines = (month / "lines.txt").read_text().splitlines()
    measures = "主要污染物排放量, 研发费用, 营业收入, 实缴税金, 工业增加值"
    assert f"Missing (2026-10): 产出 2026-03 for 13 enterprises ({measures})." in lines
    assert f"Missing (2026-10): 产出 2026-03, 2026-06 for 1 enterprises ({measures})." in lines
    summary = json.loads((month / "summary.json").read_text())
    assert [row["months"] for row in summary["missing"]] == [["2026-03"], ["2026-03", "2026-06"]]
    assert summary["missing"][0]["enterprises"] == 13


@pytest.mark.long
def test_who_is_late_is_measured_by_the_day_of_most_earlier_months(tmp_path: Path) -> None:
    small_inbox(tmp_path / "inbox")
    head = ("统一社会信用代码", "企业名称", "用电量(万千瓦时)", "填报日期")
    for month, came in ((7, "2026-08-05"), (8, "2026-09-08"), (9, "2026-10-05"), (10, "2026-11-09")):
        write(tmp_path / "inbox" / "供电" / f"2026年{month}月用电.csv", [
            (f"填报日期：{came}",), head[:3], *((code, name, 5) for code, name in zip(CODES, NAMES, strict=True)),
        ])  # fmt: skip
    run(tmp_path)
    rows = status(warehouse(tmp_path), datetime(2026, 12, 10, tzinfo=UTC).date()).returns
    power = rows.filter(department="供电").row(0, named=True)
    assert (power["usual"], power["after"], power["days"], power["state"]) == (5, 9, 4, "late")
    november = status(warehouse(tmp_path), date(2026, 12, 10), "2026-11").returns.filter(department="供电")
    assert november.select("usual", "days", "state").rows() == [(8, 2, "overdue")]
