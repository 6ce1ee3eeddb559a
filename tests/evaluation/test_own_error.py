"""How far a zone's figures were off: what counts as a case, and the spread of what was planted."""

import math
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest
from builders.examples import examples
from builders.profiles import INDICATOR, code, policy, profile
from hypothesis import given
from hypothesis import strategies as st

from efficiency.evaluation.evaluate import evaluate
from efficiency.evaluation.robustness import ALL, CASES, OWN_ERRORS, own_errors, restated
from efficiency.policy.model import Robustness
from schemas import FACTS, SUBMISSIONS

OWN = Robustness(data_sd="own", data_sd_otherwise=0.07)
FILES = ("aaaaaaaaaaaa-1", "bbbbbbbbbbbb-1", "cccccccccccc-1")


def cases(off: Any, measure: str = "tax", department: str = "税务局", files: str = "a b") -> pl.DataFrame:
    """Figures whose ln(now ÷ before) is `off`."""
    before = np.random.default_rng(1).lognormal(5, 2, len(off))
    rows = {"measure": measure, "department": department, "files": files, "before": before,
            "after": before * np.exp(np.asarray(off, dtype=np.float64))}  # fmt: skip
    return pl.DataFrame(rows, schema=CASES)


def spread(found: pl.DataFrame, measure: str = "tax", department: str = ALL) -> dict[str, Any]:
    return own_errors(found, ["tax", "energy"], OWN).filter(measure=measure, department=department).row(0, named=True)


