"""check: files are judged as a run would judge them, against register and past months, and nothing is written."""

import hashlib
from pathlib import Path

import polars as pl
import pytest
from builders.small_inbox import CODES, NAMES, run, small_inbox, warehouse, write
from conftest import efficiency, efficiency_process

from efficiency.errors import UsageError
from efficiency.language import in_language
from efficiency.review.check import Checked, check_paths, checked_as_json, checked_lines
from efficiency.warehouse.lock import lock

HEAD = ("统一社会信用代码", "企业名称", "所属期", "实缴税金(万元)")


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A published month; its warehouse is `month`/warehouse/efficiency.duckdb."""
    folder = tmp_path_factory.mktemp("month")
    small_inbox(folder / "inbox")
    run(folder)
    return folder


def chinese(checked: Checked) -> str:
    """What the command prints in Chinese."""
    return "\n".join(in_language(line, "zh") for line in checked_lines(checked))


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file below `folder`."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.long
def test_a_sheet_by_names_is_matched_by_the_warehouse_s_register(month: Path, tmp_path: Path) -> None:
    sheet = write(
        tmp_path / "税收.csv", [HEAD[1:], (NAMES[0], "2026年10月", 66), ("无名企业有限公司", "2026年10月", 1)]
    )
    alone, judged = check_paths([sheet]), check_paths([sheet], warehouse=warehouse(month))
    assert (alone.enterprises, judged.enterprises) == (0, len(CODES))
    assert alone.errors == 0
    assert judged.problems.filter(pl.col("severity") == "error").select("rule", "cell").rows() == [
        ("enterprise_unknown", "A3")
    ]
    assert judged.submissions.select("rows_accepted", "rows_rejected").rows() == [(1, 1)]


def test_figures_are_compared_with_past_months(month: Path, tmp_path: Path) -> None:
    sheet = write(tmp_path / "收入.csv", [(*HEAD[:3], "营业收入(万元)"), (CODES[0], NAMES[0], "2026年1-11月", 1)])
    assert check_paths([sheet]).problems.is_empty()
    found = check_paths([sheet], warehouse=warehouse(month)).problems
    assert found.filter(pl.col("severity") == "warning")["cell"].to_list() == ["D2"]


def test_what_would_be_replaced_is_said(month: Path, tmp_path: Path) -> None:
    mended = write(tmp_path / "2026年1-10月产出.csv", [HEAD, (CODES[0], NAMES[0], "2026年1-10月", 201)])
    checked = check_paths([mended], warehouse=warehouse(month))
    assert checked.of_others.select("file_name", "rule", "value").rows() == [
        ("产出/2026年1-10月产出.csv", "file_succeeded", "产出/2026年1-10月产出.csv")
    ]
    assert "对以前报送的文件" in chinese(checked)
    assert checked.submissions["file_name"].to_list() == ["2026年1-10月产出.csv"]


def test_a_known_file_is_read_again_and_keeps_its_place(month: Path) -> None:
    known = month / "inbox" / "产出" / "2026年1-10月产出.csv"
    checked = check_paths([known], warehouse=warehouse(month))
    assert checked.of_others.is_empty()
    assert checked.submissions["rows_accepted"].to_list() == [len(CODES)]
    # Its unit of employees is assumed, which is noted in the run as well.
    assert set(checked.problems["severity"]) <= {"note"}


def test_check_writes_nothing_and_does_not_wait_for_a_run(month: Path, tmp_path: Path) -> None:
    sheet = write(tmp_path / "税收.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", "十")])
    with lock(warehouse(month)):
        before = contents(month)
        done = efficiency_process("check", sheet, "--warehouse", warehouse(month), cwd=tmp_path)
        assert contents(month) == before
    assert "错误1个" in done.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["税收.csv"]


def test_the_default_warehouse_is_used_where_it_is_there(month: Path, tmp_path: Path) -> None:
    sheet = write(tmp_path / "税收.csv", [HEAD[1:], (NAMES[0], "2026年10月", 66)])
    assert f"企业名录（{len(CODES)}户）" in efficiency("check", sheet, "--language", "zh", cwd=month).stdout
    assert "没有企业名录可以对照" in efficiency("check", sheet, "--language", "zh", cwd=tmp_path).stdout


def test_strict_ends_with_status_3_where_there_are_errors(tmp_path: Path) -> None:
    good = write(tmp_path / "好.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", 1)])
    bad = write(tmp_path / "坏.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", "十")])
    assert efficiency("check", good, "--strict", cwd=tmp_path, check=False).returncode == 0
    assert efficiency("check", good, bad, "--strict", cwd=tmp_path, check=False).returncode == 3
    assert efficiency("check", good, bad, cwd=tmp_path, check=False).returncode == 0


def test_a_named_warehouse_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    sheet = write(tmp_path / "税收.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", 1)])
    with pytest.raises(UsageError, match=r"no warehouse .*none\.duckdb"):
        check_paths([sheet], warehouse=tmp_path / "none.duckdb")


def test_a_clean_file_is_said_to_be_clean_and_the_last_line_counts_all(tmp_path: Path) -> None:
    write(tmp_path / "收件" / "好.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", 1)])
    write(tmp_path / "收件" / "坏.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", "十")])
    lines = chinese(check_paths([tmp_path / "收件"])).splitlines()
    assert "好.csv  没有问题" in lines
    assert lines[-1] == "合计：2个文件，2张表，读取2行；错误1个。"


def test_the_period_of_rows_is_shown(tmp_path: Path) -> None:
    one = write(tmp_path / "一.csv", [HEAD, (CODES[0], NAMES[0], "2026年10月", 1)])
    two = write(tmp_path / "二.csv", [HEAD, *((CODES[0], NAMES[0], f"2026年{month}月", 1) for month in (3, 9))])
    checked = check_paths([one, two])
    lines = chinese(checked).splitlines()
    assert any(line.startswith("一.csv：产出（output），2026-10，读取1行") for line in lines)
    assert any(line.startswith("二.csv：产出（output），2026-03..2026-09，读取2行") for line in lines)
    lines = list(checked_lines(checked))
    assert any(line.startswith("一.csv: output (产出), 2026-10, 1 rows read") for line in lines)
    assert lines[-1].startswith("Total: 2 files, 2 sheets, 3 rows read")
    printed = checked_as_json(checked)
    assert [one["period"] for one in printed["submissions"]] == ["2026-10", "2026-03..2026-09"]
    assert printed["counts"]["problems_error"] == 0


def test_without_a_register_contradictions_are_still_told(tmp_path: Path) -> None:
    rows = [("", "某甲公司", "2026年10月", 1), ("", "某甲公司", "2026年10月", 2), ("", "某乙公司", "2026年10月", 2)]
    checked = check_paths([write(tmp_path / "税收.csv", [HEAD, *rows])])
    assert checked.problems["rule"].to_list() == ["conflict", "conflict"]
    assert set(checked.problems["name"]) == {"某甲公司"}
    assert checked.problems["uscc"].null_count() == 2
    assert checked.enterprises == 0
