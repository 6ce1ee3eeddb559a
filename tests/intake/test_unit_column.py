"""A factor that fits most of a column is one error at its header, and the column does not count until it is mended."""

import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders.examples import examples
from builders.sent import REGISTER, sent, told
from builders.sheets import Rows
from builders.stated import Resolved
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.layout import MappingFile, load_mapping

NAMES = [row[1] for row in REGISTER[1:]]
"""Six enterprises."""


def power(month: int, factor: float = 1, of: int = len(NAMES), season: float = 1) -> Rows:
    """A month's electricity; the figures of the first `of` enterprises are in another unit by `factor`."""
    figures = [(10 + number + month / 10) * season * (factor if number < of else 1) for number in range(len(NAMES))]
    return [[f"2026年{month}月企业用电"], ["企业名称", "电力(万千瓦时)"], *map(list, zip(NAMES, figures, strict=True))]


def to_date(month: int, factor: float = 1) -> Rows:
    rows = [[name, (100 + number) * month * factor] for number, name in enumerate(NAMES)]
    return [[f"2026年1-{month}月"], ["企业名称", "营业收入(万元)"], *rows]


def known(result: Resolved) -> dict[int, int]:
    """Month → how many enterprises' electricity is known."""
    counting = result.facts["energy"].filter(~pl.col("superseded"))
    months = counting.group_by(pl.col("span_end").dt.month().alias("month")).agg(pl.col("consumption").count())
    return dict(months.sort("month").iter_rows())


def test_a_column_in_another_unit_is_one_error_at_its_header_and_does_not_count() -> None:
    result = sent(*[power(month) for month in range(1, 6)], power(6, 10_000))
    assert told(result) == [("6.xlsx", "B2", "unit_column")]
    text = result.problems.filter(rule="unit_column").row(0, named=True)
    assert (text["severity"], text["value"]) == ("error", "电力(万千瓦时)")
    assert "6 家企业中有 6 家约为以往的 10000 倍" in text["message"]
    assert known(result) == dict.fromkeys(range(1, 6), 6) | {6: 0}


def test_of_measures_down_it_is_told_where_the_measure_is_named() -> None:
    def down(month: int, factor: float = 1) -> Rows:
        rows: list[list[Any]] = [[f"2026年{month}月企业指标"], ["企业名称", "指标", "数值"]]
        for number, name in enumerate(NAMES):
            rows.append([name, "营业收入(万元)", 7.5])
            rows.append([name, "电力(万千瓦时)", (10 + number + month / 10) * factor])
        return rows

    result = sent(*[down(month) for month in range(1, 6)], down(6, 10_000))
    assert told(result) == [("6.xlsx", "B4", "unit_column")]
    assert result.problems.filter(rule="unit_column")["value"].item() == "电力(万千瓦时)"
    assert known(result) == dict.fromkeys(range(1, 6), 6) | {6: 0}


def test_it_does_not_replace_what_was_sent_before() -> None:
    result = sent(*[power(month) for month in range(1, 6)], power(5, 1_000))
    assert told(result) == [("6.xlsx", "B2", "unit_column")]
    assert result.facts["energy"]["consumption"].max() == 15.5


def test_the_order_of_arrival_makes_no_difference() -> None:
    sheets = [*(power(month) for month in range(1, 5)), power(5, 10_000), power(6)]
    counts = [known(sent(*some)) for some in (sheets, sheets[::-1])]
    assert counts == [{1: 6, 2: 6, 3: 6, 4: 6, 5: 0, 6: 6}] * 2


def test_five_enterprises_and_four_fifths_are_needed() -> None:
    past = [power(month) for month in range(1, 6)]
    assert told(sent(*past, power(6, 10_000, of=5))) == [("6.xlsx", "B2", "unit_column")]
    assert {rule for _, _, rule in told(sent(*past, power(6, 10_000, of=4)))} == {"unit_suspect"}


@pytest.mark.parametrize("mended", [[power(4, 10_000)], [power(1), power(2), power(3)]])
def test_either_side_mends_it(mended: list[Rows]) -> None:
    wrong = [power(1, 10_000), power(2, 10_000), power(3, 10_000), power(4)]
    assert told(sent(*wrong)) == [("4.xlsx", "B2", "unit_column")]
    result = sent(*wrong, *mended)
    assert told(result) == []
    assert known(result) == dict.fromkeys(range(1, 5), 6)


def test_a_season_is_no_factor_of_ten() -> None:
    result = sent(power(9, season=1), power(10, season=1), power(11, season=9))
    assert told(result) == []


def test_cumulative_columns_are_compared_by_month() -> None:
    assert told(sent(to_date(7), to_date(8), to_date(9), to_date(10))) == []
    assert told(sent(to_date(7), to_date(8), to_date(9, 10_000))) == [("3.xlsx", "B2", "unit_column")]


def test_twelve_columns_of_one_sheet_are_one_error() -> None:
    def series(year: int, factor: float = 1) -> Rows:
        head = ["企业名称", *(f"{month}月" for month in range(1, 11))]
        rows = [[name, *[(10 + number) * factor] * 10] for number, name in enumerate(NAMES)]
        return [[f"{year}年企业用电量(万千瓦时)"], head, *rows]

    result = sent(series(2025), series(2026, 10_000))
    assert told(result) == [("2.xlsx", "B2", "unit_column")]
    assert "等 10 列（电力）" in result.problems.filter(rule="unit_column")["message"].item()


