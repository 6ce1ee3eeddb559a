"""SQL over the view lineage comes to the totals of the evaluation: Σ sign × factor × value, whatever was sent."""

from datetime import date
from typing import Any

import pytest
from builders.examples import examples
from builders.in_sql import TOTALS, Analyst, evaluated
from builders.profiles import indicator, policy
from builders.stated import CODES, Row, Sheet, enterprise, month, resolved, year_to_date
from hypothesis import given
from hypothesis import strategies as st

from efficiency.policy.model import Policy
from schemas.energy import TOTAL_CARRIER

PERIODS = ("2026-09", "2026-10")
CARRIERS = """
SELECT s.energy, q.tce FROM results.scores AS s
LEFT JOIN (SELECT evaluation_id, uscc, sum(tce) AS tce FROM energy_by_carrier GROUP BY ALL) AS q
  USING (evaluation_id, uscc)
"""

figure = st.one_of(st.none(), st.integers(-20, 500).map(float))
amount = st.one_of(st.none(), st.just(0.0), st.integers(0, 500).map(float))
span = st.one_of(
    st.integers(0, 23).map(lambda n: month(2025 + n // 12, n % 12 + 1)),
    st.integers(0, 23).map(lambda n: year_to_date(2025 + n // 12, n % 12 + 1)),
    st.sampled_from([
        {"span_start": date(2025, 11, 1), "span_end": date(2026, 10, 1)},
        {"span_start": date(2026, 4, 1), "span_end": date(2026, 6, 1)},
        {"span_start": date(2024, 1, 1), "span_end": date(2025, 12, 1)},
    ]),
)  # fmt: skip
letter = st.sampled_from("AB")
part = st.sampled_from(["1号表", "2号表"])


def rows(of: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[list[Row]]:
    """Rows of one sheet, all of which are parts or none."""

    def sheet(parts: bool) -> st.SearchStrategy[list[Row]]:
        row = st.fixed_dictionaries({**of, **({"part": part} if parts else {})})
        return st.lists(st.builds(lambda who, stated: {"uscc": CODES[who], **stated}, letter, row), max_size=most)

    return st.sampled_from([False, False, True]).flatmap(sheet)


def of_spans(of: dict[str, st.SearchStrategy[Any]], most: int) -> st.SearchStrategy[list[Row]]:
    """The same of a form whose rows have a span."""
    return rows({"span": span, **of}, most).map(
        lambda made: [{**{k: v for k, v in row.items() if k != "span"}, **row["span"]} for row in made]
    )


outputs = of_spans({"tax": figure, "revenue": figure, "rd_expense": figure, "employees": amount}, 12)
energies = of_spans(
    {
        "carrier": st.sampled_from(["原煤", "电力", "绿电", "天然气", "新水", TOTAL_CARRIER]),
        "consumption": amount,
        "feedstock": amount,
        "transformed": st.sampled_from([None, None, 3.0]),
        "coefficient": st.sampled_from([None, None, 0.5]),
    },
    14,
)
days = st.sampled_from([None, date(2024, 12, 31), date(2025, 12, 31), date(2026, 12, 31)])
areas = rows({"as_of": days, "owned": amount, "leased_in": amount, "leased_out": amount}, 4)
corrections = st.lists(
    st.builds(
        lambda who, number, row: {
            "uscc": CODES[who], "approved_by": "李", **month(2026, number), **row,
        },
        letter,
        st.integers(1, 10),
        st.fixed_dictionaries({
            "field": st.sampled_from(["实缴税金", "营业收入", "电力", "原煤", "自有用地面积"]),
            "old": st.sampled_from([None, 7.0]), "new": st.integers(0, 300).map(float),
            "approved": st.sampled_from([date(2026, 11, 20), date(2026, 10, 15)]),
        }),
    ),
    max_size=3,
)  # fmt: skip


def written(window: str, exclude: str, basis: str, coefficients: str) -> Policy:
    pairs = [("tax", "land"), ("revenue", "energy"), ("rd_expense", "electricity"), ("revenue", "employees")]
    made = "".join(indicator(f"{top}_per_{bottom}", top, bottom, 25, missing="zero") for top, bottom in pairs)
    return policy(indicators=made, head=f"{window}\n[energy]\n{basis}\nexclude = {exclude}\n{coefficients}")


policies = st.builds(
    written,
    st.sampled_from(['window = "rolling_12m"', 'window = "year_to_date"', 'window = "calendar_year"',
                     'window = "year_to_date"\nannualise = false']),
    st.sampled_from(["[]", '["feedstock"]', '["green_power"]', '["feedstock", "green_power"]']),
    st.sampled_from(['electricity = "calorific"', 'electricity = "equivalent"\nequivalent_kgce_per_kwh = 0.3']),
    st.sampled_from(["", '[energy.coefficients]\n"天然气" = 12.143\n"新水" = 0.0857']),
)  # fmt: skip


def base(kind: str) -> list[Sheet]:
    """What determines totals of tax and energy: every month, or cumulative figures, or nothing."""
    if kind == "nothing":
        return []
    spans = (
        [month(2025 + n // 12, n % 12 + 1) for n in range(22)]
        if kind == "months"
        else [year_to_date(2025, 9), year_to_date(2025, 10), year_to_date(2025, 12), year_to_date(2026, 9),
              year_to_date(2026, 10)]
    )  # fmt: skip
    taxes = [{"uscc": CODES["A"], "tax": 10.0, "revenue": 90.0, **one} for one in spans]
    power = [{"uscc": CODES["A"], "carrier": "电力", "consumption": 5.0, **one} for one in spans]
    return [
        Sheet("output", taxes, id="base output", filled_on=date(2026, 11, 1)),
        Sheet("energy", power, id="base energy", filled_on=date(2026, 11, 1)),
    ]


@pytest.fixture(scope="module")
def analyst() -> Analyst:
    return Analyst()


def agrees(analyst: Analyst, contents: Any) -> int:
    """Assert that SQL comes to every total of `contents`; returns how many totals there are."""
    analyst.take(contents)
    found = 0
    for *where, word, total, summed, counted in analyst.rows(TOTALS):
        if total is None:
            assert not counted, (where, word)
        else:
            assert (summed or 0.0) == pytest.approx(total, rel=1e-9, abs=1e-6), (where, word)
            found += 1
    for total, tce in analyst.rows(CARRIERS):
        # Who states nothing of energy has no carriers.
        assert (total is None and tce is None) or (tce or 0.0) == pytest.approx(total, rel=1e-9, abs=1e-6)
    return found


def sheets(of_base: str, corrected: list[Row], **stated: list[Row]) -> list[Sheet]:
    """The register, what determines most totals, and what else was sent."""
    register = Sheet("register", [enterprise(one, scale="规上") for one in "AB"], id="register")
    ledger = [
        {**row, "carrier": row["field"], "field": "消费量"} if row["field"] in ("电力", "原煤") else row
        for row in corrected
    ]
    made = [
        register,
        *base(of_base),
        *(Sheet(id_.split("_")[0], rows, id=id_, filled_on=FILED[id_]) for id_, rows in stated.items()),
        Sheet("corrections", ledger, id="ledger"),
    ]
    return [sheet for sheet in made if sheet.rows]


FILED = {
    "output_first": date(2026, 11, 5),
    "output_second": date(2026, 11, 21),
    "energy_first": date(2026, 11, 5),
    "energy_second": date(2026, 11, 21),
    "land": None,
}
histories = st.builds(
    sheets,
    st.sampled_from(["months", "cumulative", "nothing"]),
    corrections,
    output_first=outputs,
    output_second=outputs,
    energy_first=energies,
    energy_second=energies,
    land=areas,
)


@examples(short=4, long=60)
@given(histories, policies)
def test_sql_comes_to_every_total_whatever_was_sent(analyst: Analyst, sent: list[Sheet], rules: Policy) -> None:
    agrees(analyst, evaluated(resolved(*sent), rules, *PERIODS))


def test_carriers_parts_and_corrections_count_each_by_its_cell(analyst: Analyst) -> None:
    spans = [year_to_date(2025, 9), year_to_date(2025, 12), year_to_date(2026, 9)]
    tax = [{"uscc": CODES["A"], "tax": figure, **one} for figure, one in zip((90.0, 120.0, 99.0), spans, strict=True)]
    power = [
        {"uscc": CODES["A"], "carrier": carrier, "consumption": 8.0, "feedstock": 3.0, "part": part, **one}
        for one in spans
        for carrier, part in (("原煤", "1号炉"), ("原煤", "2号炉"), ("绿电", "1号表"))
    ]
    march = {"uscc": CODES["A"], "field": "实缴税金", "old": 10.0, "new": 12.0, "approved_by": "李",
             "approved": date(2026, 11, 20), **month(2026, 3)}  # fmt: skip
    sent = sheets("nothing", [march], output_first=tax, energy_first=power)
    rules = written('window = "rolling_12m"', '["feedstock", "green_power"]', 'electricity = "calorific"', "")
    contents = evaluated(resolved(*sent), rules, "2026-09")
    assert agrees(analyst, contents) > 0
    counted = "SELECT value, sign FROM lineage WHERE measure = 'tax' AND sign IS NOT NULL ORDER BY value, sign"
    assert analyst.rows(counted) == [(10, -1), (12, 1), (90, -1), (99, 1), (120, 1)]
    feedstock = (
        "SELECT DISTINCT carrier, sign, factor, excluded FROM lineage WHERE field = 'feedstock' AND measure = 'energy'"
    )
    assert sorted(analyst.rows(feedstock), key=str) == [
        ("原煤", -1, 0.7143, False), ("原煤", 1, 0.7143, False), ("绿电", None, None, True),
    ]  # fmt: skip
    by_carrier = (
        "SELECT carrier, quantity, unit, round(factor, 4), round(tce, 4), excluded FROM energy_by_carrier ORDER BY 1"
    )
    assert analyst.rows(by_carrier) == [
        ("原煤", 10.0, "吨", 0.7143, 7.143, False), ("绿电", 5.0, "万千瓦时", 0.0, 0.0, True),
    ]  # fmt: skip


def test_what_does_not_determine_a_total_has_no_sign(analyst: Analyst) -> None:
    one = [{"uscc": CODES["A"], "tax": 5.0, **month(2026, 9)}]
    analyst.take(evaluated(resolved(*sheets("nothing", [], output_first=one)), written("", "[]", "", ""), "2026-09"))
    assert analyst.rows("SELECT value, sign FROM lineage WHERE measure = 'tax'") == [(5.0, None)]


def test_an_evaluation_without_compositions_has_figures_without_signs(analyst: Analyst) -> None:
    contents = evaluated(resolved(*sheets("months", [])), written("", "[]", "", ""), "2026-09")
    empty = {name: contents[name].clear() for name in ("results.compositions", "results.coefficients")}
    analyst.take(contents.with_frames(empty))
    assert analyst.rows("SELECT count(*) > 0, count(sign) FROM lineage WHERE measure = 'tax'") == [(True, 0)]
    assert analyst.rows("SELECT DISTINCT carrier, quantity, tce FROM energy_by_carrier") == [("电力", None, None)]
