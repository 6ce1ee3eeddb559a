"""The reference tables: units are exact, carriers are found by every name, facts keep their source."""

from fractions import Fraction

import polars as pl
import pytest

from efficiency.reference.tables import (
    carrier_aliases,
    carrier_form_unit,
    carrier_kind,
    carriers,
    feedstock_divisions,
    industries,
    limits,
    normalise_name,
    normalise_unit,
    units,
)
from schemas import FORMS
from schemas.energy import TOTAL_CARRIER


@pytest.mark.parametrize(
    ("text", "canonical", "factor"),
    [
        ("元", "万元", Fraction(1, 10_000)),
        ("千元", "万元", Fraction(1, 10)),
        ("亿元", "万元", Fraction(10_000)),
        ("平方米", "亩", Fraction(3, 2000)),
        ("㎡", "亩", Fraction(3, 2000)),
        ("公顷", "亩", Fraction(15)),
        ("度", "万千瓦时", Fraction(1, 10_000)),
        (" kWh ", "万千瓦时", Fraction(1, 10_000)),
        ("万度", "万千瓦时", Fraction(1)),
        ("MWh", "万千瓦时", Fraction(1, 10)),
        ("m³", "万立方米", Fraction(1, 10_000)),
        ("千克", "吨", Fraction(1, 1000)),
        ("万吨", "吨", Fraction(10_000)),
        ("GJ", "百万千焦", Fraction(1)),
        ("千焦", "百万千焦", Fraction(1, 1_000_000)),
        ("kgce", "吨标准煤", Fraction(1, 1000)),
        ("万吨标准煤", "吨标准煤", Fraction(10_000)),
        ("万重量箱", "重量箱", Fraction(10_000)),
        ("%", "%", Fraction(1)),
    ],
)
def test_units_convert_exactly(text: str, canonical: str, factor: Fraction) -> None:
    unit = units()[normalise_unit(text)]
    assert unit.canonical == canonical
    assert Fraction(unit.numerator, unit.denominator) == factor
    assert unit.factor == float(factor)


def test_an_unknown_unit_is_not_guessed() -> None:
    assert normalise_unit("箱") not in units()
    assert normalise_unit("万") not in units()


def test_every_dimension_has_one_canonical_unit_that_is_itself_a_unit() -> None:
    canonical = {(unit.dimension, unit.canonical) for unit in units().values()}
    assert len(canonical) == len({dimension for dimension, _ in canonical})
    for dimension, name in canonical:
        unit = units()[normalise_unit(name)]
        assert (unit.dimension, unit.numerator, unit.denominator) == (dimension, 1, 1)


def test_every_declared_unit_of_a_submitted_column_is_known() -> None:
    for form in FORMS.values():
        for column in form.columns:
            if column.unit is not None:
                assert units()[normalise_unit(column.unit)].canonical == column.unit


def test_carriers_are_found_by_every_name() -> None:
    aliases = carrier_aliases()
    assert aliases[normalise_name("煤炭")] == "原煤"
    assert aliases[normalise_name("电力（当量值）")] == "电力"
    assert aliases[normalise_name("电力(等价值)")] == "电力(等价值)"
    assert aliases[normalise_name("ｌｎｇ")] == "液化天然气"
    assert aliases[normalise_name("能源合计")] == TOTAL_CARRIER
    assert aliases[normalise_name("综合能耗")] == TOTAL_CARRIER
    assert normalise_name("天然汽") not in aliases


def test_no_name_belongs_to_two_carriers() -> None:
    names = [normalise_name(name) for text in carriers()["names_zh"] for name in text.split("|")]
    assert len(names) == len(set(names))
    assert TOTAL_CARRIER not in carriers()["name"]


def test_form_units_are_canonical_units() -> None:
    for carrier, unit in carrier_form_unit().items():
        assert units()[normalise_unit(unit)].canonical == unit, carrier
    assert set(carrier_kind()) == set(carrier_form_unit())
    assert set(carrier_kind().values()) == {"fuel", "heat", "electricity", "medium", "total"}


def test_coefficients_per_form_unit_follow_from_those_per_base_unit() -> None:
    # 吨 and 百万千焦 hold a thousand base units per tce-thousandth; 万立方米 and 万千瓦时 ten thousand.
    base_units = {"kg": 1000, "t": 1, "m3": 10_000, "kWh": 10_000, "MJ": 1000}
    known = carriers().drop_nulls("kgce_per_base_unit")
    for base, per_base, per_form in known.select("base_unit", "kgce_per_base_unit", "tce_per_form_unit").iter_rows():
        assert per_form == pytest.approx(per_base * base_units[base] / 1000, rel=1e-9)


def test_every_fact_keeps_its_source() -> None:
    for table in (carriers(), limits(), industries(), feedstock_divisions()):
        assert table["source"].null_count() == 0
        assert set(table["confidence"].unique()) <= {"official", "secondary", "unverified"}


def test_what_no_text_confirms_stays_marked() -> None:
    """A figure moves out of these lists only with a text that states it, named in its row's source."""
    unverified = carriers().filter(carriers()["confidence"] == "unverified")["name"].to_list()
    assert unverified == [
        "煤矸石", "煤焦油", "水煤气", "乙醇", "沼气", "氢气", "除氧水", "氮气(副产品)", "氮气(主产品)", "二氧化碳",
    ]  # fmt: skip
    guessed = limits().filter(limits()["confidence"] == "unverified")
    of_transcription = ["flat_glass_le_500", "flat_glass_gt_800", "pv_glass_le_300", "pv_glass_gt_300"]
    assert guessed.filter(~pl.col("product").str.ends_with("_bm"))["product"].to_list() == of_transcription
    assert guessed.height == 12 + len(of_transcription)
    contested = carriers().filter(carriers()["status"] == "contested")["name"].to_list()
    assert contested == ["煤矸石", "液化天然气", "天然气", "焦炉煤气"]


def test_coefficients_agree_with_the_heat_of_standard_coal() -> None:
    """1 kgce = 7000 kcal = 29307.6 kJ; the two figures of coal are the same coal by two calories."""
    by_name = dict(carriers().select("name", "kgce_per_base_unit").iter_rows())
    assert by_name["热力"] == pytest.approx(1000 / 29307.6, abs=5e-6)
    assert by_name["电力"] == pytest.approx(3600 / 29307.6, abs=1e-4)
    assert round(20934 / 29307.6, 4) == round(20908 / 29271, 4) == by_name["原煤"]
    assert 2.4 < 0.300 / by_name["电力"] < 0.404 / by_name["电力"] < 3.3


def test_limits_are_stricter_at_the_better_level() -> None:
    for row in limits().iter_rows(named=True):
        levels = [row[name] for name in ("level1", "level2", "level3") if row[name] is not None]
        assert levels == sorted(levels), row["product"]
        assert (row["benchmark"] is None) == (row["baseline"] is None)


def test_industry_codes_are_text_with_their_leading_zero() -> None:
    assert "06" in industries()["code"]
    divisions = industries().filter(industries()["level"] == "division")
    assert divisions["code"].str.len_chars().unique().to_list() == [2]
