"""Several tables of one sheet: none of their rows is lost between them, and what they state is compared as of one."""

from typing import Any

import polars as pl
import pytest
from builders.sent import A, B, C, cells, sent, told, totals
from builders.sheets import Rows

ENERGY = ["企业名称", "能源名称", "计量单位", "消费量"]
METERS = ["企业名称", "户号", "用电量(万千瓦时)"]
TAX = ["企业名称", "实缴税金(万元)"]
MONTH = ["2026年10月"]


def test_the_last_row_above_another_table_is_no_heading_of_its_columns() -> None:
    first: Rows = [MONTH, ENERGY, [A, "电力", "万千瓦时", 5], [A, "原煤", "吨", 6], [B, "原煤", "吨", 7]]
    gaps: list[Rows] = [[], [[]], [["2026年9月"]]]
    for between in gaps:
        result = sent([*first, *between, ENERGY, [C, "电力", "万千瓦时", 8]])
        assert told(result) == []
        assert [cell[0] for cell in cells(result, "energy", "consumption")] == [5, 6, 7, 8]


def test_two_tables_that_state_unlike_figures_conflict() -> None:
    rows: Rows = [MONTH, [*TAX, None, *TAX], [A, 10, None, B, 11], [B, 13, None, C, 12]]
    side_by_side = sent(rows)
    assert told(side_by_side) == [("1.xlsx", "B4", "conflict"), ("1.xlsx", "E3", "conflict")]
    assert cells(side_by_side, "output", "tax") == [(10,), (12,)]
    in_yuan: Rows = [[*MONTH, "单位:元"], ["企业名称", "实缴税金"], [A, 110000], [B, 110000]]
    below = sent([MONTH, TAX, [A, 10], [], *in_yuan])
    assert told(below) == [("1.xlsx", "B3", "conflict"), ("1.xlsx", "B7", "conflict")]
    assert cells(below, "output", "tax") == [(11,)]


def test_two_tables_that_state_equal_figures_repeat_them() -> None:
    rows: Rows = [MONTH, [*TAX, None, *TAX], [A, 10, None, A, 10]]
    result = sent(rows)
    assert told(result) == [("1.xlsx", "E3", "repeated_figure")]
    assert cells(result, "output", "tax") == [(10,)]


def test_parts_in_two_tables_are_added() -> None:
    rows: Rows = [MONTH, [*METERS, None, *METERS], [A, "1", 5, None, A, "2", 6], [A, "3", 1, None, A, "4", 2]]
    result = sent(rows)
    assert told(result) == []
    assert cells(result, "energy", "part", "consumption") == [("1", 5), ("3", 1), ("2", 6), ("4", 2)]


def test_a_table_of_wholes_beside_one_of_their_parts_is_not_added() -> None:
    def both(whole: int) -> Rows:
        return [
            MONTH,
            ["企业名称", "用电量(万千瓦时)", None, *METERS],
            [A, whole, None, A, "1", 5],
            [*[None] * 3, A, "2", 6],
        ]

    agreed, unlike = sent(both(11)), sent(both(12))
    assert told(agreed) == [("1.xlsx", "B3", "whole_beside_parts")]
    assert [cell[0] for cell in cells(agreed, "energy", "consumption")] == [5, 6]
    assert told(unlike) == [("1.xlsx", cell, "conflict") for cell in ("B3", "F3", "F4")]


def test_two_sheets_are_two_submissions() -> None:
    result = sent([MONTH, TAX, [A, 10]], [MONTH, TAX, [A, 11]])
    assert told(result) == []
    assert cells(result, "output", "tax") == [(11,)]


@pytest.mark.parametrize(
    ("sheet", "where"),
    [
        (
            [
                ["单位:亩"],
                ["企业名称", "登记用地面积", "租入面积"],
                [A, 20, 3],
                [B, 30, None],
                [],
                ["企业名称", "登记用地面积", "租出面积", "闲置面积"],
                [A, 20, 1, 2],
            ],
            [(3, None, 3, None), (7, 20, None, 2)],
        ),
        (
            [
                ["单位:亩"],
                ["企业名称", "登记用地面积", "租入面积", "闲置面积"],
                [A, 20, 3, None],
                [A, 20, None, 2],
                [A, None, None, 2],
            ],
            [(3, 20, 3, None), (4, None, None, 2)],
        ),
        (
            [
                ["单位:亩"],
                ["企业名称", "登记用地面积", None, "企业名称", "登记用地面积", "闲置面积"],
                [A, 20, None, A, None, 2],
            ],
            [(3, None, None, 2), (3, 20, None, None)],
        ),
    ],
    ids=["two tables", "one table", "side by side"],
)
def test_figures_of_one_enterprise_s_land_stand_in_their_own_rows_wherever_they_complete_one_another(
    sheet: Rows, where: list[tuple[Any, ...]]
) -> None:
    result = sent(sheet)
    counting = result.facts["land"].filter(~pl.col("superseded"), name=A)
    rows = counting.select("row", "owned", "leased_in", "idle").rows()
    assert sorted(rows, key=lambda row: (row[0], row[1] is not None)) == where
    assert counting["part"].n_unique() == 2
    assert totals(result, "land_owned")[0] == 20
    assert totals(result, "land_idle")[0] == 2


def test_a_table_of_wholes_beside_one_of_their_parts_is_a_note_where_they_agree() -> None:
    kinds: Rows = [MONTH, ["企业名称", "税种", "实缴税金(万元)"], [A, "增值税", 4], [A, "所得税", 6], [B, "增值税", 7]]
    agreeing = sent([*kinds, [], TAX, [A, 10], [B, 7]])
    assert {rule for _, _, rule in told(agreeing)} == {"whole_beside_parts"}
    assert set(agreeing.problems.filter(rule="whole_beside_parts")["severity"]) == {"note"}
    assert cells(agreeing, "output", "tax") == [(10,), (7,)]
    repeated = sent([*kinds, [], ["企业名称", "税种", "实缴税金(万元)"], [A, "增值税", 4], [A, "所得税", 6]])
    assert {rule for _, _, rule in told(repeated)} == {"repeated_figure"}


@pytest.mark.parametrize(
    ("rows", "rules"),
    [
        ([["张店镇", 30], [A, 10], [B, 20], ["南定镇", 5], [C, 5]], []),
        ([[A, 10], [B, 20], ["张店镇", 30], [C, 5], ["南定镇", 5]], []),
        ([["张店镇", 30], [A, 10], [B, 20], ["南定镇", 6], [C, 5]], ["control_total"]),
        ([["张店镇", 8], [A, 10], [B, 20], ["南定镇", 6], [C, 5]], ["enterprise_unknown"] * 2),
        ([["淄博工业园", 10], [A, 10]], ["enterprise_unknown"]),
    ],
    ids=["above", "below", "one is wrong", "no sums", "one row"],
)
def test_rows_of_towns_with_the_sums_of_their_enterprises_are_totals(rows: Rows, rules: list[str]) -> None:
    result = sent([MONTH, TAX, *rows])
    assert [rule for _, _, rule in told(result)] == rules
    assert sum(value for (value,) in cells(result, "output", "tax")) == sum(r[1] for r in rows if r[0] in (A, B, C))


def test_a_single_measure_of_enterprises_across_is_read() -> None:
    result = sent([["2026年10月(万元)"], ["企业名称", A, B], ["实缴税金", 1, 2]])
    assert told(result) == []
    assert cells(result, "output", "tax") == [(1,), (2,)]
