"""A mistake in the register is one mistake: the other files of that enterprise wait and are not returned."""

from typing import Any

import polars as pl
import pytest
from builders.sent import REGISTER, A, B, C, sent, told, totals
from builders.sheets import Rows
from builders.stated import CODES, Resolved

WRONG = CODES["A"][:-1] + ("0" if CODES["A"][-1] != "0" else "1")
OUTPUT = ["统一社会信用代码", "企业名称", "实缴税金(万元)", "营业收入(万元)"]
LAND: Rows = [["单位:亩"], ["企业名称", "登记用地面积"], [A, 20], [B, 30]]


def register(code: Any, name: Any = A) -> Rows:
    return [REGISTER[0], [code, name, "3071"], *REGISTER[2:]]


def output(code: str | None, name: str | None = A) -> Rows:
    return [["2026年1-10月"], OUTPUT, [code, name, 5, 6], [CODES["B"], B, 5, 6]]


def message(result: Resolved, rule: str) -> str:
    return str(result.problems.filter(rule=rule)["message"].item())


@pytest.mark.parametrize("stated", [(WRONG, A), (CODES["A"], A), (None, A), (WRONG, None)])
def test_figures_of_an_enterprise_whose_code_the_register_gets_wrong_wait_without_a_problem(
    stated: tuple[str | None, str | None],
) -> None:
    result = sent(output(*stated), LAND, register=register(WRONG))
    assert told(result) == [("名录.xlsx", "A2", "uscc_invalid")]
    assert "该企业另有 2 份文件的 3 项数据在等待" in message(result, "uscc_invalid")
    assert result.facts["output"]["uscc"].to_list() == [CODES["B"]]
    assert result.submissions["rows_rejected"].to_list() == [1, 1, 1]
    assert "refused" not in result.submissions["status"].to_list()


@pytest.mark.parametrize(
    "wrong",
    [
        WRONG,
        CODES["A"][:9] + "7" + CODES["A"][10:],
        CODES["A"][:3] + CODES["A"][4] + CODES["A"][3] + CODES["A"][5:],
        CODES["A"][:-1],
        CODES["A"][:5] + "3" + CODES["A"][5:],
    ],
    ids=["check character", "one character", "two exchanged", "one less", "one more"],
)
def test_figures_by_the_right_code_alone_wait_for_the_register_that_gets_it_wrong(wrong: str) -> None:
    result = sent(output(CODES["A"], None), register=register(wrong))
    assert told(result) == [("名录.xlsx", "A2", "uscc_invalid")]
    assert "该企业另有 1 份文件的 2 项数据在等待" in message(result, "uscc_invalid")


def test_a_code_of_nobody_does_not_wait_for_another_one_that_the_register_gets_wrong() -> None:
    stranger = "91370303MA3C999997"
    result = sent(output(stranger, None), register=register(WRONG))
    assert {rule for _, _, rule in told(result)} & {"enterprise_unknown", "uscc_invalid"}
    assert "1.xlsx" in {file for file, _, _ in told(result)}


@pytest.mark.parametrize(
    ("code", "name", "rule"),
    [
        (None, A, "enterprise_missing"),
        (CODES["A"], None, "enterprise_missing"),
        (913703030000000000, A, "uscc_damaged"),
    ],
)
def test_whatever_keeps_an_enterprise_out_of_the_register_is_told_there_alone(code: Any, name: Any, rule: str) -> None:
    result = sent(output(CODES["A"], A), register=register(code, name))
    assert {file for file, _, _ in told(result)} == {"名录.xlsx"}
    assert rule in {found for _, _, found in told(result)}
    assert sum("1 份文件的 2 项数据在等待" in text for text in result.problems["message"]) == 1


def test_the_figures_count_as_soon_as_the_register_is_mended() -> None:
    result = sent(output(CODES["A"]), REGISTER, register=register(WRONG))
    assert totals(result, "tax")[0] == 5
    assert told(result) == [("名录.xlsx", "A2", "uscc_invalid")]
    assert "在等待" not in message(result, "uscc_invalid")


def test_an_enterprise_that_is_in_no_register_stays_unknown() -> None:
    result = sent(output(CODES["A"]), register=[REGISTER[0], *REGISTER[2:]])
    assert told(result) == [("1.xlsx", "A3", "enterprise_unknown")]


