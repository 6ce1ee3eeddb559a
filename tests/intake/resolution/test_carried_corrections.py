"""A correction of a month carries into the cumulative figures that were filed before it was approved."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl
import pytest
from builders.examples import examples
from builders.stated import (
    CODES,
    Resolved,
    Row,
    Sheet,
    counting,
    message,
    month,
    problem_cells,
    register,
    resolved,
    year_to_date,
)
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.resolution import unbalanced
from efficiency.parts import whole
from schemas import FORMS

APPROVED = date(2026, 11, 20)
BEFORE, AFTER = date(2026, 11, 10), date(2026, 11, 21)


def output(identifier: str, filed: date | None, *rows: Row) -> Sheet:
    return Sheet("output", [{"uscc": CODES["A"], **row} for row in rows], id=identifier, filled_on=filed)


def ledger(*rows: Row, **more: Any) -> Sheet:
    who = {"uscc": CODES["A"], "field": "实缴税金", "approved_by": "李", "approved": APPROVED, **month(2026, 3)}
    return Sheet("corrections", [{**who, **row} for row in rows], id="ledger", **more)


def sent(*sheets: Sheet) -> Resolved:
    result = resolved(register("A"), *sheets)
    assert unbalanced(result.submissions).is_empty()
    return result


def totals(result: Resolved, form: str = "output", field: str = "tax") -> dict[tuple[int, int], float]:
    """First and last month → the figure with all its parts."""
    rows = whole(FORMS[form], counting(result, form)).filter(pl.col(field).is_not_null())
    spans = rows.select("span_start", "span_end", field).iter_rows()
    return {(first.month, last.month): figure for first, last, figure in spans}


MARCH = {"tax": 10.0, "revenue": 50.0, **month(2026, 3)}
TO_MARCH = {"tax": 33.0, "revenue": 150.0, **year_to_date(2026, 3)}
TO_APRIL = {"tax": 45.0, **year_to_date(2026, 4)}


def test_the_difference_to_the_month_is_carried_into_every_cumulative_figure_that_contains_it() -> None:
    to_february = {"tax": 23.0, **year_to_date(2026, 2)}
    result = sent(output("tax", BEFORE, MARCH, to_february, TO_MARCH, TO_APRIL), ledger({"new": 16.0, "old": 1.0}))
    assert totals(result) == {(3, 3): 16.0, (1, 2): 23.0, (1, 3): 39.0, (1, 4): 51.0}
    assert totals(result, field="revenue") == {(3, 3): 50.0, (1, 3): 150.0}
    assert result.problems.filter(pl.col("severity") != "note").is_empty()
    assert result.submissions["status"].unique().to_list() == ["accepted"]


def test_the_parts_are_the_figure_the_correction_and_what_it_replaces_each_with_its_cell() -> None:
    result = sent(output("tax", BEFORE, MARCH, TO_MARCH), ledger({"new": 16.0}))
    parts = counting(result, "output").filter(pl.col("span_end") > pl.col("span_start"), pl.col("tax").is_not_null())
    assert sorted(parts.select("tax", "submission_id", "row").rows()) == [
        (-10.0, "tax", 2), (16.0, "ledger", 2), (33.0, "tax", 3),
    ]  # fmt: skip


def test_a_cumulative_figure_that_was_filed_later_contains_the_correction() -> None:
    later = output("later", AFTER, TO_APRIL)
    result = sent(output("tax", BEFORE, MARCH, TO_MARCH), later, ledger({"new": 16.0}))
    assert totals(result) == {(3, 3): 16.0, (1, 3): 39.0, (1, 4): 45.0}


def test_without_a_date_of_filing_the_day_of_arrival_decides() -> None:
    sheets = output("tax", None, MARCH, TO_MARCH)  # arrived on 5 November
    assert totals(sent(sheets, ledger({"new": 16.0})))[1, 3] == 39.0
    assert totals(sent(sheets, ledger({"new": 16.0, "approved": date(2026, 11, 5)})))[1, 3] == 33.0


def test_where_the_month_is_not_stated_the_difference_is_that_to_the_old_value() -> None:
    result = sent(output("tax", BEFORE, TO_MARCH), ledger({"new": 16.0, "old": 9.0}))
    assert totals(result) == {(3, 3): 16.0, (1, 3): 40.0}
    parts = counting(result, "output").filter(pl.col("tax") < 0).row(0, named=True)
    cell = result.columns.filter(
        (pl.col("submission_id") == parts["submission_id"])
        & (pl.col("block") == parts["block"])
        & (pl.col("field") == "tax")
    )
    assert (cell["header"].to_list(), parts["row"]) == (["old"], 2)


def test_where_neither_is_known_it_is_an_error_and_the_cumulative_figure_stays() -> None:
    result = sent(output("tax", BEFORE, TO_MARCH), ledger({"new": 16.0}))
    assert totals(result) == {(3, 3): 16.0, (1, 3): 33.0}
    assert problem_cells(result, "correction_not_carried") == [("ledger.xlsx", "D2")]
    assert "原值" in message(result, "correction_not_carried")


def test_no_cumulative_figure_no_error() -> None:
    assert not problem_cells(
        sent(output("tax", BEFORE, {"tax": 9.0, **month(2026, 4)}), ledger({"new": 16.0})), "correction_not_carried"
    )


def test_two_months_are_carried_each_and_a_month_of_another_year_is_not() -> None:
    april = {"tax": 12.0, **month(2026, 4)}
    rows: Sequence[Row] = [
        {"new": 16.0}, {"new": 11.0, **month(2026, 4)}, {"new": 99.0, "old": 1.0, **month(2025, 3)},
    ]  # fmt: skip
    result = sent(output("tax", BEFORE, MARCH, april, TO_MARCH, TO_APRIL), ledger(*rows))
    assert totals(result)[1, 3] == 39.0
    assert totals(result)[1, 4] == 50.0


def test_a_corrected_cumulative_figure_is_as_of_its_own_approval() -> None:
    to_march = {"new": 70.0, **year_to_date(2026, 3)}
    sheets = output("tax", BEFORE, MARCH, TO_MARCH)
    earlier = ledger({"new": 16.0}, {**to_march, "approved": date(2026, 11, 15)})
    assert totals(sent(sheets, earlier))[1, 3] == 76.0
    assert totals(sent(sheets, ledger({"new": 16.0}, to_march)))[1, 3] == 70.0


@pytest.mark.parametrize("unit", ["", "(千瓦时)"])
def test_energy_is_carried_in_its_unit(unit: str) -> None:
    def power(consumption: float, span: Row) -> Row:
        return {"uscc": CODES["A"], "carrier": "电力", "unit": "万千瓦时", "consumption": consumption, **span}

    energy = Sheet(
        "energy", [power(5.0, month(2026, 3)), power(14.0, year_to_date(2026, 3))], id="energy", filled_on=BEFORE
    )
    new = 7.0 if not unit else 70000.0
    result = sent(energy, ledger({"field": f"电力{unit}", "new": new}))
    assert totals(result, "energy", "consumption") == {(3, 3): pytest.approx(7.0), (1, 3): pytest.approx(16.0)}


def test_staff_do_not_add_up_and_are_not_carried() -> None:
    rows = [{"employees": 10.0, **month(2026, 3)}, {"employees": 12.0, **year_to_date(2026, 3)}]
    result = sent(output("staff", BEFORE, *rows), ledger({"field": "平均用工人数", "new": 16.0}))
    assert totals(result, field="employees") == {(3, 3): 16.0, (1, 3): 12.0}


def test_each_carried_figure_is_listed_at_the_correction() -> None:
    result = sent(output("tax", BEFORE, MARCH, TO_MARCH, TO_APRIL), ledger({"new": 16.0}))
    assert problem_cells(result, "correction_carried") == [("ledger.xlsx", "E2")]
    assert "10→16万元" in message(result, "correction_carried")
    assert "2026年1-3月 33+6、2026年1-4月 45+6" in message(result, "correction_carried")
    lower = sent(output("tax", BEFORE, MARCH, TO_MARCH), ledger({"new": 8.0}))
    assert "2026年1-3月 33−2" in message(lower, "correction_carried")


def test_a_figure_that_was_filed_on_the_day_of_approval_is_told() -> None:
    result = sent(output("tax", APPROVED, MARCH, TO_MARCH), ledger({"new": 16.0}))
    assert totals(result)[1, 3] == 33.0
    assert "2026年1-3月" in message(result, "correction_same_day")
    assert not problem_cells(result, "correction_carried")


def test_without_a_day_of_approval_the_ledger_that_came_later_was_approved_later() -> None:
    undated = ledger({"new": 16.0, "approved": None})
    assert totals(sent(output("tax", None, MARCH, TO_MARCH), undated))[1, 3] == 39.0
    assert totals(sent(undated, output("tax", None, MARCH, TO_MARCH)))[1, 3] == 33.0


SECOND = date(2026, 11, 28)
BETWEEN = date(2026, 11, 24)


def test_a_second_correction_of_a_month_is_carried_from_what_each_figure_contains() -> None:
    before = output("before", BEFORE, MARCH, TO_MARCH)
    between = output("between", BETWEEN, {"tax": 51.0, **year_to_date(2026, 4)})  # has the first correction in it
    result = sent(before, between, ledger({"new": 16.0}, {"new": 14.0, "approved": SECOND}))
    assert totals(result) == {(3, 3): 14.0, (1, 3): 37.0, (1, 4): 49.0}
    parts = counting(result, "output").filter(pl.col("span_end") == date(2026, 4, 1))
    assert sorted(parts.select("tax", "submission_id", "row").rows()) == [
        (-16.0, "ledger", 2), (14.0, "ledger", 3), (51.0, "between", 2),
    ]  # fmt: skip


def test_a_month_that_was_stated_anew_after_the_approval_is_not_what_an_older_figure_contains() -> None:
    anew = output("anew", AFTER, {"tax": 16.0, **month(2026, 3)})
    result = sent(output("tax", BEFORE, MARCH, TO_MARCH), anew, ledger({"new": 16.0}))
    assert totals(result)[1, 3] == 39.0
    only_later = sent(output("tax", BEFORE, TO_MARCH), anew, ledger({"new": 16.0}))
    assert problem_cells(only_later, "correction_not_carried") == [("ledger.xlsx", "D2")]
    with_old = sent(output("tax", BEFORE, TO_MARCH), anew, ledger({"new": 16.0, "old": 9.0}))
    assert totals(with_old)[1, 3] == 40.0


def test_every_figure_of_several_months_that_contains_it_is_meant() -> None:
    quarter = {"tax": 30.0, "span_start": date(2026, 2, 1), "span_end": date(2026, 4, 1)}
    year = {"tax": 120.0, **year_to_date(2026, 12)}
    over_new_year = {"tax": 90.0, "span_start": date(2025, 11, 1), "span_end": date(2026, 4, 1)}
    other = {"tax": 30.0, "span_start": date(2026, 4, 1), "span_end": date(2026, 6, 1)}
    result = sent(output("tax", BEFORE, MARCH, quarter, year, over_new_year, other), ledger({"new": 16.0}))
    assert totals(result) == {(3, 3): 16.0, (2, 4): 36.0, (1, 12): 126.0, (11, 4): 90.0, (4, 6): 30.0}


def test_meters_are_replaced_together() -> None:
    def power(part: str | None, consumption: float, span: Row) -> Row:
        return {"uscc": CODES["A"], "carrier": "电力", "unit": "万千瓦时", "part": part, "consumption": consumption,
                **span}  # fmt: skip

    rows = [power(part, 5.0, month(2026, 3)) for part in ("一号表", "二号表")]
    rows += [power(part, 14.0, year_to_date(2026, 3)) for part in ("一号表", "二号表")]
    energy = Sheet("energy", rows, id="energy", filled_on=BEFORE)
    result = sent(energy, ledger({"field": "电力", "new": 13.0}))
    assert totals(result, "energy", "consumption") == {(3, 3): 13.0, (1, 3): 31.0}
    taken_away = counting(result, "energy").filter(pl.col("consumption") < 0)
    assert sorted(taken_away.select("consumption", "submission_id", "row").rows()) == [
        (-5.0, "energy", 2), (-5.0, "energy", 3),
    ]  # fmt: skip


def test_the_total_of_energy_is_carried_too() -> None:
    rows = [
        {"uscc": CODES["A"], "carrier": "综合能源消费量", "unit": "吨标准煤", "consumption": figure, **span}
        for figure, span in ((100.0, month(2026, 3)), (280.0, year_to_date(2026, 3)))
    ]
    result = sent(
        Sheet("energy", rows, id="energy", filled_on=BEFORE), ledger({"field": "综合能源消费量", "new": 130.0})
    )
    assert totals(result, "energy", "consumption") == {(3, 3): 130.0, (1, 3): 310.0}


def test_a_corrected_cumulative_figure_leaves_longer_ones_and_says_so() -> None:
    to_march = {"new": 39.0, **year_to_date(2026, 3)}
    result = sent(output("tax", BEFORE, TO_MARCH, TO_APRIL), ledger(to_march))
    assert totals(result) == {(1, 3): 39.0, (1, 4): 45.0}
    assert problem_cells(result, "correction_of_span_alone") == [("ledger.xlsx", "E2")]
    assert "2026年1-4月" in message(result, "correction_of_span_alone")
    alone = sent(output("tax", BEFORE, TO_MARCH), output("later", AFTER, TO_APRIL), ledger(to_march))
    assert not problem_cells(alone, "correction_of_span_alone")


def test_two_tables_of_a_ledger_side_by_side_are_each_carried() -> None:
    april = {"tax": 12.0, **month(2026, 4)}
    beside = {"row": 2, "block": 1, "new": 11.0, **month(2026, 4)}
    result = sent(output("tax", BEFORE, MARCH, april, TO_MARCH, TO_APRIL), ledger({"new": 16.0, "row": 2}, beside))
    assert (totals(result)[1, 3], totals(result)[1, 4]) == (39.0, 50.0)


@examples(short=4, long=60)
@given(data=st.data())
def test_the_order_of_arrival_does_not_matter_where_days_are_stated(data: st.DataObject) -> None:
    days = st.integers(1, 28).map(lambda day: date(2026, 11, day))
    figures = data.draw(
        st.lists(
            st.tuples(
                days,
                st.sampled_from([month(2026, 3), year_to_date(2026, 3), year_to_date(2026, 4)]),
                st.integers(1, 99),
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda one: one[0],
        )
    )
    asked = data.draw(
        st.lists(
            st.tuples(days, st.integers(1, 99), st.one_of(st.none(), st.integers(1, 99))),
            min_size=1,
            max_size=3,
            unique_by=lambda one: one[0],
        )
    )
    sheets = [output(f"tax{at}", day, {"tax": float(n), **span}) for at, (day, span, n) in enumerate(figures)]
    ledgers = [
        replace(ledger({"new": float(new), "old": None if old is None else float(old), "approved": day}),
                id=f"ledger{at}", filled_on=day)
        for at, (day, new, old) in enumerate(asked)
    ]  # fmt: skip
    first = sent(*sheets, *ledgers)
    again = sent(*data.draw(st.permutations([*sheets, *ledgers])))
    assert totals(again) == pytest.approx(totals(first))
    places = ["tax", "submission_id", "row", "span_start", "span_end"]
    assert (
        counting(first, "output")
        .select(places)
        .sort(places)
        .equals(counting(again, "output").select(places).sort(places))
    )
