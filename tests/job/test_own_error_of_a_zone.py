"""Returns sent again, through `efficiency run`: the spread of what was wrong is found, used, said and kept."""

import math
import re
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import openpyxl
import pytest
from builders.small_inbox import CODES, LEDGER, PERIOD, small_inbox, write
from conftest import efficiency

HEAD = ("统一社会信用代码", "所属期", "营业收入(万元)", "实缴税金(万元)")
MONTHS = [f"2026年{month}月" for month in range(1, 11)]
TRUE = {(code, month): (1000 + 50 * i, 30 + 3 * i) for i, code in enumerate(CODES) for month in MONTHS}


def run(folder: Path, *more: str) -> None:
    efficiency(
        "run", "--inbox", folder / "inbox", "--period", PERIOD, "--warehouse", folder / "w.duckdb", "--output",
        folder / "output", *more, cwd=folder,
    )  # fmt: skip


def monthly(folder: Path, name: str, error: float, seed: int = 5) -> None:
    """The tax office's months of all enterprises, each figure off by `error` (relative standard deviation)."""
    dice = Random(seed)
    write(
        folder / "inbox" / "税务局" / name,
        [HEAD, *((*key, *(v * math.exp(dice.gauss(0, error)) for v in true)) for key, true in TRUE.items())],
    )


def asked(folder: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(folder / "w.duckdb"), read_only=True) as connection:
        return connection.sql(query).fetchall()


CURRENT = "evaluation_id IN (SELECT evaluation_id FROM results.evaluations WHERE current)"
ERRORS = f"SELECT measure, cases, changed, set_aside, sd, used, source FROM results.data_errors WHERE {CURRENT}"


@pytest.fixture(scope="module")
def zone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month that was run before and after the tax office sent its figures again, mended."""
    folder = tmp_path_factory.mktemp("zone")
    small_inbox(folder / "inbox")
    monthly(folder, "月报_初报.csv", 0.05)
    run(folder)
    monthly(folder, "月报_终报.csv", 0.0)
    run(folder)
    return folder


def test_errors_of_5_percent_that_were_sent_again_are_found_and_used(zone: Path) -> None:
    rows = {name: row for name, *row in asked(zone, f"{ERRORS} AND department = '税务局'")}
    assert rows.keys() == {"revenue", "tax"}
    for cases, changed, aside, sd, used, source in rows.values():
        assert (cases, changed, aside) == (140, 140, 0)
        assert sd == pytest.approx(0.05, abs=0.01)
        assert (used, source) == (sd, "own")
    others = asked(zone, f"{ERRORS} AND department = '全部' AND measure NOT IN ('revenue', 'tax')")
    assert {(row[1], row[4], row[5], row[6]) for row in others} == {(0, None, 0.05, "policy")}


def test_the_same_inputs_add_no_evaluation_and_another_history_is_another_input(zone: Path) -> None:
    before = asked(zone, "SELECT evaluation_id, inputs_sha256 FROM results.evaluations ORDER BY created_at")
    assert len({digest for _, digest in before}) == 2
    run(zone)
    assert asked(zone, "SELECT evaluation_id, inputs_sha256 FROM results.evaluations ORDER BY created_at") == before
    assert asked(
        zone, "SELECT count(*) FROM results.data_errors d ANTI JOIN results.evaluations USING (evaluation_id)"
    )[0] == (0,)


def test_every_rank_lies_in_its_interval(zone: Path) -> None:
    ranks = asked(zone, f"SELECT rank_low, rank, rank_high FROM results.scores WHERE rank IS NOT NULL AND {CURRENT}")
    assert len(ranks) == len(CODES)
    assert all(low <= rank <= high <= len(CODES) for low, rank, high in ranks)
    assert any(low < high for low, _, high in ranks)
    assert asked(zone, f"SELECT rank_low, rank_high FROM tiers WHERE {CURRENT}")


def test_the_workbook_says_which_error_was_used_and_the_reissued_one_says_the_same(zone: Path) -> None:
    path = zone / "output" / PERIOD / f"能耗产出效益评价_{PERIOD}.xlsx"
    sheet = openpyxl.load_workbook(path)["方法说明"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    (head,) = [number for number, row in enumerate(rows) if row[:2] == ["指标项", "部门"]]
    said = {row[0]: row[1:8] for row in rows[head + 1 : head + 3]}
    assert said["实缴税金"][:4] == ["全部", 140, 140, 0]
    assert said["实缴税金"][-1] == "本区历史"
    assert "用地面积" not in said
    text = "\n".join(str(value) for row in rows for value in row if value)
    assert "可比且有改动的少于30笔的" in text
    assert re.search("没有可比记录、按办法测算的：.*用地面积", text)
    assert "等级稳健度(权重与数据误差)" in text
    assert "名次区间(90%)" in text
    (chosen,) = [row[0] for row in asked(zone, "SELECT evaluation_id FROM results.evaluations WHERE current")]
    efficiency("reissue", chosen, "--warehouse", zone / "w.duckdb", "--output", zone / "again", cwd=zone)
    again = zone / "again" / PERIOD
    for file in again.iterdir():
        assert file.read_bytes() == (zone / "output" / PERIOD / file.name).read_bytes(), file.name


def test_the_audit_makes_the_same_errors_of_the_same_history(zone: Path) -> None:
    told = efficiency("audit", "--warehouse", zone / "w.duckdb", "--all", cwd=zone).stdout
    assert "data_errors" in told


def test_an_earlier_evaluation_without_errors_and_intervals_is_still_read(zone: Path, tmp_path: Path) -> None:
    """As published by a version before: no table, no columns."""
    old = tmp_path / "w.duckdb"
    old.write_bytes((zone / "w.duckdb").read_bytes())
    with duckdb.connect(str(old)) as connection:
        for (view,) in connection.sql("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
            connection.execute(f'DROP VIEW "{view}"')
        connection.execute("DROP TABLE results.data_errors")
        connection.execute("ALTER TABLE results.scores DROP COLUMN rank_low")
        connection.execute("ALTER TABLE results.scores DROP COLUMN rank_high")
        ((chosen,),) = connection.sql("SELECT evaluation_id FROM results.evaluations WHERE current").fetchall()
    efficiency("reissue", chosen, "--warehouse", old, "--output", tmp_path / "again", cwd=tmp_path)
    found = openpyxl.load_workbook(tmp_path / "again" / PERIOD / f"能耗产出效益评价_{PERIOD}.xlsx")
    heads = [cell.value for row in found["全部分级"].iter_rows(max_row=6) for cell in row]
    assert "名次" in heads
    assert not [head for head in heads if head and "名次区间" in str(head)]
    told = efficiency("explain", CODES[0], "--period", PERIOD, "--warehouse", old, cwd=tmp_path).stdout
    assert "把握在第" not in told


def test_an_approved_correction_is_a_case_and_what_it_carries_is_none(tmp_path: Path) -> None:
    small_inbox(tmp_path / "inbox")
    monthly(tmp_path, "月报.csv", 0.0)
    rows = [
        (CODES[i], "2026年3月", "实缴税金", "", (30 + 3 * i) * 1.02, "核定", "王局", "2026-11-02") for i in range(8)
    ]
    write(tmp_path / "inbox" / "更正.csv", [LEDGER, *rows])
    run(tmp_path)
    (found,) = asked(tmp_path, f"{ERRORS} AND measure = 'tax' AND department = '全部'")
    assert found[1:4] == (8, 8, 0)
    assert found[4] == pytest.approx(math.log(1.02))
    assert found[5:] == (0.05, "policy")
