"""However many partitions a province is resolved in, and wherever its rows are meanwhile, the results are the same."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from builders import small_inbox
from builders.stated import CODES, NAMES, Sheet, problem_cells, resolved
from builders.stated import month as month_of
from conftest import INBOX
from polars.testing import assert_frame_equal

from efficiency.errors import EfficiencyError
from efficiency.intake.resolution import unbalanced
from efficiency.job.contracts import RunContext, RunRequest, silent
from efficiency.job.execution import partition_count
from efficiency.job.ingest import ingest
from efficiency.job.outputs import publish, report, staged_outputs
from efficiency.job.run import Steps, begin, evaluate_in_turn, validate
from efficiency.partitions import BOUNDS, Chunks, ParquetChunk, Partitions, one_partition, spill, spill_by
from efficiency.review.audit import audit
from efficiency.review.compare import compare_policies
from efficiency.review.objections import objection
from efficiency.review.reissue import reissue
from efficiency.warehouse.publish import publish as publish_warehouse
from efficiency.warehouse.read import load, load_in_order
from efficiency.warehouse.schema import TABLES, Contents, tables
from efficiency.warehouse.staging import clear_leftovers, scratch_folder
from schemas import FACTS, STATED

readers = import_module("efficiency.job.execution.reading")

OCTOBER = date(2026, 10, 1)
BEGUN = datetime(2026, 11, 23, 8, tzinfo=UTC)
LIKE_NO_OTHER = {"started", "finished", "operator", "command", "log_sha256"}
"""What two runs on the same files differ in."""


def few_in_memory(monkeypatch: pytest.MonkeyPatch, rows: int) -> None:
    """Bounds that are for millions of rows, made small: so many `rows` are resolved together, and half of them held."""
    monkeypatch.setattr(BOUNDS, "resolved", rows)
    monkeypatch.setattr(BOUNDS, "held", rows // 2)
    monkeypatch.setattr(BOUNDS, "held_of_file", rows // 10)


SMALL = 60
"""Rows that are resolved together, of the 140 that fourteen enterprises state."""


def begun(request: RunRequest, run_id: str) -> RunContext:
    """The run that answers `request`, with an id and a time that another one can have too."""
    return replace(begin(request), run_id=run_id, started=BEGUN, operator="nobody")


def published(request: RunRequest, run_id: str) -> dict[str, pl.DataFrame]:
    """Every table that the month leaves, in the order of the file; no reports are written."""
    run = begun(request, run_id)
    validated = validate(run, ingest(run))
    evaluations = evaluate_in_turn(run, validated, Steps(), silent)
    with staged_outputs(run, validated) as staged:
        report(run, validated, evaluations, staged)
        publish(staged)
    with duckdb.connect(request.warehouse, read_only=True) as connection:
        return {name: connection.sql(f"SELECT * FROM {name}").pl() for name in TABLES}


@pytest.fixture
def without_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """No reports: they are made from the published results, which are compared."""
    monkeypatch.setattr("efficiency.job.outputs._write_reports", lambda *_: None)


def same(tables_: dict[str, pl.DataFrame], expected: dict[str, pl.DataFrame]) -> None:
    for name, frame in expected.items():
        columns = [column for column in frame.columns if column not in LIKE_NO_OTHER]
        assert_frame_equal(tables_[name].select(columns), frame.select(columns), check_exact=True)


@pytest.mark.long
@pytest.mark.usefixtures("without_reports")
def test_the_sample_with_its_mistakes_is_the_same_in_any_number_of_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = RunRequest(INBOX, ("2026-10",), "zibo-jkq", tmp_path / "1" / "w.duckdb", tmp_path)
    whole = published(request, "run")
    output, corrected = whole[FACTS["output"].qualified], whole[FACTS["corrections"].qualified]
    assert output["superseded"].any(), "nothing was sent again"
    assert corrected.height, "nothing was corrected"
    assert whole["intake.problems"]["rule"].n_unique() > 10
    for rows, count in ((50_000, 2), (17_000, 5)):
        with monkeypatch.context() as bounds:
            few_in_memory(bounds, rows)
            assert partition_count(sum(whole[table.qualified].height for table in STATED.values())) == count
            divided = published(replace(request, warehouse=tmp_path / str(rows) / "w.duckdb"), "run")
        same(divided, whole)


@pytest.mark.long
@pytest.mark.usefixtures("without_reports")
def test_what_earlier_runs_left_is_divided_like_what_is_new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = small_inbox.small_inbox(tmp_path / "inbox")
    orders = [
        RunRequest(folder, ("2026-10",), "zibo-jkq", tmp_path / name / "w.duckdb", tmp_path) for name in ("a", "b")
    ]
    expected: dict[str, pl.DataFrame] = {}
    for round_ in ("first", "second"):
        if round_ == "second":
            rows = [(small_inbox.CODES[0], "2026年1-10月", 5000), (small_inbox.CODES[3], "2026年1-10月", 7000)]
            small_inbox.write(folder / "产出" / "补报.csv", [("统一社会信用代码", "所属期", "实缴税金(万元)"), *rows])
            small_inbox.ledger(
                folder / "更正.csv",
                (small_inbox.CODES[1], "2026年1-10月", "实缴税金", 230, 999, "申诉", "李四", "2026-11-20"),
                (small_inbox.CODES[2], "2026年1-10月", "电力", 60, 77, "申诉", "李四", "2026-11-20"),
            )
        expected = published(orders[0], round_)
        with monkeypatch.context() as bounds:
            few_in_memory(bounds, SMALL)
            same(published(orders[1], round_), expected)
    assert expected[FACTS["output"].qualified]["superseded"].any()
    assert expected["results.movements"].is_empty()
    assert expected["results.evaluations"].height == 2


@pytest.mark.long
def test_what_reads_the_warehouse_again_comes_to_the_same_in_partitions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Audit, reissue, objection and compare: in memory and in several partitions."""
    inbox_folder = small_inbox.small_inbox(tmp_path / "inbox")
    small_inbox.ledger(
        inbox_folder / "更正.csv",
        (small_inbox.CODES[1], "2026年1-10月", "实缴税金", small_inbox.tax(1, 10), 999, "申诉", "李四", "2026-11-20"),
    )
    small_inbox.run(tmp_path)
    asked = small_inbox.ledger(
        tmp_path / "申诉.csv",
        (small_inbox.CODES[2], "2026年1-10月", "电力", 60, 77, "抄表", "", ""),
        (small_inbox.CODES[9], "2026年1-10月", "实缴税金", small_inbox.tax(9, 10), 1, "申诉", "", ""),
    )
    warehouse = tmp_path / "warehouse" / "efficiency.duckdb"
    (evaluation,) = load(warehouse)["results.evaluations"]["evaluation_id"]

    def looked_again(name: str) -> tuple[Any, ...]:
        issued = reissue(evaluation, warehouse, tmp_path / name)
        trial = objection(asked, small_inbox.PERIOD, warehouse)
        compared = compare_policies(small_inbox.PERIOD, ("zibo-jkq", "changle-2023"), warehouse).comparison
        return (
            list(audit(warehouse, every=True)),
            [path.read_bytes() for path in issued.files],
            [trial.asked.rows(), trial.problems.rows(), trial.enterprises.rows(), trial.renewed],
            [compared.enterprises.rows(), compared.parts.rows(), compared.lists.rows()],
        )

    whole = looked_again("whole")
    assert all(finding.holds for finding in whole[0])
    few_in_memory(monkeypatch, SMALL)
    assert looked_again("partitions") == whole
    assert [path.name for path in warehouse.parent.iterdir()] == ["efficiency.duckdb", "versions"]

    with duckdb.connect(warehouse) as connection:
        last = max(small_inbox.CODES)
        connection.execute(f"UPDATE facts.output SET tax = tax + 1 WHERE uscc = '{last}'")
        connection.execute(f"DELETE FROM facts.land WHERE uscc = '{small_inbox.CODES[0]}'")
    altered = {finding.subject: finding.detail for finding in audit(warehouse) if not finding.holds}
    assert set(altered) == {"facts.output", "facts.land"}
    assert last in altered["facts.output"]
    assert altered["facts.land"].startswith("13 rows are published; computed again there are 14")


