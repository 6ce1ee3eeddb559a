"""Kinds of one energy carrier (92# and 95# petrol) add up, each from its cell; a whole beside its kinds does not."""

from datetime import date
from typing import Any

import pytest
from builders.sent import A, B, cells, sent, told, totals
from builders.sheets import Rows
from builders.stated import Resolved
from hypothesis import given
from hypothesis import strategies as st

from efficiency.reference.tables import carrier_aliases, carrier_kinds, normalise_name

HEAD = ["企业名称", "能源名称", "计量单位", "消费量"]
PETROL = ["92#汽油", "95#汽油", "98号汽油", "汽油(89#)"]


def long(*rows: list[Any], head: list[str] = HEAD) -> Resolved:
    return sent([["2026年1月能源消费"], head, *rows])


def petrol(result: Resolved) -> list[tuple[Any, ...]]:
    return list(cells(result, "energy", "part", "consumption", "row"))


@given(names=st.lists(st.sampled_from(PETROL), min_size=2, unique=True), figure=st.integers(1, 9), equal=st.booleans())
def test_rows_of_kinds_of_a_carrier_add_up_each_with_its_cell(names: list[str], figure: int, equal: bool) -> None:
    figures = [figure if equal else figure + at for at in range(len(names))]
    result = long(*([A, name, "吨", value] for name, value in zip(names, figures, strict=True)))
    assert told(result) == []
    kinds = [carrier_kinds()[normalise_name(name)] for name in names]
    assert petrol(result) == [
        (kind, value, 3 + at) for at, (kind, value) in enumerate(zip(kinds, figures, strict=True))
    ]


def test_their_energy_is_the_sum_and_a_total_of_the_carrier_is_checked() -> None:
    rows = [[A, "0#柴油", "吨", 3], [A, "-10号柴油", "千克", 4000], [A, "电力", "万千瓦时", 1]]
    result = long(*rows, ["合计", "柴油", "吨", 7])
    assert told(result) == []
    assert totals(result, "energy", date(2026, 1, 1))[0] == pytest.approx(7 * 1.4571 + 1.229)
    assert told(long(*rows, ["合计", "柴油", "吨", 8])) == [("1.xlsx", "D6", "control_total")]


@pytest.mark.parametrize("whole", [2, 7, 9])
def test_the_carrier_beside_its_kinds_is_not_added_to_them(whole: int) -> None:
    result = long([A, "汽油", "吨", whole], [A, "92#汽油", "吨", 3], [A, "95#汽油", "吨", 4])
    assert told(result) == [("1.xlsx", cell, "conflict") for cell in ("D3", "D4", "D5")]
    assert [value for _, value, _ in petrol(result)] == [None]


def test_kinds_within_the_carrier_are_told_as_that() -> None:
    result = long([A, "汽油", "吨", 7], [A, "其中：92#汽油", "吨", 3], [A, "95#汽油", "吨", 4], [B, "92#汽油", "吨", 1])
    assert told(result) == [("1.xlsx", "A4", "part_within"), ("1.xlsx", "A5", "part_within")]
    assert cells(result, "energy", "consumption") == [(7,), (1,)]


def test_kinds_without_their_whole_are_not_left_out() -> None:
    result = long([A, "其中：92#汽油", "吨", 3], [A, "电力", "万千瓦时", 4])
    assert [rule for _, _, rule in told(result)] == ["carrier_unknown"]


def test_one_kind_twice_is_no_kind_beside_another() -> None:
    unlike = long([A, "92#汽油", "吨", 3], [A, "92号汽油", "吨", 4])
    assert [rule for _, _, rule in told(unlike)] == ["conflict", "conflict"]
    equal = long([A, "92#汽油", "吨", 3], [A, "92号汽油", "吨", 3])
    assert told(equal) == [("1.xlsx", "D4", "repeated_figure")]
    names = long([A, "电", "万千瓦时", 3], [A, "外购电力", "万千瓦时", 4])
    assert [rule for _, _, rule in told(names)] == ["conflict", "conflict"]


def test_heat_and_steam_add_up_with_a_warning_and_are_one_where_they_are_equal() -> None:
    unlike = long([A, "热力", "百万千焦", 3], [A, "蒸汽", "百万千焦", 4])
    assert told(unlike) == [("1.xlsx", "B3", "kinds_added")]
    assert petrol(unlike) == [("热力", 3, 3), ("蒸汽", 4, 4)]
    equal = long([A, "热力", "百万千焦", 3], [A, "蒸汽", "百万千焦", 3])
    assert told(equal) == [("1.xlsx", "D4", "repeated_figure")]
    water = long([A, "蒸汽", "百万千焦", 3], [A, "热水", "百万千焦", 3])
    assert told(water) == []
    assert petrol(water) == [("蒸汽", 3, 3), ("热水", 3, 4)]


def test_columns_of_kinds_add_up_and_those_of_a_whole_beside_one_are_refused() -> None:
    result = sent([["2026年1月"], ["企业名称", "92#汽油(吨)", "95#汽油(千克)", "电力(万千瓦时)"], [A, 3, 4000, 5]])
    assert told(result) == []
    assert cells(result, "energy", "carrier", "part", "consumption") == [
        ("汽油", "92#汽油", 3),
        ("汽油", "95#汽油", 4),
        ("电力", None, 5),
    ]
    for other in ("汽油(吨)", "92号汽油(吨)"):
        beside = sent([["2026年1月"], ["企业名称", "92#汽油(吨)", other], [A, 3, 4]])
        assert {rule for _, _, rule in told(beside)} == {"header_duplicate"}


def test_columns_of_kinds_by_month_and_by_meter_keep_apart() -> None:
    months: Rows = [
        ["企业名称", "92#汽油(吨)", None, "95#汽油(吨)", None],
        [None, "1月", "2月", "1月", "2月"],
        [A, 3, 4, 5, 6],
    ]
    result = sent([["2026年"], *months])
    assert told(result) == []
    assert sorted(cells(result, "energy", "part", "consumption")) == [
        *(("92#汽油", value) for value in (3, 4)),
        *(("95#汽油", value) for value in (5, 6)),
    ]
    meters = sent([["2026年1月"], ["企业名称", "户号", "92#汽油(吨)", "95#汽油(吨)"], [A, "1", 3, 4], [A, "2", 5, 6]])
    assert told(meters) == []
    assert sum(value for _, value, _ in petrol(meters)) == 18


def test_a_part_that_cannot_be_read_leaves_the_carrier_unknown() -> None:
    result = sent([["2026年1月"], ["企业名称", "92#汽油(吨)", "95#汽油(吨)"], [A, 3, "约4"], [B, 1, None]])
    assert [rule for _, _, rule in told(result)] == ["not_a_number"]
    assert totals(result, "energy", date(2026, 1, 1))[:2] == [None, pytest.approx(1.4714)]


def test_every_kind_is_a_name_of_its_carrier() -> None:
    assert set(carrier_kinds()) <= set(carrier_aliases())
    assert {carrier_aliases()[alias] for alias in carrier_kinds()} == {"汽油", "柴油", "热力"}
