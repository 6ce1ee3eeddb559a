"""A dry run says beforehand what a run will change, and changes nothing itself."""

import json
from pathlib import Path
from typing import Any

import pytest
from builders.small_inbox import CODES, PERIOD, ledger, quick_policy, run, small_inbox, tax, warehouse, write
from conftest import efficiency

from efficiency.warehouse.read import existing

MONTH = ("run", "--inbox", "inbox", "--policy", "quick.toml")
ALL = "2026-09..2026-10"


def state(folder: Path) -> dict[str, tuple[int, bytes | None]]:
    """Time of the last change, and bytes, of everything below `folder`, itself included."""
    places = (folder, *folder.rglob("*"))
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None) for path in places}


def decided(folder: Path) -> dict[str, tuple[str | None, str | None]]:
    """Code → tier and list of the month as published."""
    contents = existing(warehouse(folder))
    evaluation = contents["results.evaluations"].filter("current", period=PERIOD)["evaluation_id"][0]
    rows = {name: contents[f"results.{name}"].filter(evaluation_id=evaluation) for name in ("scores", "candidates")}
    lists = dict(rows["candidates"].select("uscc", "list").iter_rows())
    return {code: (tier, lists.get(code)) for code, tier in rows["scores"].select("uscc", "tier").iter_rows()}


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month that ran, and files that came after it: a correction, and a sheet with a cell that is no figure."""
    folder = tmp_path_factory.mktemp("month")
    inbox = small_inbox(folder / "inbox")
    run(folder, ALL, policy=str(quick_policy(folder / "quick.toml")), reports=False)
    new = (CODES[3], "2026年1-10月", "实缴税金", tax(3, 10), tax(3, 10) * 20, "完税证明", "王局", "2026-11-06")
    ledger(inbox / "更正.csv", new)
    write(
        inbox / "产出" / "补报.csv",
        [("统一社会信用代码", "所属期", "实缴税金(万元)"), (CODES[5], "2026年1-10月", "abc")],
    )
    return folder


@pytest.fixture(scope="module")
def told(month: Path) -> tuple[dict[str, Any], str]:
    """What dry runs of the month print: as JSON, of two periods in words; nothing in the folder changes by them."""
    before = state(month)
    document = json.loads(efficiency(*MONTH, "--period", PERIOD, "--dry-run", "--json", cwd=month).stdout)
    words = efficiency(*MONTH, "--period", ALL, "--dry-run", cwd=month).stdout
    assert state(month) == before
    return document, words


def test_a_dry_run_tells_who_changes_and_the_run_does_that(month: Path, told: tuple[dict[str, Any], str]) -> None:
    document, _ = told
    before = decided(month)
    run(month, PERIOD, policy=str(month / "quick.toml"), reports=False)
    after = decided(month)
    assert {
        row["uscc"]: ((row["tier_before"], row["list_before"]), (row["tier_after"], row["list_after"]))
        for row in document["changes"]
    } == {code: (before[code], after[code]) for code in after if before[code] != after[code]}
    assert CODES[3] in {row["uscc"] for row in document["changes"]}
    assert document["changes"][0].keys() == {
        "uscc", "name", "tier_before", "tier_after", "list_before", "list_after"
    }  # fmt: skip
    assert document["evaluation_id"] in existing(warehouse(month))["results.evaluations"]["evaluation_id"]


def test_a_dry_run_names_new_problems_and_publishes_nothing(told: tuple[dict[str, Any], str]) -> None:
    document, words = told
    assert document["dry_run"] is True
    assert document["paths"]["files"] == []
    assert document["problem_changes"]["new"]["error"] == 1
    assert "error: 产出/补报.csv C2: " in words
    assert "Would be given back: 1 workbook" in words
    assert "Warehouse:" not in words
    assert words.splitlines()[-1].startswith("A dry run: nothing was published.")


def test_a_dry_run_of_a_range_tells_of_each_month(told: tuple[dict[str, Any], str]) -> None:
    _, words = told
    assert "Would change (2026-09): no tier and no list." in words
    assert f"Would change ({PERIOD}): " in words
    assert "淄博样例04陶瓷有限公司" in words


def test_where_nothing_is_published_a_dry_run_makes_neither_warehouse_nor_output(tmp_path: Path) -> None:
    small_inbox(tmp_path / "inbox")
    quick_policy(tmp_path / "quick.toml")
    printed = efficiency(*MONTH, "--period", PERIOD, "--dry-run", cwd=tmp_path).stdout
    assert f"Would change ({PERIOD}): nothing is published by quick yet" in printed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["inbox", "quick.toml"]


def test_a_dry_run_is_as_strict_as_the_run(month: Path) -> None:
    done = efficiency(*MONTH, "--period", PERIOD, "--dry-run", "--strict", cwd=month, check=False)
    assert done.returncode == 3
    assert "补报.csv (1)" in done.stderr


def test_a_dry_run_is_no_flow_run(tmp_path: Path) -> None:
    done = efficiency(*MONTH, "--period", PERIOD, "--dry-run", "--prefect", cwd=tmp_path, check=False)
    assert done.returncode == 2
    assert "Leave out --prefect" in done.stderr
