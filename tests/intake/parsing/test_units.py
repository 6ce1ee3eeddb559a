"""Units convert exactly, are never guessed, and never cross dimensions."""

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.parsing import (
    carrier_conversion,
    conversion,
    find_unit,
    looks_like_unit,
    split_units,
    units_above,
)
from efficiency.reference.tables import units


def convert(value: float, stated: str, target: str) -> float:
    found = conversion(stated, target)
    assert found is not None
    return float(pl.select(found.apply(pl.lit(value))).item())


@pytest.mark.parametrize(
    ("value", "stated", "target", "expected"),
    [
        (12345.0, "千元", "万元", 1234.5),
        (1.0, "亿元", "万元", 10000.0),
        (1.0, "元", "万元", 0.0001),
        (2000.0, "平方米", "亩", 3.0),
        (2.0, "公顷", "亩", 30.0),
        (10_000.0, "度", "万千瓦时", 1.0),
        (5.0, "GJ", "百万千焦", 5.0),
        (1500.0, "千克标准煤", "吨标准煤", 1.5),
        (3.0, "万吨", "吨", 30_000.0),
        (2000.0, "㎡", "亩", 3.0),
        (10_000.0, "ｋＷｈ", "万千瓦时", 1.0),
        (1.0, "百万元", "万元", 100.0),
        (2.0, "平方公里", "亩", 3000.0),
        (2000.0, "平方", "亩", 3.0),
        (1.0, "亿千瓦时", "万千瓦时", 10_000.0),
        (1.0, "MWh", "万千瓦时", 0.1),
        (10_000.0, "Nm³", "万立方米", 1.0),
        (1.0, "万标准立方米", "万立方米", 1.0),
        (1.0, "千标方", "万立方米", 0.1),
        (10_000.0, "升", "立方米", 10.0),
        (2000.0, "斤", "吨", 1.0),
        (1.0, "亿千焦", "百万千焦", 100.0),
        (1000.0, "MJ", "GJ", 1.0),
        (70_000_000.0, "万千卡", "百万千焦", 2_930_760.0),
        (2.0, "万吨标准煤", "吨标准煤", 20_000.0),
        (1.0, "万人", "人", 10_000.0),
    ],
)
def test_figures_convert_exactly(value: float, stated: str, target: str, expected: float) -> None:
    assert convert(value, stated, target) == expected


@pytest.mark.parametrize(
    ("stated", "target"), [("吨", "万元"), ("万美元", "万元"), ("立方米", "吨"), ("吨标准煤", "吨")]
)
def test_an_unknown_unit_or_one_of_another_dimension_is_refused(stated: str, target: str) -> None:
    assert conversion(stated, target) is None


def test_steam_by_weight_is_no_heat_and_water_alone_may_be_stated_by_volume() -> None:
    assert carrier_conversion("吨", "热力") is None
    water = conversion("万立方米", "吨", water=True)
    assert water is not None
    assert water.factor == 10_000


@given(st.sampled_from(sorted(units())), st.sampled_from(sorted(units())), st.floats(-1e9, 1e9))
def test_converting_there_and_back_gives_the_figure(first: str, second: str, value: float) -> None:
    there, back = conversion(first, second), conversion(second, first)
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there.numerator * back.numerator == there.denominator * back.denominator
        assert convert(convert(value, first, second), second, first) == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("单位:千元", ("千元",)),
        ("2026年10月产出统计表(单位:万元)", ("万元",)),
        ("计量单位: 万元、吨、人", ("万元", "吨", "人")),
        ("(千元)", ("千元",)),
        ("金额单位:元", ("元",)),
        ("产出统计表   单位 : 千元", ("千元",)),
        ("单位:人民币 千元", ("千元",)),
        ("单位:千元(保留两位小数)", ("千元",)),
        ("填报单位:淄博市统计局", ()),
        ("编制单位:千元集团", ()),
        ("金额单位:人民币元(列至角分)", ("人民币元",)),
        ("金额:元", ("元",)),
        ("注:金额单位为万元,面积单位为亩。", ("万元", "亩")),
        ("计量单位:电力为万千瓦时,天然气为万立方米", ("万千瓦时", "万立方米")),
        ("数量单位:吨 金额单位:千元", ("吨", "千元")),
        ("单位:万元 亩 人", ("万元", "亩", "人")),
        ("(以万元计)", ("万元",)),
        ("金额:见附注", ()),
        ("以下单位:", ()),
        ("单位:淄博市税务局", ()),
        ("产出统计表", ()),
    ],
)
def test_the_unit_line_is_told_from_the_name_of_an_organisation(text: str, known: tuple[str, ...]) -> None:
    stated = units_above([text])
    assert (stated.known, stated.unknown) == (known, ())


def test_a_bracket_that_is_no_remark_is_part_of_the_unit() -> None:
    stated = units_above(["单位:吨(标准煤)"])
    assert (stated.known, stated.unknown) == ((), ("吨(标准煤)",))


def test_a_word_that_was_meant_as_a_unit_is_unknown_rather_than_passed_over() -> None:
    assert split_units("万美元").unknown == ("万美元",)
    assert looks_like_unit("万美元")
    assert not looks_like_unit("不含税")
    assert find_unit("万美元") is None
