"""Matching rows to the register."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders.sent import REGISTER, A, B, cells, sent, told
from builders.sheets import write
from builders.stated import (
    CODES,
    NAMES,
    Resolved,
    Row,
    Sheet,
    counting,
    enterprise,
    message,
    month,
    problem_cells,
    refused,
    register,
    resolved,
)

from efficiency.intake.resolution.identity import fold
from efficiency.review.check import check_paths


def tax(**who: Any) -> Row:
    return {**who, "tax": 1.0, **month(2026, 10)}


def outcome(*rows: Row, of: Sheet | None = None) -> Resolved:
    return resolved(of or register("A", "B"), Sheet("output", rows, id="tax"))


def test_a_valid_code_decides_and_the_fact_carries_the_registered_name() -> None:
    facts = counting(outcome(tax(uscc=f" {CODES['A'].lower()} ")), "output")
    assert facts.select("uscc", "name").rows() == [(CODES["A"], NAMES["A"])]


def test_a_name_is_exact_after_normalising_width_spaces_and_brackets() -> None:
    sheet = Sheet("register", [{"uscc": CODES["A"], "name": "淄博(甲)陶瓷Ab有限公司"}], id="register")
    facts = counting(outcome(tax(name="淄博〔甲〕 陶瓷ＡＢ有限公司 "), of=sheet), "output")
    assert facts["uscc"].to_list() == [CODES["A"]]
    folded = pl.select(fold(pl.lit(pl.Series(["（甲）", "【甲】", "[甲]", "  "]))))
    assert folded.to_series().to_list() == ["(甲)", "(甲)", "(甲)", None]


@pytest.mark.parametrize("stated", ["淄博老陶瓷厂", "周村窑业", "周村二窑"])
def test_each_former_name_is_known(stated: str) -> None:
    sheet = Sheet("register", [enterprise("A", former_name="淄博老陶瓷厂、周村窑业；周村二窑")], id="register")
    result = outcome(tax(name=stated), of=sheet)
    assert counting(result, "output")["uscc"].to_list() == [CODES["A"]]
    assert not problem_cells(result, "enterprise_unknown")


def test_an_unknown_name_is_refused_and_the_nearest_are_named_never_taken() -> None:
    result = outcome(tax(name="淄博甲陶磁有限公司"))
    assert counting(result, "output").is_empty()
    assert problem_cells(result, "enterprise_unknown") == [("tax.xlsx", "B2")]
    assert f"“{NAMES['A']}”" in message(result, "enterprise_unknown")
    assert "博山" not in message(outcome(tax(name="博山")), "enterprise_unknown").split("未采用。")[1]


def test_at_most_three_names_are_suggested_best_first() -> None:
    names = [f"淄博宏{letter}陶瓷有限公司" for letter in "达远运"] + ["淄博宏图陶瓷集团"]
    rows = [{"uscc": CODES[letter], "name": name} for letter, name in zip("ABCD", names, strict=True)]
    sheet = Sheet("register", rows, id="register")
    text = message(outcome(tax(name="淄博宏陶瓷有限公司"), of=sheet), "enterprise_unknown")
    assert [name in text for name in names] == [True, True, True, False]


def test_a_name_that_fits_two_codes_is_an_error() -> None:
    sheet = Sheet("register", [enterprise("A"), {"uscc": CODES["B"], "name": NAMES["A"]}], id="register")
    result = outcome(tax(name=NAMES["A"]), tax(uscc=CODES["B"]), of=sheet)
    assert problem_cells(result, "enterprise_ambiguous") == [("tax.xlsx", "B2")]
    assert CODES["A"] in message(result, "enterprise_ambiguous")
    assert counting(result, "output")["uscc"].to_list() == [CODES["B"]]


def test_a_row_without_code_and_name_is_refused() -> None:
    result = outcome(tax())
    assert problem_cells(result, "enterprise_missing") == [("tax.xlsx", "B2")]
    assert counting(result, "output").is_empty()


def test_a_wrong_code_is_an_error_on_its_cell_but_the_row_counts_by_its_name() -> None:
    wrong = CODES["A"][:-1] + ("0" if CODES["A"][-1] != "0" else "1")
    result = outcome(tax(uscc=wrong, name=NAMES["B"]))
    assert problem_cells(result, "uscc_invalid") == [("tax.xlsx", "A2")]
    assert f"校验码应为“{CODES['A'][-1]}”" in message(result, "uscc_invalid")
    assert counting(result, "output")["uscc"].to_list() == [CODES["B"]]


def test_a_wrong_code_without_a_name_is_reported_once() -> None:
    result = outcome(tax(uscc="123"))
    assert "现为 3 位" in message(result, "uscc_invalid")
    assert result.problems.height == 1
    assert counting(result, "output").is_empty()


def test_a_valid_code_that_is_not_registered_is_unknown_whatever_the_name() -> None:
    result = outcome(tax(uscc=CODES["C"], name=NAMES["A"]))
    assert counting(result, "output").is_empty()
    assert problem_cells(result, "enterprise_unknown") == [("tax.xlsx", "A2")]
    assert "该代码未登记" in message(result, "enterprise_unknown")
    assert NAMES["A"] in message(result, "enterprise_unknown")


def test_a_strange_name_beside_a_registered_code_is_a_warning_a_former_one_is_not() -> None:
    sheet = Sheet("register", [enterprise("A", former_name="老厂"), enterprise("B")], id="register")
    result = outcome(tax(uscc=CODES["A"], name="老厂"), tax(uscc=CODES["B"], name="别家"), of=sheet)
    assert problem_cells(result, "name_mismatch") == [("tax.xlsx", "B3")]
    assert counting(result, "output").height == 2


def test_a_register_row_needs_a_valid_code_and_a_name() -> None:
    rows = [enterprise("A"), {"uscc": "91370303MA3C000020", "name": "丁"}, {"name": "戊"}, {"uscc": CODES["B"]}, {}]
    result = resolved(Sheet("register", rows, id="register"))
    assert counting(result, "register")["uscc"].to_list() == [CODES["A"]]
    assert problem_cells(result, "uscc_invalid") == [("register.xlsx", "A3")]
    assert problem_cells(result, "enterprise_missing") == [("register.xlsx", f"{c}") for c in ("A4", "B5", "A6")]
    assert result.submissions["rows_rejected"].to_list() == [4]


def test_a_code_that_reading_refused_is_not_reported_again() -> None:
    sheet = Sheet("register", [{"name": "甲"}], id="register")
    result = resolved(sheet, problems=[refused("uscc_damaged", sheet, 2, "uscc")])
    assert result.problems["rule"].to_list() == ["uscc_damaged"]
    assert result.submissions["rows_rejected"].to_list() == [1]


def test_the_rows_of_a_wide_sheet_that_is_not_matched_are_reported_once() -> None:
    rows = [
        {"at": 2, "name": "谁", "carrier": c, "unit": "吨", "consumption": 1.0, "block": b, **month(2026, 1)}
        for b, c in enumerate(("原煤", "柴油"))
    ]
    result = resolved(register("A"), Sheet("energy", rows, id="energy"))
    assert len(problem_cells(result, "enterprise_unknown")) == 1


def test_a_code_or_name_of_a_table_that_is_read_as_several_forms_is_reported_once() -> None:
    wrong = {"uscc": CODES["A"][:-1] + "Z", "name": "没有这家公司"}
    sheets = [
        Sheet("output", [{**wrong, **month(2026, 10), "tax": 1.0}], id="0123456789ab-1"),
        Sheet("land", [{**wrong, "owned": 1.0}], id="0123456789ab-1-2"),
    ]
    result = resolved(register("A"), *sheets)
    assert sorted(result.problems["rule"]) == ["enterprise_unknown", "uscc_invalid"]
    assert result.submissions["status"].to_list()[1:] == ["refused", "refused"]


def test_a_register_that_arrives_last_gives_the_same_facts() -> None:
    sheet = Sheet("output", [tax(uscc=CODES["A"])], id="tax")
    first, last = resolved(register("A"), sheet), resolved(sheet, replace(register("A"), arrival=9))
    assert first.facts["output"].equals(last.facts["output"])


def test_nobody_is_reported_at_the_code_where_a_sheet_has_no_names_and_once_where_the_code_was_refused(
    tmp_path: Path,
) -> None:
    rows: list[list[object]] = [
        ["统一社会信用代码", "营业收入(万元)", "用地面积(亩)"],
        [9.1370303e17, 1, 2],
        [None, 3, 4],
    ]
    write(tmp_path / "表.xlsx", {"2026年10月": rows})
    found = check_paths([tmp_path], None).problems.filter(pl.col("severity") == "error")
    assert found.select("cell", "rule").rows() == [("A2", "uscc_damaged"), ("A3", "enterprise_missing")]


@pytest.mark.parametrize("industry", ["9999", "陶瓷", None])
def test_an_enterprise_is_registered_whose_industry_is_wrong_or_missing(industry: str | None) -> None:
    rows = [[*row[:2], industry if number == 1 else row[2]] for number, row in enumerate(REGISTER)]
    result = sent([["2026年10月"], ["企业名称", "营业收入(万元)"], [A, 5], [B, 6]], register=rows)
    assert cells(result, "output", "name", "revenue") == [(A, 5.0), (B, 6.0)]
    assert told(result) == ([] if industry is None else [("名录.xlsx", "C2", "industry_invalid")])