def test_a_mapping_file_confirms_the_unit() -> None:
    text = """
        [[sheet]]
        file = "6.xlsx"
        form = "energy"
        header_row = 2
        period = "2026年6月"
        [[sheet.column]]
        header = "企业名称"
        field = "name"
        [[sheet.column]]
        header = "电力(万千瓦时)"
        field = "consumption"
        carrier = "电力"
    """
    past = [power(month) for month in range(1, 6)]
    assert told(sent(*past, power(6, 10_000), mapping=mapping(text))) == [("6.xlsx", "B2", "unit_column")]
    confirmed = sent(*past, power(6, 10_000), mapping=mapping(text + 'unit = "万千瓦时"'))
    assert told(confirmed) == []
    assert known(confirmed)[6] == 6


def mapping(text: str) -> MappingFile:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mapping.toml"
        path.write_text(text, encoding="utf-8")
        return load_mapping(path)


@examples(short=5, long=33)
@given(st.lists(st.sampled_from([1, 1, 1, 100, 10_000]), min_size=3, max_size=5), st.data())
def test_the_columns_of_the_first_month_s_unit_count_and_the_others_do_not(factors: list[int], data: Any) -> None:
    sheets = list(enumerate(factors, 1))
    result = sent(*[power(month, factor) for month, factor in data.draw(st.permutations(sheets))])
    assert {month for month, count in known(result).items() if count} == {m for m, f in sheets if f == factors[0]}


def land(factor: float = 1, unit: str = "亩", of: int = len(NAMES), leased: float = 3) -> Rows:
    figures = [(20 + 3 * number) * (factor if number < of else 1) for number in range(len(NAMES))]
    return [
        ["企业用地"],
        ["企业名称", f"登记用地面积({unit})", f"租入面积({unit})"],
        *([name, figure, leased] for name, figure in zip(NAMES, figures, strict=True)),
    ]


def plots(factor: float) -> Rows:
    rows = [[name, plot, (20 + 3 * number) / 2 * factor] for number, name in enumerate(NAMES) for plot in ("G1", "G2")]
    return [["企业用地"], ["企业名称", "宗地编号", "登记用地面积(亩)"], *rows]


def across(factor: float) -> Rows:
    return [
        ["用地(亩)"],
        ["指标", *NAMES],
        ["登记用地面积", *((20 + 3 * i) * factor for i in range(6))],
        ["租入面积", *[3] * 6],
    ]


def owned(result: Resolved) -> list[float]:
    return [
        value for (value,) in result.facts["land"].filter(~pl.col("superseded")).select("owned").sort("owned").rows()
    ]


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (land(2000 / 3, leased=2000), "约为以往的 666.67 倍，疑似整列计量单位有误，暂不计入。可能是以“平方米”填报的"),
        (land(2000 / 3, of=5), "6 家企业中有 5 家约为以往的 666.67 倍"),
        (land(unit="平方米"), "约为以往的 1/666.67 倍，疑似整列计量单位有误，暂不计入。可能是以“亩”填报的"),
        (land(unit="公顷"), "约为以往的 15 倍，疑似整列计量单位有误，暂不计入。可能是以“亩”填报的"),
        (land(10), "约为以往的 10 倍"),
        (plots(2000 / 3), "约为以往的 666.67 倍"),
        (across(2000 / 3), "约为以往的 666.67 倍"),
    ],
    ids=["m²", "most", "亩 as m²", "亩 as 公顷", "a slip of the point", "plots", "across"],
)
def test_areas_in_another_unit_than_before_are_one_error_and_what_stood_before_counts(sheet: Rows, words: str) -> None:
    result = sent(land(), sheet)
    assert [(file, rule) for file, _, rule in told(result)] == [("2.xlsx", "unit_column")]
    assert words in result.problems.filter(rule="unit_column")["message"].item()
    assert owned(result) == [20, 23, 26, 29, 32, 35]


def test_areas_that_grow_are_no_mistake_of_unit() -> None:
    result = sent(land(), land(3))
    assert told(result) == []
    assert owned(result) == [60, 69, 78, 87, 96, 105]


def test_the_first_areas_are_withheld_where_most_are_larger_than_any_site_and_give_way_to_right_ones() -> None:
    first = sent(land(2000 / 3))
    assert told(first) == [("1.xlsx", "B2", "unit_column")]
    assert "6 家企业中有 6 家大于 1000 亩" in first.problems.filter(rule="unit_column")["message"].item()
    assert owned(first) == []
    mended = sent(land(2000 / 3), land())
    assert told(mended) == [("1.xlsx", "B2", "unit_column")]
    assert owned(mended) == [20, 23, 26, 29, 32, 35]


def test_large_areas_that_may_be_right_are_a_warning_and_count() -> None:
    result = sent(land(60))
    assert told(result) == [("1.xlsx", "B2", "unit_doubt")]
    assert len(owned(result)) == 6


def test_a_few_large_sites_among_others_are_no_mistake() -> None:
    assert told(sent(land(60, of=4))) == []
    assert told(sent(land(2000 / 3, of=4))) == []