def test_a_register_line_that_completes_another_is_one_row_in_any_partition() -> None:
    """It is superseded in its partition and accepted for what it lent; of a row only the better of both may count."""
    code = CODES["A"]
    register = Sheet(
        "register",
        [{"uscc": code, "name": NAMES["A"], "town": "南定镇"}, {"uscc": code, "name": NAMES["A"], "industry": "3071"}],
        id="register",
    )
    result = resolved(register, Sheet("output", [{"uscc": code, **month_of(2026, 1), "tax": 1.0}], id="tax"))
    assert len(problem_cells(result, "completed_figure")) == 1
    assert unbalanced(result.submissions).is_empty()
    assert result.submissions["rows_accepted"].to_list() == [2, 1]


def test_without_a_register_everybody_is_unknown_in_any_partition(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_inbox.small_inbox(tmp_path / "inbox")
    (tmp_path / "inbox" / "名录.csv").unlink()
    request = RunRequest(tmp_path / "inbox", ("2026-10",), "zibo-jkq", tmp_path / "w.duckdb", tmp_path)
    run = begun(request, "run")
    whole = validate(run, ingest(run)).resolved
    few_in_memory(monkeypatch, SMALL)
    divided = validate(run, ingest(run)).resolved
    assert_frame_equal(divided.problems, whole.problems)
    assert_frame_equal(divided.submissions, whole.submissions)
    assert whole.problems.filter(rule="enterprise_unknown").height == small_inbox.COUNT * 7


def test_a_run_leaves_no_scratch_however_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_in_memory(monkeypatch, SMALL)
    small_inbox.small_inbox(tmp_path / "inbox")
    seen: list[bool] = []

    def fails(*_: object) -> None:
        seen.append(scratch_folder(tmp_path / "warehouse" / "efficiency.duckdb").is_dir())
        raise EfficiencyError("no")

    monkeypatch.setattr("efficiency.job.run.succession", fails)
    with pytest.raises(EfficiencyError, match="no"):
        small_inbox.run(tmp_path)
    assert seen == [True]
    assert not list((tmp_path / "warehouse").glob("*.staging-*"))


def test_the_scratch_of_a_run_at_work_is_not_taken_for_a_leftover(tmp_path: Path) -> None:
    warehouse = tmp_path / "w.duckdb"
    scratch_folder(warehouse).mkdir()
    dead = tmp_path / scratch_folder(warehouse).name.replace(str(os.getpid()), "999999999")
    dead.mkdir()
    clear_leftovers(warehouse)
    assert scratch_folder(warehouse).is_dir()
    assert not dead.exists()


def numbered(first: int, last: int) -> pl.DataFrame:
    return pl.DataFrame({"number": range(first, last)}, schema={"number": pl.Int64})


def test_chunks_are_their_rows_in_order_in_memory_and_spilled(tmp_path: Path) -> None:
    mixed = Chunks(numbered(0, 0), (numbered(0, 4), spill(numbered(4, 9), tmp_path), numbered(9, 10), numbered(10, 12)))
    for some in (mixed, mixed.spill(tmp_path)):
        assert some.height == 12
        assert some.whole().equals(numbered(0, 12))
        assert some.whole(without=["number"]).columns == []
        assert some.lazy().collect().equals(numbered(0, 12))
    assert not mixed.in_memory
    assert mixed.held == 7
    spilled = mixed.spill(tmp_path).parts
    assert [part.height for part in spilled if isinstance(part, ParquetChunk)] == [4, 5, 3]


def test_rows_are_spilled_by_a_key_in_their_order(tmp_path: Path) -> None:
    """More than a row group, so that several threads write."""
    rows = numbered(0, 300_000).with_columns(pl.col("number").hash(1).mod(3).mul(2).cast(pl.UInt16).alias("key"))
    files = spill_by(rows.lazy(), "key", tmp_path)
    assert sorted(files) == [0, 2, 4]
    for key, chunk in files.items():
        own = rows.filter(pl.col("key") == key).drop("key")
        assert chunk.height == own.height
        assert chunk.lazy().collect().equals(own)


def test_facts_in_memory_are_one_partition() -> None:
    facts = {"energy": numbered(0, 3)}
    parts = one_partition(facts)
    assert [frames["energy"].height for frames in parts.frames()] == [3]
    assert Partitions(parts.parts * 2).table("energy").height == 6


def test_a_spilled_table_is_written_in_the_order_of_the_whole(tmp_path: Path) -> None:
    """Sheets are scattered over files, as they are read; the rows of one sheet may even be in two."""
    table = STATED["output"]
    rows = pl.concat(
        table.conform(
            pl.DataFrame(
                {
                    "submission_id": [sheet] * 4,
                    "sheet": [""] * 4,
                    "row": range(start, start + 4),
                    "block": [0] * 4,
                    "span_start": [OCTOBER] * 4,
                    "span_end": [OCTOBER] * 4,
                }
            )
        )
        for sheet, start in (("b", 2), ("a", 6), ("c", 2), ("a", 2), ("b", 6))
    )
    name = table.qualified
    scattered = Chunks(table.empty(), tuple(spill(rows[start : start + 7], tmp_path) for start in range(0, 20, 7)))
    publish_warehouse(tmp_path / "whole.duckdb", Contents({name: rows}))
    for at_once in (1, 5, 100):
        contents = Contents({name: scattered})
        assert pl.concat(contents.in_order(name, at_once)).equals(tables.in_order(table, rows))
        assert max(part.height for part in contents.in_order(name, at_once)) <= at_once
    publish_warehouse(tmp_path / "spilled.duckdb", Contents({name: scattered}))
    whole, again = load(tmp_path / "whole.duckdb"), load(tmp_path / "spilled.duckdb")
    assert whole is not None
    assert again is not None
    assert again[name].equals(whole[name])
    for size, heights in ((5, [8, 8, 4]), (20, [20])):
        parts = [part for _, part in load_in_order(tmp_path / "spilled.duckdb", [table], size)]
        assert pl.concat(parts).equals(whole[name])
        assert [part.height for part in parts] == heights
    assert list(load_in_order(tmp_path / "absent.duckdb", [table], 5)) == []


def test_rows_half_in_memory_are_not_half_published(tmp_path: Path) -> None:
    table = STATED["output"]
    row = table.conform(pl.DataFrame({"submission_id": ["a"], "sheet": [""], "row": [2], "block": [0]}))
    contents = Contents({table.qualified: Chunks(table.empty(), (row, spill(row, tmp_path)))})
    with pytest.raises(ValueError, match="not both"):
        list(contents.in_order(table.qualified, 10))


def test_a_full_disk_ends_the_run_in_plain_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few_in_memory(monkeypatch, SMALL)
    small_inbox.small_inbox(tmp_path / "inbox")

    def full(*_: object, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", full)
    with pytest.raises(EfficiencyError, match=r"cannot be written .*No space left on device.*To do: free some space"):
        small_inbox.run(tmp_path)
    assert not list((tmp_path / "warehouse").glob("*.staging-*"))
