"""Which of several statements counts."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
from builders.examples import examples
from builders.stated import (
    CODES,
    Resolved,
    Row,
    Sheet,
    counting,
    enterprise,
    message,
    month,
    problem_cells,
    register,
    resolved,
    year_to_date,
)
from hypothesis import given
from hypothesis import strategies as st

from schemas.output import MEASURES

MEASURE_NAMES = [measure.name for measure in MEASURES]


def row(letter: str = "A", number: int = 10, **figures: Any) -> Row:
    return {"uscc": CODES[letter], **month(2026, number), **figures}


def coal(consumption: float | None, **more: Any) -> Row:
    return row(carrier="原煤", unit="吨", consumption=consumption, **more)


def output(*sheets: Sheet) -> Resolved:
    return resolved(register("A", "B"), *sheets)


def test_the_later_arrival_wins_where_no_date_of_filing_is_given() -> None:
    result = output(Sheet("output", [row(tax=1.0)], id="one"), Sheet("output", [row(tax=2.0)], id="two"))
    facts = result.facts["output"].select("tax", "superseded", "submission_id").sort("tax").rows()
    assert facts == [(1.0, True, "one"), (2.0, False, "two")]


def test_the_date_of_filing_goes_before_the_order_of_arrival() -> None:
    filed_late = Sheet("output", [row(tax=2.0)], id="late", filled_on=date(2026, 11, 3))
    filed_early = Sheet("output", [row(tax=1.0)], id="early", filled_on=date(2026, 11, 1))
    assert counting(output(filed_late, filed_early), "output")["tax"].to_list() == [2.0]


def test_a_sheet_without_a_date_goes_by_its_arrival_whenever_it_is_read() -> None:
    def undated(tax: float, id_: str) -> Sheet:
        return Sheet("output", [row(tax=tax)], id=id_)

    def dated(tax: float, day: int) -> Sheet:
        return Sheet("output", [row(tax=tax)], id=f"d{day}", filled_on=date(2020, 11, day))

    def taken(*sheets: Sheet) -> list[float]:
        return counting(output(*sheets), "output")["tax"].to_list()

    assert taken(undated(1.0, "one"), dated(2.0, 5)) == [2.0], "resubmitted with a date"
    assert taken(dated(2.0, 5), undated(1.0, "one")) == [1.0], "resubmitted without"
    assert taken(undated(1.0, "one"), dated(2.0, 5), dated(3.0, 1)) == [2.0], "of two dates the later counts"
    assert taken(dated(2.0, 5), undated(1.0, "one"), dated(3.0, 1)) == [1.0]
    assert taken(dated(2.0, 5), undated(1.0, "one"), dated(3.0, 6)) == [3.0]


def test_each_measure_is_replaced_singly_so_that_every_figure_counts_exactly_once() -> None:
    result = output(Sheet("output", [row(tax=1.0, revenue=9.0)], id="one"), Sheet("output", [row(tax=2.0)], id="two"))
    counted = counting(result, "output")
    assert sorted(counted["revenue"].drop_nulls()) == [9.0]
    assert sorted(counted["tax"].drop_nulls()) == [2.0]
    old = result.facts["output"].filter(pl.col("superseded"))
    assert old.select("tax", "revenue", "submission_id").rows() == [(1.0, None, "one")]


def test_departments_that_state_different_measures_do_not_replace_one_another() -> None:
    result = output(Sheet("output", [row(tax=1.0)], id="one"), Sheet("output", [row(revenue=9.0)], id="two"))
    assert counting(result, "output").height == 2
    assert result.problems.is_empty()


def test_spans_do_not_replace_one_another() -> None:
    rows = [row(tax=1.0), {**row(tax=2.0), **year_to_date(2026, 10)}, row(number=9, tax=3.0)]
    assert counting(output(Sheet("output", rows)), "output").height == 3


def test_an_equal_figure_that_is_sent_again_supersedes_too() -> None:
    result = output(Sheet("output", [row(tax=1.0)], id="one"), Sheet("output", [row(tax=1.0)], id="two"))
    assert result.facts["output"].filter(pl.col("superseded"))["submission_id"].to_list() == ["one"]
    assert problem_cells(result, "superseded_figure") == [("one.xlsx", None)]
    assert "two.xlsx" in message(result, "superseded_figure")


def test_two_values_in_one_sheet_are_a_conflict_on_both_cells_and_neither_counts() -> None:
    result = output(Sheet("output", [row(tax=1.0, revenue=5.0), row(tax=2.0)], factors={"tax": 0.0001}))
    assert problem_cells(result, "conflict") == [("s.xlsx", "F2"), ("s.xlsx", "F3")]
    assert "（10000、20000）" in result.problems.filter(pl.col("rule") == "conflict")["message"][0]
    assert counting(result, "output").select("tax", "revenue").rows() == [(None, 5.0)]


def test_a_conflict_lets_an_earlier_valid_figure_stand() -> None:
    result = output(Sheet("output", [row(tax=7.0)], id="one"), Sheet("output", [row(tax=1.0), row(tax=2.0)], id="two"))
    assert counting(result, "output")["tax"].to_list() == [7.0]
    assert len(problem_cells(result, "conflict")) == 2


def test_the_same_value_twice_in_one_sheet_counts_once_and_is_noted() -> None:
    result = output(Sheet("output", [row(tax=0.3), row(tax=0.1 + 0.2)]))
    assert counting(result, "output")["tax"].to_list() == [0.3]
    assert not problem_cells(result, "conflict")
    assert "第 2 行" in message(result, "repeated_figure")


def test_rows_of_a_sheet_that_state_different_parts_of_one_thing_complete_one_another() -> None:
    parts = [row(tax=1.0), row(revenue=9.0)]
    counted = counting(output(Sheet("output", parts)), "output")
    assert (counted["tax"].drop_nulls().to_list(), counted["revenue"].drop_nulls().to_list()) == ([1.0], [9.0])

    land = Sheet("land", [{"uscc": CODES["A"], "owned": 30.0}, {"uscc": CODES["A"], "leased_in": 5.0}])
    result = output(land)
    assert sorted(counting(result, "land").select("row", "owned", "leased_in").rows()) == [(2, 30, None), (3, None, 5)]
    assert [rule for rule in result.problems["rule"] if rule != "unit_assumed"] == ["completed_figure"]

    fuel = [coal(100.0), coal(None, feedstock=40.0), coal(None, coefficient=0.7)]
    result = output(Sheet("energy", fuel))
    energy = counting(result, "energy").select("consumption", "feedstock", "coefficient").rows()
    assert energy == [(100.0, 40.0, 0.7)]
    assert result.submissions["rows_rejected"].sum() == 0


def test_parts_of_two_sheets_do_not_complete_one_another_where_the_whole_is_replaced() -> None:
    first = Sheet("energy", [coal(100.0, feedstock=40.0)], id="one")
    second = Sheet("energy", [coal(90.0)], id="two")
    assert counting(output(first, second), "energy").select("consumption", "feedstock").rows() == [(90.0, None)]


def test_a_contradiction_is_reported_and_the_parts_that_agree_count() -> None:
    rows = [{"uscc": CODES["A"], "owned": 30.0, "idle": 1.0}, {"uscc": CODES["A"], "owned": 31.0, "leased_in": 5.0}]
    result = output(Sheet("land", rows))
    assert problem_cells(result, "conflict")
    assert sorted(counting(result, "land").select("row", "owned", "leased_in", "idle").rows()) == [
        (2, None, None, 1.0),
        (3, None, 5.0, None),
    ]


def test_a_quantity_in_another_unit_does_not_complete_a_product() -> None:
    def glass(**more: Any) -> Row:
        return row(product="平板玻璃", **more)

    same = [glass(quantity=10.0, unit="重量箱"), glass(energy_tce=5.0)]
    assert counting(output(Sheet("products", same)), "products").select("quantity", "unit", "energy_tce").rows() == [
        (10.0, "重量箱", 5.0)
    ]
    other = [glass(quantity=10.0, unit="重量箱"), glass(energy_tce=5.0, unit="吨")]
    assert counting(output(Sheet("products", other)), "products").select("quantity", "energy_tce").rows() == [
        (10.0, None)
    ]


def test_the_month_and_the_cumulative_of_one_january_row_are_no_repetition() -> None:
    rows = [row(number=1, at=2, tax=4.0), row(number=1, at=2, tax=4.0, block=1)]
    result = output(Sheet("output", rows))
    assert counting(result, "output")["tax"].to_list() == [4.0]
    assert result.problems.is_empty()
    assert result.submissions["rows_accepted"].to_list() == [2, 1]


def test_energy_is_replaced_by_carrier_and_span() -> None:
    gas = row(carrier="天然气", unit="万立方米", consumption=3.0)
    result = output(Sheet("energy", [coal(1.0), gas], id="one"), Sheet("energy", [coal(2.0)], id="two"))
    assert sorted(counting(result, "energy")["consumption"]) == [2.0, 3.0]


def test_contradictory_energy_stays_as_a_row_without_figure_so_that_the_total_is_missing() -> None:
    result = output(Sheet("energy", [coal(1.0), coal(2.0)]))
    assert counting(result, "energy")["consumption"].to_list() == [None]
    assert result.submissions.filter(pl.col("form") == "energy").select("rows_rejected", "status").rows() == [
        (2, "refused")
    ]


def test_contradictory_feedstock_withholds_the_consumption_too() -> None:
    result = output(Sheet("energy", [coal(5.0, feedstock=1.0), coal(5.0, feedstock=2.0)]))
    assert counting(result, "energy").select("consumption", "feedstock").rows() == [(None, None)]


def test_a_refused_energy_cell_does_not_replace_an_earlier_figure() -> None:
    result = output(Sheet("energy", [coal(4.0)], id="one"), Sheet("energy", [coal(None)], id="two"))
    assert counting(result, "energy")["consumption"].to_list() == [4.0]
    late = output(Sheet("energy", [coal(None)], id="one"), Sheet("energy", [coal(4.0)], id="two"))
    assert counting(late, "energy")["consumption"].to_list() == [4.0]


def test_land_is_replaced_as_a_whole_for_one_date() -> None:
    def land(owned: float, as_of: date) -> Row:
        return {"uscc": CODES["A"], "owned": owned, "as_of": as_of}

    may, june = date(2026, 5, 31), date(2026, 6, 30)
    one = Sheet("land", [land(1.0, may), land(2.0, june)], id="one")
    result = output(one, Sheet("land", [land(3.0, may)], id="two"))
    assert sorted(counting(result, "land")["owned"]) == [2.0, 3.0]


def test_the_latest_register_row_of_a_code_is_the_enterprise() -> None:
    result = resolved(
        Sheet("register", [enterprise("A", town="北郊镇", former_name="旧名")], id="one"),
        Sheet("register", [enterprise("A", town="南郊镇"), enterprise("A", town="南郊镇", chain="陶瓷")], id="two"),
    )
    assert counting(result, "register").select("town", "chain", "former_name").rows() == [("南郊镇", "陶瓷", None)]


def test_a_register_that_contradicts_itself_leaves_the_attribute_open() -> None:
    result = resolved(Sheet("register", [enterprise("A", scale="规上"), enterprise("A", scale="规下")]))
    assert counting(result, "register").select("uscc", "scale").rows() == [(CODES["A"], None)]
    assert len(problem_cells(result, "conflict")) == 2


def test_incidents_of_one_day_with_two_documents_are_two() -> None:
    rows = [{"uscc": CODES["A"], "date": date(2026, 5, 2), "kind": "安全", "document": d} for d in ("1号", "2号", None)]
    assert counting(output(Sheet("incidents", rows)), "incidents").height == 3


def test_rows_whose_date_was_refused_are_no_facts_and_are_counted() -> None:
    result = output(Sheet("incidents", [{"uscc": CODES["A"], "date": None, "kind": "安全"}], id="i"))
    assert result.facts["incidents"].is_empty()
    assert result.submissions.filter(pl.col("submission_id") == "i")["rows_rejected"].to_list() == [1]


figures = st.dictionaries(st.sampled_from(["tax", "revenue", "water"]), st.integers(0, 3).map(float), min_size=1)
output_rows = st.builds(
    lambda letter, number, stated: row(letter, number, **stated), st.sampled_from("AB"), st.integers(1, 3), figures
)
sheets = st.lists(st.lists(output_rows, min_size=1, max_size=6), min_size=1, max_size=4)


@examples(short=6, long=50)
@given(sheets, st.randoms(use_true_random=False))
def test_with_dates_of_filing_neither_the_order_of_sheets_nor_that_of_rows_matters(
    stated: list[list[Row]], chance: random.Random
) -> None:
    made = [
        Sheet(
            "output",
            [{**r, "at": at} for at, r in enumerate(rows, start=2)],
            id=f"s{n}",
            filled_on=date(2026, 11, n + 1),
        )
        for n, rows in enumerate(stated)
    ]
    shuffled = [
        replace(sheet, rows=chance.sample(list(sheet.rows), len(sheet.rows)))
        for sheet in chance.sample(made, len(made))
    ]
    first, second = output(*made), output(*shuffled)
    assert first.facts["output"].equals(second.facts["output"])
    assert first.problems.equals(second.problems)


@examples(short=6, long=50)
@given(sheets)
def test_every_figure_counts_at_most_once_and_none_is_lost(stated: list[list[Row]]) -> None:
    result = output(*(Sheet("output", rows, id=f"s{n}") for n, rows in enumerate(stated)))
    long = result.facts["output"].unpivot(MEASURE_NAMES, index=["uscc", "span_start", "superseded"]).drop_nulls("value")
    assert long.filter(~pl.col("superseded")).select("uscc", "span_start", "variable").is_duplicated().sum() == 0
    conflicts = result.problems.filter(pl.col("rule") == "conflict").height
    assert long.height + conflicts == sum(len(set(r) & set(MEASURE_NAMES)) for rows in stated for r in rows)