def test_the_former_name_of_a_refused_row_is_awaited_too() -> None:
    head = ["统一社会信用代码", "企业名称", "曾用名", "行业代码"]
    result = sent(
        output(None, "淄博老陶瓷厂"), register=[head, [WRONG, A, "淄博老陶瓷厂", "3071"], [CODES["B"], B, None, "3071"]]
    )
    assert told(result) == [("名录.xlsx", "A2", "uscc_invalid")]


def test_a_wrong_code_of_its_own_is_told_in_the_file_and_whether_its_row_counts() -> None:
    counted = sent(output(WRONG), register=REGISTER)
    assert told(counted) == [("1.xlsx", "A3", "uscc_invalid")]
    assert f"该行已按企业名称计入“{A}”" in message(counted, "uscc_invalid")
    lost = sent(output(WRONG, "别家公司"), register=REGISTER)
    assert "该行数据未采用" in message(lost, "uscc_invalid")
    other = sent(output("91370303MA3C000021"), register=register(WRONG))
    assert told(other) == [("名录.xlsx", "A2", "uscc_invalid"), ("1.xlsx", "A3", "uscc_invalid")]
    assert "等待企业名录改正" in other.problems.filter(pl.col("file_name") == "1.xlsx")["message"].item()


def test_two_refused_rows_of_different_enterprises_count_their_own() -> None:
    bad = CODES["C"][:-1] + ("0" if CODES["C"][-1] != "0" else "1")
    rows = [REGISTER[0], [WRONG, A, "3071"], REGISTER[2], [bad, C, "3071"]]
    result = sent([["2026年10月"], OUTPUT, [None, A, 1, None], [None, C, 1, 2]], register=rows)
    texts = result.problems.filter(rule="uscc_invalid").sort("row")["message"].to_list()
    assert ["1 项" in texts[0], "2 项" in texts[1]] == [True, True]


def with_second_name(name: str, former: str | None = None) -> Rows:
    head = ["统一社会信用代码", "企业名称", "曾用名", "行业代码"]
    return [head, [CODES["A"], A, former, "3071"], [CODES["A"], name, None, "3071"], [CODES["B"], B, None, "3071"]]


def test_one_code_under_two_names_registers_neither_and_is_told_at_both() -> None:
    result = sent(
        output(CODES["A"]), output(None, "淄博某建材有限公司"), register=with_second_name("淄博某建材有限公司")
    )
    assert told(result, "repeated_figure") == [("名录.xlsx", "B2", "conflict"), ("名录.xlsx", "B3", "conflict")]
    assert result.facts["register"]["uscc"].to_list() == [CODES["B"]]
    assert set(result.facts["output"]["uscc"]) == {CODES["B"]}
    text = result.problems.filter(rule="conflict")["message"][0]
    assert "企业名称" in text
    assert "曾用名" in text
    assert "该企业另有 2 份文件的 4 项数据在等待" in text


@pytest.mark.parametrize("name", [A.replace("公司", " 公司"), "淄博旧名有限公司"])
def test_a_name_that_is_the_same_or_a_former_one_contradicts_nothing(name: str) -> None:
    result = sent(output(CODES["A"]), register=with_second_name(name, "淄博旧名有限公司"))
    assert {rule for _, _, rule in told(result)} == {"repeated_figure"}
    assert result.facts["register"].filter(~pl.col("superseded"))["uscc"].to_list() == [CODES["A"], CODES["B"]]


@pytest.mark.parametrize(("former", "rules"), [(None, ["code_renamed"]), (A, [])])
def test_a_code_that_a_later_register_gives_another_name_is_told_unless_it_states_the_former_one(
    former: str | None, rules: list[str]
) -> None:
    head = ["统一社会信用代码", "企业名称", "曾用名", "行业代码"]
    result = sent([head, [CODES["A"], "淄博新名有限公司", former, "3071"]])
    assert [rule for _, _, rule in told(result)] == rules
    assert result.facts["register"].filter(~pl.col("superseded"), uscc=CODES["A"])["name"].to_list() == [
        "淄博新名有限公司"
    ]
