"""Approved corrections count before whatever any sheet states."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from builders.stated import (
    CODES,
    Resolved,
    Row,
    Sheet,
    counting,
    message,
    month,
    problem_cells,
    refused,
    register,
    resolved,
    year_to_date,
)

from efficiency.intake.resolution import Target, find_target


def correction(field: str | None, new: float | None, **more: Any) -> Row:
    return {
        "uscc": CODES["A"],
        "field": field,
        "new": new,
        "approved_by": "李局长",
        "approved": date(2026, 11, 20),
        **month(2026, 10),
        **more,
    }


def ledger(*rows: Row, **more: Any) -> Sheet:
    return Sheet("corrections", rows, id=str(more.pop("id", "ledger")), **more)


TAX = Sheet("output", [{"uscc": CODES["A"], "tax": 1.0, "revenue": 9.0, **month(2026, 10)}], id="tax")


def corrected(*sheets: Sheet) -> Resolved:
    return resolved(register("A", "B"), *sheets)


def figure(result: Resolved, form: str, field: str) -> list[float]:
    return counting(result, form)[field].drop_nulls().to_list()


def test_an_approved_correction_counts_and_the_figure_it_corrects_is_superseded() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 5.0)))
    assert figure(result, "output", "tax") == [5.0]
    assert figure(result, "output", "revenue") == [9.0]
    old = result.facts["output"].filter(pl.col("superseded"))
    assert old.select("tax", "submission_id").rows() == [(1.0, "tax")]
    assert result.submissions["status"].unique().to_list() == ["accepted"]


def test_a_corrected_figure_leads_to_the_cell_of_the_ledger() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 5.0)))
    made = counting(result, "output").filter(pl.col("submission_id") == "ledger").row(0, named=True)
    cell = result.columns.filter(
        (pl.col("submission_id") == "ledger") & (pl.col("block") == made["block"]) & (pl.col("field") == "tax")
    )
    assert (cell["column"].to_list(), made["row"]) == (["E"], 2)
    own = result.columns.filter((pl.col("submission_id") == "ledger") & (pl.col("block") == made["block"]))
    assert own["field"].to_list() == ["tax"]


def test_a_correction_beats_a_submission_that_is_filed_after_it() -> None:
    later = Sheet(
        "output", [{"uscc": CODES["A"], "tax": 2.0, **month(2026, 10)}], id="later", filled_on=date(2027, 1, 1)
    )
    assert figure(corrected(ledger(correction("税收", 5.0)), TAX, later), "output", "tax") == [5.0]


def test_a_correction_is_for_its_span_alone() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 50.0, **year_to_date(2026, 10))))
    assert sorted(figure(result, "output", "tax")) == [1.0, 50.0]


def test_what_is_not_approved_is_not_applied() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 5.0, approved_by=None)))
    assert figure(result, "output", "tax") == [1.0]
    assert problem_cells(result, "correction_incomplete") == [("ledger.xlsx", "G2")]
    assert "审批人" in message(result, "correction_incomplete")
    assert result.facts["corrections"].is_empty()
    assert result.submissions.filter(pl.col("submission_id") == "ledger")["status"].item() == "refused"


def test_what_is_declined_is_not_applied_and_is_no_error() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 5.0, decision="不同意")))
    assert figure(result, "output", "tax") == [1.0]
    assert problem_cells(result, "correction_declined") == [("ledger.xlsx", "I2")]
    assert result.problems.filter(pl.col("severity") == "error").is_empty()


def test_an_approval_is_revoked_by_a_later_ledger_that_declines_the_same_and_renewed_by_one_that_agrees() -> None:
    agreed = ledger(correction("实缴税金", 5.0), id="first")
    declined = ledger(correction("税收(元)", 50_000.0, decision="不同意"), id="second")
    result = corrected(TAX, agreed, declined)
    assert figure(result, "output", "tax") == [1.0]
    assert problem_cells(result, "correction_revoked") == [("first.xlsx", "G2")]
    assert result.problems.filter(pl.col("severity") == "error").is_empty()
    again = ledger(correction("实缴税金", 5.0, decision="同意"), id="third")
    assert figure(corrected(TAX, agreed, declined, again), "output", "tax") == [5.0]
    assert figure(corrected(TAX, declined, agreed), "output", "tax") == [5.0]


def test_declining_another_value_of_the_figure_revokes_nothing() -> None:
    asked = ledger(correction("实缴税金", 7.0, decision="不同意"), id="second")
    assert figure(corrected(TAX, ledger(correction("实缴税金", 5.0), id="first"), asked), "output", "tax") == [5.0]


def test_a_declined_correction_that_nobody_signed_is_reported_once() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 5.0, decision="不同意", approved_by=None)))
    assert result.problems["rule"].to_list() == ["correction_declined"]


def test_a_correction_whose_decision_cannot_be_read_is_not_applied() -> None:
    sheet = ledger(correction("实缴税金", 5.0))
    result = resolved(register("A"), TAX, sheet, problems=[refused("not_a_number", sheet, 2, "decision")])
    assert figure(result, "output", "tax") == [1.0]


def test_an_agreed_correction_is_applied() -> None:
    assert figure(corrected(TAX, ledger(correction("实缴税金", 5.0, decision="同意"))), "output", "tax") == [5.0]


def test_an_unknown_figure_is_reported_and_not_applied() -> None:
    result = corrected(TAX, ledger(correction("纳税信用", 5.0), correction("实缴税金(吨)", 7.0)))
    assert figure(result, "output", "tax") == [1.0]
    assert problem_cells(result, "correction_field_unknown") == [("ledger.xlsx", "C2"), ("ledger.xlsx", "C3")]


def test_a_value_that_reading_refused_is_not_reported_again() -> None:
    sheet = ledger(correction("实缴税金", None), correction("研发费用", None))
    result = resolved(register("A"), sheet, problems=[refused("not_a_number", sheet, 2, "new")])
    assert problem_cells(result, "correction_incomplete") == [("ledger.xlsx", "E3")]


def test_the_correction_approved_last_counts_whatever_it_calls_the_figure() -> None:
    rows = [correction("税收", 6.0, approved=date(2026, 12, 1)), correction("实缴税金", 5.0)]
    result = corrected(TAX, ledger(*rows))
    assert figure(result, "output", "tax") == [6.0]
    assert not problem_cells(result, "conflict")
    assert counting(result, "corrections")["new"].to_list() == [6.0]


def test_two_values_approved_on_one_day_in_one_ledger_are_a_conflict_and_neither_is_applied() -> None:
    result = corrected(TAX, ledger(correction("实缴税金", 5.0), correction("税收", 6.0)))
    assert figure(result, "output", "tax") == [1.0]
    assert problem_cells(result, "conflict") == [("ledger.xlsx", "E2"), ("ledger.xlsx", "E3")]
    assert result.submissions.filter(pl.col("submission_id") == "ledger")["rows_rejected"].item() == 2


LAND = Sheet(
    "land",
    [
        {"uscc": CODES["A"], "owned": 10.0, "leased_in": 2.0, "as_of": date(2025, 12, 31)},
        {"uscc": CODES["A"], "owned": 20.0, "leased_in": 3.0, "idle": 1.0, "as_of": date(2026, 6, 30)},
    ],
    id="land",
)


def owned(result: Resolved) -> list[tuple[date | None, float]]:
    return counting(result, "land").sort("as_of").select("as_of", "owned").rows()


def test_areas_are_corrected_in_the_row_in_force_and_keep_what_is_not_corrected() -> None:
    result = corrected(LAND, ledger(correction("登记用地面积（平方米）", 20000.0), correction("租入面积", 4.0)))
    counted = counting(result, "land").sort("as_of").select("as_of", "owned", "leased_in", "idle")
    assert counted.row(0) == (date(2025, 12, 31), 10.0, 2.0, None)
    assert counted.row(1) == (date(2026, 6, 30), pytest.approx(30.0), 4.0, 1.0)


def test_an_area_is_corrected_as_of_the_span_of_its_correction() -> None:
    result = corrected(LAND, ledger(correction("自有用地面积", 9.0, **month(2025, 12))))
    assert owned(result) == [(date(2025, 12, 31), 9.0), (date(2026, 6, 30), 20.0)]
    both = ledger(correction("自有用地面积", 9.0, **month(2026, 1)), correction("自有用地面积", 19.0, **month(2026, 6)))
    assert owned(corrected(LAND, both)) == [(date(2025, 12, 31), 9.0), (date(2026, 6, 30), 19.0)]


def test_a_survey_made_after_a_correction_is_not_corrected_by_it() -> None:
    survey = Sheet("land", [{"uscc": CODES["A"], "owned": 40.0, "as_of": date(2026, 12, 31)}], id="survey")
    result = corrected(LAND, ledger(correction("自有用地面积", 15.0)), survey)
    assert owned(result) == [(date(2025, 12, 31), 10.0), (date(2026, 6, 30), 15.0), (date(2026, 12, 31), 40.0)]


def test_an_area_of_a_time_before_any_survey_stands_alone() -> None:
    result = corrected(LAND, ledger(correction("自有用地面积", 5.0, **month(2025, 11))))
    assert owned(result) == [(None, 5.0), (date(2025, 12, 31), 10.0), (date(2026, 6, 30), 20.0)]


def test_an_area_nobody_stated_stands_alone() -> None:
    result = corrected(ledger(correction("自有用地面积", 12.0)))
    assert counting(result, "land").select("owned", "as_of").rows() == [(12.0, None)]


def test_a_carrier_is_corrected_in_its_consumption_alone() -> None:
    coal = {"uscc": CODES["A"], "carrier": "原煤", "unit": "吨", "consumption": 10.0, "feedstock": 2.0}
    energy = Sheet("energy", [{**coal, **month(2026, 10)}], id="energy")
    result = corrected(energy, ledger(correction("煤炭", 8.0), correction("电力(千瓦时)", 5e4)))
    counted = counting(result, "energy").select("carrier", "unit", "consumption", "feedstock")
    assert sorted(counted.rows()) == [("原煤", "吨", 8.0, 2.0), ("电力", "千瓦时", 5.0, None)]


def test_a_corrected_carrier_has_the_unit_of_the_ledger_not_of_the_sheet_it_corrects() -> None:
    power = {"uscc": CODES["A"], "carrier": "电力", "unit": "千瓦时", "consumption": 10.0, **month(2026, 10)}
    result = corrected(Sheet("energy", [power], id="energy"), ledger(correction("电力", 8.0)))
    assert counting(result, "energy").select("unit", "consumption").rows() == [("万千瓦时", 8.0)]


def test_targets_are_headers_with_or_without_a_unit() -> None:
    assert find_target(" 营业收入 ") == Target("output", "revenue", None, 1.0)
    assert find_target("营业收入（元）") == Target("output", "revenue", None, 0.0001)
    assert find_target("cod排放量") == Target("output", "cod", None, 1.0)
    assert find_target("天然气(万立方米)") == Target("energy", "consumption", "天然气", 1.0)
    assert find_target("营业收入(含税)") is None
    assert find_target("") is None