@pytest.mark.parametrize("n", [150, 500, 4000])
@pytest.mark.parametrize("seed", range(4))
def test_planted_errors_of_5_percent_are_found(n: int, seed: int) -> None:
    dice = np.random.default_rng(seed)
    found = spread(cases(dice.normal(0, 0.05, n)))
    assert found["cases"] == found["changed"] == n
    assert found["sd"] == pytest.approx(0.05, abs=0.01)
    assert (found["used"], found["source"]) == (found["sd"], "own")
    assert spread(cases([0.05, -0.05] * (n // 2)))["sd"] == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("gross", [math.log(10_000), -math.log(1000), math.log(10), 1.5])
def test_wrong_units_do_not_blow_it_up(gross: float) -> None:
    dice = np.random.default_rng(3)
    found = spread(cases([*dice.normal(0, 0.05, 400), *[gross] * 60]))
    assert found["sd"] == pytest.approx(0.05, abs=0.01)
    assert 60 <= found["set_aside"] <= 62
    assert found["changed"] == found["cases"] == 460


def test_changes_of_sign_and_from_zero_have_no_ratio_and_are_counted() -> None:
    dice = np.random.default_rng(4)
    odd = pl.DataFrame(
        [("tax", "税务局", "a b", 0.0, 5.0), ("tax", "税务局", "a b", 5.0, 0.0), ("tax", "税务局", "a b", -3.0, 3.0),
         ("tax", "税务局", "a b", 0.0, 0.0)],
        schema=CASES, orient="row",
    )  # fmt: skip
    alone, beside = cases(dice.normal(0, 0.05, 100)), pl.concat([cases(dice.normal(0, 0.05, 100)), odd])
    assert spread(beside)["set_aside"] == 3, "nothing is known of 0 that stayed 0"
    assert spread(beside)["cases"] == 103
    assert spread(beside)["sd"] == pytest.approx(spread(alone)["sd"], abs=0.02)
    refunds = cases(dice.normal(0, 0.05, 200)).with_columns(-pl.col("before", "after"))
    assert spread(refunds)["sd"] == pytest.approx(0.05, abs=0.01)


def test_unchanged_figures_are_evidence_of_a_small_error_where_others_of_the_file_changed() -> None:
    dice = np.random.default_rng(5)
    found = spread(cases([*dice.normal(0, 0.05, 300), *[0.0] * 900]))
    assert (found["cases"], found["changed"]) == (1200, 300)
    assert found["sd"] == pytest.approx(0.025, abs=0.004), "a quarter of the figures is off by 5 %: √¼ × 5 %"


@pytest.mark.parametrize("rounding", [1e-7, 1e-4, 1e-3])
def test_figures_that_only_come_rounded_otherwise_do_not_make_honest_errors_look_gross(rounding: float) -> None:
    dice = np.random.default_rng(9)
    honest = dice.normal(0, 0.05, 60)
    found = spread(cases([*dice.normal(0, rounding, 300), *honest]))
    assert found["set_aside"] == 0
    assert found["sd"] == pytest.approx(math.sqrt((honest**2).sum() / 360), abs=0.002)


def test_a_careful_department_does_not_make_the_errors_of_another_look_gross() -> None:
    dice = np.random.default_rng(10)
    found = spread(pl.concat([cases(dice.normal(0, 0.01, 400)), cases(dice.normal(0, 0.1, 100), department="统计局")]))
    assert found["sd"] == pytest.approx(math.sqrt(0.8 * 0.01**2 + 0.2 * 0.1**2), abs=0.01)


def test_few_changes_among_thousands_that_were_sent_again_as_they_were_are_few_cases() -> None:
    dice = np.random.default_rng(11)
    few, enough = (spread(cases([*dice.normal(0, 0.02, n), *[0.0] * 5000])) for n in (29, 30))
    assert (few["changed"], few["used"], few["source"]) == (29, 0.07, "policy")
    assert (enough["changed"], enough["used"], enough["source"]) == (30, enough["sd"], "own")


def test_copies_that_change_nothing_show_nothing() -> None:
    dice = np.random.default_rng(6)
    changed, copied = cases(dice.normal(0, 0.05, 100)), cases([0.0] * 5000, files="a c")
    assert spread(pl.concat([changed, copied])) == spread(changed)
    assert spread(copied)["cases"] == 0
    assert (spread(copied)["used"], spread(copied)["source"]) == (0.07, "policy")


def test_too_few_cases_take_the_figure_of_the_policy() -> None:
    dice = np.random.default_rng(7)
    few, enough = spread(cases(dice.normal(0, 0.05, 29))), spread(cases(dice.normal(0, 0.05, 30)))
    assert (few["used"], few["source"]) == (0.07, "policy")
    assert few["sd"] is not None
    assert (enough["used"], enough["source"]) == (enough["sd"], "own")
    never = spread(cases([]), measure="energy")
    assert (never["cases"], never["sd"], never["used"]) == (0, None, 0.07)
    exact = spread(pl.concat([cases([0.0] * 50), cases([9.0])]))
    assert (exact["sd"], exact["used"]) == (0.0, 0.07), "nobody can claim that figures have no error at all"


def test_each_department_has_a_row_and_the_draws_take_that_of_all() -> None:
    dice = np.random.default_rng(8)
    both = pl.concat([cases(dice.normal(0, 0.02, 200)), cases(dice.normal(0, 0.1, 200), department="统计局")])
    tax, stat, everybody = (spread(both, department=name) for name in ("税务局", "统计局", ALL))
    assert tax["sd"] < 0.03 < everybody["sd"] < 0.08 < stat["sd"]
    assert tax["used"] == stat["used"] == everybody["used"] == everybody["sd"]


@examples(40, 400)
@given(st.lists(st.floats(-12, 12), max_size=40), st.randoms(use_true_random=False))
def test_whatever_was_sent_again_gives_one_finite_spread_in_any_order(off: list[float], dice: Any) -> None:
    found = cases(off)
    order = list(range(len(off)))
    dice.shuffle(order)
    rows = own_errors(found, ["tax", "energy"], OWN)
    assert rows.equals(own_errors(found[order] if order else found, ["tax", "energy"], OWN))
    assert rows.schema == OWN_ERRORS
    assert rows["used"].is_finite().all()
    assert rows["used"].is_between(0, math.log(8)).all()
    assert (rows["set_aside"] <= rows["changed"]).all()
    assert (rows["changed"] <= rows["cases"]).all()


# --- which figures are cases ---------------------------------------------------------------------------------------


def sheets(
    *left_out: str | None, names: tuple[str, ...] = ("税务局/a.xlsx", "税务局/b.xlsx", "c.xlsx")
) -> pl.DataFrame:
    gone = [*left_out, *[None] * (len(FILES) - len(left_out))]
    rows = {"submission_id": FILES, "file_name": names, "left_out": gone}
    return pl.DataFrame(rows, schema={name: SUBMISSIONS.polars_schema[name] for name in rows})


def stated(form: str, *rows: dict[str, Any]) -> dict[str, pl.DataFrame]:
    frames = {name: table.empty() for name, table in FACTS.items()}
    common = {"uscc": code(0), "name": "企业0", "sheet": "表", "row": 5, "block": 0, "superseded": False}
    if FACTS[form].polars_schema.get("span_start"):
        common |= {"span_start": date(2026, 3, 1), "span_end": date(2026, 3, 1)}
    full = [{**common, **row} for row in rows]
    return {**frames, form: FACTS[form].conform(pl.DataFrame(full, infer_schema_length=None))}


def found(facts: dict[str, pl.DataFrame], measure: str = "tax", submissions: pl.DataFrame | None = None) -> list[Any]:
    known = sheets() if submissions is None else submissions
    rows = restated(facts, known, [measure], date(2026, 10, 31))
    return rows.sort("before").select("department", "before", "after").rows()


A, B, C = ({"submission_id": file} for file in FILES)
OFF = {"superseded": True}


def test_a_superseded_figure_is_a_case_beside_the_one_that_counts() -> None:
    facts = stated("output", {**A, **OFF, "tax": 90.0}, {**B, **OFF, "tax": 95.0}, {**C, "tax": 100.0})
    assert found(facts) == [("税务局", 90.0, 100.0), ("税务局", 95.0, 100.0)]
    assert found(facts, "revenue") == []


def test_the_same_wrong_figure_in_two_tables_is_one_case() -> None:
    facts = stated("output", {**A, **OFF, "tax": 90.0}, {**B, **OFF, "tax": 90.0}, {**C, "tax": 100.0})
    assert found(facts) == [("税务局", 90.0, 100.0)]


def test_figures_of_one_file_repeat_one_another_and_are_no_case() -> None:
    same = {"submission_id": "aaaaaaaaaaaa-2"}
    assert found(stated("output", {**A, **OFF, "tax": 90.0}, {**same, "tax": 100.0})) == []


def test_what_was_withdrawn_is_no_case_and_what_a_mended_file_replaced_is() -> None:
    facts = stated("output", {**A, **OFF, "tax": 90.0}, {**B, "tax": 100.0})
    assert found(facts, submissions=sheets("withdrawn")) == []
    assert found(facts, submissions=sheets("succeeded")) == [("税务局", 90.0, 100.0)]


def test_parts_are_compared_as_the_whole_that_they_add_up_to() -> None:
    first, second = ({**A, **OFF, "tax": tax, "part": part} for tax, part in ((60.0, "增值税"), (30.0, "所得税")))
    assert found(stated("output", first, second, {**B, "tax": 100.0})) == [("税务局", 90.0, 100.0)]


def test_what_a_correction_carries_into_longer_figures_is_no_case() -> None:
    carried = {**C, "part": "申诉更正 2026-03", "tax": 5.0}
    assert found(stated("output", {**A, "tax": 90.0}, carried)) == []


def test_spans_after_the_period_are_not_known_yet() -> None:
    later = {"span_start": date(2026, 11, 1), "span_end": date(2026, 11, 1)}
    assert found(stated("output", {**A, **OFF, **later, "tax": 90.0}, {**B, **later, "tax": 100.0})) == []


def test_land_is_compared_as_it_is_used_and_electricity_apart_from_other_carriers() -> None:
    rows = [{**A, **OFF, "owned": 20.0, "leased_in": 4.0, "leased_out": 6.0}, {**B, "owned": 20.0}]
    assert found(stated("land", *rows), "land") == [("税务局", 18.0, 20.0)]
    assert found(stated("land", *rows), "land_owned") == [("税务局", 20.0, 20.0)]
    power = [{**A, **OFF, "carrier": "电力", "consumption": 9.0}, {**B, "carrier": "电力", "consumption": 10.0}]
    coal = [{**A, **OFF, "carrier": "原煤", "consumption": 5.0}, {**B, "carrier": "原煤", "consumption": 6.0}]
    assert found(stated("energy", *power, *coal), "electricity") == [("税务局", 9.0, 10.0)]
    assert found(stated("energy", *power, *coal), "energy") == [("税务局", 5.0, 6.0), ("税务局", 9.0, 10.0)]


def test_a_correction_of_what_only_longer_figures_state_is_a_case_by_its_old_value() -> None:
    ledger = {**C, "field": "实缴税金", "old": 40.0, "new": 50.0, "approved_by": "王局"}
    facts = stated("corrections", ledger, {**ledger, "field": "营业收入", "row": 6}, {**ledger, "old": None, "row": 7})
    assert found(facts) == [("", 40.0, 50.0)]
    assert found({**facts, "output": stated("output", {**A, **OFF, "tax": 41.0}, {**C, "tax": 50.0})["output"]}) == [
        ("税务局", 41.0, 50.0)
    ]


def test_the_draws_take_the_spread_of_each_measure() -> None:
    rows = [{"tax": 3.0 + i % 7, "land": 1.0, "revenue": 2.0 + i % 5, "energy": 1.0} for i in range(40)]

    def shares(robustness: str, errors: pl.DataFrame | None = None) -> list[float | None]:
        rules = policy(indicators=INDICATOR, tail=f"[robustness]\ndraws = 100\nweight_sd = 0.1\n{robustness}\n")
        return evaluate(profile(*rows), rules, data_errors=errors).scores["tier_confidence"].to_list()

    measures = ["tax", "land", "revenue", "energy"]
    alike = pl.concat([cases([0.2, -0.2] * 50, measure=name) for name in measures])
    assert shares('data_sd = "own"', own_errors(alike, measures, OWN)) == pytest.approx(
        shares("data_sd = 0.2"), abs=0.03
    )
    assert shares('data_sd = "own"\ndata_sd_otherwise = 0.2') == shares("data_sd = 0.2")
    assert shares('data_sd = "own"\ndata_sd_otherwise = 0.0') == shares("data_sd = 0.0")
