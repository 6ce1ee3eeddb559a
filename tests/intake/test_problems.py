"""The catalogue of problems."""

from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.intake.problems import (
    EMPTY,
    MOST_LISTED,
    PARSE_PROBLEMS,
    RULES,
    cell_address,
    locate,
    number_text,
    problem,
    problem_rows,
    problems_frame,
    without_most,
)
from schemas import COLUMN_MAP, FORMS, PROBLEMS

WHERE: dict[str, Any] = {"submission_id": "s", "file_name": "f.xlsx"}


def test_the_shape_is_that_of_the_warehouse_plus_the_row() -> None:
    assert EMPTY.schema == pl.Schema(PARSE_PROBLEMS)
    assert [name for name in PARSE_PROBLEMS if name != "row"] == [n for n in PROBLEMS.names if n != "run_id"]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_says_in_chinese_what_to_do(rule: str) -> None:
    message = RULES[rule].message.removesuffix("{hint}")  # whole sentences, or nothing
    assert message.endswith("。")
    # A refused row of the register gets its remedy with what is wrong in it.
    assert rule == "register_waited_for" or any(remedy in message for remedy in ("请", "无需处理", "以各品种为准"))


@pytest.mark.parametrize("rule", RULES)
def test_one_problem_and_a_column_of_problems_say_the_same(rule: str) -> None:
    words: dict[str, Any] = {word: f"<{word}>" for word in RULES[rule].words}
    location = {
        "value": words.pop("value", None),
        "sheet": words.pop("sheet", ""),
        "field": "revenue",
        "cell": "F17",
        "row": 17,
        **WHERE,
    }
    words.pop("title", None)
    one = problems_frame([problem(rule, **location, **words)])
    frame = pl.DataFrame([location], schema_overrides={"value": pl.String})
    many = problem_rows(rule, frame, {word: pl.lit(text) for word, text in words.items()})
    assert one.to_dicts() == many.to_dicts()
    assert "{" not in one["message"].item()


def test_the_rules_of_the_forms_are_in_the_catalogue_with_their_severity() -> None:
    for form in FORMS.values():
        for rule in form.rules:
            assert RULES[rule.name].severity == rule.severity


def test_the_title_of_the_field_fills_the_message() -> None:
    found = problem("not_a_number", field="revenue", value="约300", cell="F17", row=17, **WHERE)
    assert found["message"] == "“营业收入”应填数字，现为“约300”。请改为数字后重新报送；没有数据的请留空。"
    assert (found["severity"], found["cell"], found["row"]) == ("error", "F17", 17)


def test_a_missing_value_is_told_as_blank() -> None:
    assert "现为“空白”" in str(problem("period_unknown", **WHERE)["message"])


def test_an_unknown_rule_and_a_missing_word_are_named() -> None:
    with pytest.raises(KeyError, match="nonsense"):
        problem("nonsense", **WHERE)
    with pytest.raises(KeyError, match="reason"):
        problem("unreadable", **WHERE)
    with pytest.raises(KeyError, match="expected"):
        problem_rows("unit_unknown", pl.DataFrame([WHERE]))


def test_no_problems_keep_the_shape() -> None:
    assert problems_frame([]).schema == EMPTY.schema
    assert problem_rows("negative", pl.DataFrame(schema={"submission_id": pl.String})).schema == EMPTY.schema


def test_a_cell_is_found_by_block_else_by_the_first_column_of_the_field() -> None:
    stated = [
        {"block": 0, "field": "name", "column": "B", "header": "企业名称"},
        {"block": 1, "field": "consumption", "column": "F", "header": "电力", "factor": 0.5},
        {"block": 2, "field": "name", "column": "G", "header": "甲公司", "row": 2},
    ]
    rows_of_map = [{"submission_id": "s", "unit_assumed": False, **column} for column in stated]
    columns = pl.DataFrame(rows_of_map, schema=COLUMN_MAP.polars_schema)
    submissions = pl.DataFrame({"submission_id": ["s"], "file_name": ["f.xlsx"], "sheet": ["能源"]})
    rows = pl.DataFrame(
        {
            "submission_id": ["s"] * 4,
            "row": [17] * 4,
            "block": [1, 1, 1, 2],
            "field": ["consumption", "name", "tax", "name"],
        }
    )
    placed = locate(rows, submissions, columns)
    assert placed["cell"].to_list() == ["F17", "B17", None, "G2"]
    assert placed["factor"].to_list() == [0.5, None, None, None]
    assert cell_address("F", 17) == "F17"


@given(st.floats(-1e12, 1e12))
def test_numbers_are_written_without_noise_and_without_a_bare_point(number: float) -> None:
    text = str(pl.select(number_text(pl.lit(number))).item())
    assert not text.endswith(".0")
    assert float(text) == pytest.approx(number, rel=1e-11, abs=1e-300)


def test_a_csv_is_not_said_to_have_a_sheet() -> None:
    found = problem("form_unknown", submission_id="a", file_name="产出.csv")
    assert str(found["message"]).startswith("该文件的表头")


def test_problems_of_a_column_beyond_a_thousand_are_counted_in_one_line() -> None:
    def unknown(column: str, count: int) -> pl.DataFrame:
        rows = pl.int_range(2, count + 2, eager=True).alias("row")
        return problem_rows(
            "enterprise_unknown",
            pl.DataFrame([rows]).with_columns(
                pl.lit("s").alias("submission_id"),
                pl.lit("f").alias("file_name"),
                pl.lit("").alias("sheet"),
                pl.lit("name").alias("field"),
                (pl.lit(column) + pl.col("row").cast(pl.String)).alias("cell"),
            ),
        )

    every = pl.concat([unknown("A", 2_500), unknown("B", MOST_LISTED + 1)])
    listed = without_most(every)
    assert listed.height == MOST_LISTED + 1 + MOST_LISTED + 1
    counted = listed.row(MOST_LISTED, named=True)
    assert (counted["rule"], counted["cell"], counted["value"]) == ("enterprise_unknown", "A1002", "1500")
    assert "1500" in counted["message"]
    assert "2501" in counted["message"], "the last of their rows"
    assert listed["message"].str.contains("另有").sum() == 1, "one more than a thousand is listed as it is"
    assert without_most(listed).height == listed.height
