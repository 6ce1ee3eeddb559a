"""A header is recognised by equality after normalising its marks, brackets, units and marks of time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.layout import header_cells as header_module
from efficiency.intake.layout import interpret
from efficiency.intake.layout.header_cells import OTHER, measure_in
from efficiency.intake.parsing import Timing
from efficiency.reference.tables import carrier_aliases, carriers
from schemas import FORMS

HEADERS = [
    (form.id, column.name, header) for form in FORMS.values() for column in form.columns for header in column.headers
]


@given(
    st.sampled_from(HEADERS),
    st.sampled_from(["{}", "*{}", "{}*", " {} ", "{}\n", "{}(必填)", "{}※", "【必填】{}", "1.{}", "其中:{}"]),
)
def test_every_declared_header_is_recognised_under_the_usual_marks(header: tuple[str, str, str], dress: str) -> None:
    form, field, text = header
    meaning = interpret((dress.format(text),))
    assert meaning is not None
    assert meaning.field(form) == field


@pytest.mark.parametrize(
    ("cells", "field", "unit", "timing"),
    [
        (("营业收入(千元)", "本月"), "revenue", "千元", Timing(kind="month")),
        (("营业收入", "累计(万元)"), "revenue", "万元", Timing(kind="to_date")),
        (("本年累计实缴税金（万元）",), "tax", "万元", Timing(kind="to_date")),
        (("1-10月营业收入/千元",), "revenue", "千元", Timing(month=10, kind="to_date")),
        (("基本情况", "平均用工人数"), "employees", None, None),
        (("营业收入", "当年累计"), "revenue", None, Timing(kind="to_date")),
        (("营业收入", "2026年10月"), "revenue", None, Timing(2026, 10, "month")),
        (("营业收入(不含税)",), "revenue", None, None),
        (("COD排放量\n(吨)",), "cod", "吨", None),
    ],
)
def test_unit_and_time_are_no_part_of_the_name(
    cells: tuple[str, ...], field: str, unit: str | None, timing: Timing | None
) -> None:
    meaning = interpret(cells)
    assert meaning is not None
    assert (meaning.field("output"), meaning.unit, meaning.timing) == (field, unit, timing)


@pytest.mark.parametrize(
    "cells",
    [
        ("上年同期", "营业收入"),
        ("营业收入", "增速(%)"),
        ("营业收入排名",),
        ("营业收人",),
        ("营业利润",),
        ("期初库存", "合计"),
        ("备注",),
    ],
)
def test_another_quantity_is_never_taken_for_ours(cells: tuple[str, ...]) -> None:
    meaning = interpret(cells)
    assert meaning is None or not meaning.fields


@pytest.mark.parametrize(
    "text",
    [
        "营业收入(上年同期)(万元)",
        "营业收入(万元,上年同期)",
        "营业收入(计划)",
        "营业收入（增速）",
        "税收(亩均)",
        "营业收入(其中:出口)",
        "电力(折标煤)",
        "原煤(库存)",
        "原煤(购进量)(吨)",
        "热力(外供)",
    ],
)
def test_brackets_may_make_a_name_another_quantity(text: str) -> None:
    assert interpret((text,)) is None


@pytest.mark.parametrize("text", ["2026年用电量计划", "2026年亩均税收(万元)", "2026年用电量增速", "2026年原煤购进量"])
def test_a_title_of_another_quantity_names_no_measure_of_its_months(text: str) -> None:
    assert measure_in(text) is OTHER


@pytest.mark.parametrize("text", ["2026年企业用电量、用气量", "2026年产值及税收(万元)"])
def test_a_title_of_two_measures_names_none_though_one_is_not_ours(text: str) -> None:
    assert measure_in(text) is None


@pytest.mark.parametrize("text", ["2026年研发企业税收(万元)", "2026年企业税收收入", "2026年企业、园区用电量"])
def test_a_title_of_one_measure_may_have_further_words(text: str) -> None:
    assert measure_in(text) not in (None, OTHER)


def test_an_unknown_unit_in_brackets_is_kept_as_unknown() -> None:
    meaning = interpret(("营业收入(万美元)",))
    assert meaning is not None
    assert (meaning.unit, meaning.unknown_unit) == (None, "万美元")


@pytest.mark.parametrize("carrier", carriers()["name"].to_list())
def test_every_carrier_is_a_header(carrier: str) -> None:
    for text in (carrier, f"{carrier}消费量"):
        meaning = interpret((text,))
        assert meaning is not None
        assert meaning.carrier == carrier


def test_the_brackets_of_a_name_are_kept() -> None:
    town, power = interpret(("镇(街道)",)), interpret(("电力（当量值）",))
    assert town is not None
    assert power is not None
    assert (town.field("register"), power.carrier) == ("town", "电力")


@pytest.mark.parametrize(
    ("title", "carrier", "field", "unit"),
    [
        ("2026年企业用电量(万千瓦时)", "电力", None, "万千瓦时"),
        ("2026年规上企业天然气用量", "天然气", None, None),
        ("2026年实缴税金情况(单位:千元)", None, "tax", "千元"),
    ],
)
def test_a_title_names_the_measure_of_its_months(
    title: str, carrier: str | None, field: str | None, unit: str | None
) -> None:
    meaning = measure_in(title)
    assert meaning is not None
    assert (meaning.carrier, meaning.field("output"), meaning.unit) == (carrier, field, unit)


@pytest.mark.parametrize("title", ["2026年情况表", "营业收入与实缴税金情况表"])
def test_a_title_with_no_measure_or_two_names_none(title: str) -> None:
    assert measure_in(title) is None


def test_no_header_of_ours_ends_as_data_do() -> None:
    for word in header_module._vocabulary():
        assert not any(header_module._DATA.fullmatch(word, start) for start in range(len(word))), word


@pytest.mark.parametrize("cell", ["84442.19", "-1,234.5", "913703000000000017", "91370300000000002A", "90811289"])
def test_a_row_of_data_below_a_header_is_no_part_of_it(cell: str) -> None:
    assert interpret(("营业收入(万元)", cell)) is None


@pytest.mark.parametrize("cell", ["2026.1", "202610", "2026", "10"])
def test_times_may_stand_below_a_header(cell: str) -> None:
    assert not header_module._DATA.fullmatch(cell)


@pytest.mark.parametrize("unit", ["", "(吨标准煤)", "（万千瓦时）"])
def test_a_basis_in_brackets_is_no_remark_on_a_carrier(unit: str) -> None:
    assert interpret((f"综合能源消费量（等价值）{unit}",)) is None
    for name in ("电力(等价值)", "电力(当量值)"):
        meaning = interpret((f"{name}{unit}",))
        assert meaning is not None
        assert meaning.carrier == carrier_aliases()[name]
