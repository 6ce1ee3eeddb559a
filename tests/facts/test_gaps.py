"""What is missing is named: the months, carriers and dates behind a total that the figures do not determine."""

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from efficiency.facts.energy import EnergyBasis
from efficiency.facts.gaps import gaps, missing_as_months, months_in_words
from efficiency.facts.windows import Window, WindowKind, missing_months, months_of, window_total
from schemas import FACTS, FEEDS

OCTOBER = date(2026, 10, 1)
WINDOW = Window("rolling_12m", OCTOBER)
MONTHS = [date(2025, 11, 1), date(2025, 12, 1), *(date(2026, m, 1) for m in range(1, 11))]
MARCH, MAY = date(2026, 3, 1), date(2026, 5, 1)
Rows = list[dict[str, object]]


def stated(field: str, months: list[date], value: float | None = 1.0, **more: object) -> Rows:
    return [{"span_start": month, "span_end": month, field: value, **more} for month in months]


def without(*left_out: date) -> list[date]:
    return [month for month in MONTHS if month not in left_out]


def missing(word: str, **forms: Rows) -> str | None:
    """What enterprise 甲 lacks of `word`, whose total is taken as not determined."""
    facts = {
        form: pl.DataFrame([{"uscc": "甲", **row} for row in forms.get(form, [])], schema=table.polars_schema)
        for form, table in FACTS.items()
    }
    profile = pl.DataFrame({"uscc": ["甲"], word: [None]})
    found = gaps(facts, profile, [word], EnergyBasis(), WINDOW)
    assert found["word"].to_list() == [word]
    text: str | None = found["text"].item()
    return text


def test_absent_months_of_a_measure_are_named() -> None:
    assert missing("tax", output=stated("tax", without(MARCH, MAY))) == "缺2026年3月、5月"
    assert missing("tax", output=stated("tax", MONTHS[:4] + MONTHS[7:])) == "缺2026年3-5月"
    assert missing("tax", output=stated("tax", MONTHS[1:])) == "缺2025年11月"
    assert missing("tax") == "缺2025年11-12月、2026年1-10月"


def test_a_month_that_came_without_the_figure_is_missing() -> None:
    rows = stated("tax", without(MARCH)) + stated("tax", [MARCH], None, revenue=5.0)
    assert missing("tax", output=rows) == "缺2026年3月"


def test_months_within_a_cumulative_figure_are_not_missing() -> None:
    until_june = {"span_start": date(2026, 1, 1), "span_end": date(2026, 6, 1), "tax": 6.0}
    later = stated("tax", [date(2026, month, 1) for month in (7, 8, 10)])
    assert missing("tax", output=[until_june, *later, *stated("tax", MONTHS[:2])]) == "缺2026年9月"


def test_a_full_year_leaves_the_fewest_months_to_ask_for() -> None:
    rows: Rows = [
        {"span_start": date(2025, 1, 1), "span_end": date(2025, 12, 1), "tax": 12.0},
        {"span_start": date(2026, 1, 1), "span_end": date(2026, 10, 1), "tax": 10.0},
    ]
    assert missing("tax", output=rows) == "缺2025年11-12月"


def test_energy_names_the_carrier_that_lacks_a_month() -> None:
    both = stated("consumption", without(MARCH), carrier="电力") + stated("consumption", without(MARCH), carrier="原煤")
    assert missing("energy", energy=both) == "缺2026年3月"
    refused = stated("consumption", [MARCH], None, carrier="原煤") + stated("consumption", [MARCH], carrier="电力")
    assert missing("energy", energy=both + refused) == "中原煤缺2026年3月"
    assert missing("electricity", energy=stated("consumption", without(MAY), carrier="电力")) == "缺2026年5月"
    assert missing("energy") == "缺2025年11-12月、2026年1-10月"


def test_a_carrier_that_only_the_year_states_contradicts_the_months() -> None:
    year_before = [date(2025, month, 1) for month in range(1, 11)]
    rows: Rows = stated("consumption", year_before + MONTHS, carrier="电力")
    rows.append({"span_start": date(2025, 1, 1), "span_end": date(2025, 12, 1), "carrier": "原煤", "consumption": 5.0})
    assert missing("energy", energy=rows) == "中原煤2025年11-12月与累计数或全年数矛盾"


def test_a_missing_coefficient_is_no_missing_month() -> None:
    assert missing("energy", energy=stated("consumption", MONTHS, carrier="其他燃料")) == "中其他燃料无折标系数"


def test_directly_stated_energy_lacks_months_as_a_whole() -> None:
    assert missing("energy", energy=stated("consumption", without(MAY), carrier="综合能源消费量")) == "缺2026年5月"


def test_land_says_why_it_does_not_count() -> None:
    assert missing("land") == "未报送"
    assert missing("land", land=[{"leased_in": 3.0}]) == "未填自有用地面积"
    late = missing("land", land=[{"owned": 3.0, "as_of": date(2026, 12, 31)}])
    assert late == "截止日期2026-12-31晚于评价期末2026-10-31"


def test_a_level_lacks_every_month_that_could_give_it() -> None:
    assert missing("employees", output=stated("revenue", MONTHS)) == "缺2025年11-12月、2026年1-10月"


@pytest.mark.parametrize("word", sorted(FEEDS))
def test_every_word_made_of_figures_says_what_is_missing(word: str) -> None:
    assert missing(word)


def test_months_are_counted_one_by_one() -> None:
    frame = pl.DataFrame(
        {"uscc": ["甲", "乙"], "word": ["tax", "tax"], "months": [months_of(14, 16), 0], "text": ["", ""]}
    )
    assert missing_as_months(frame, WINDOW).sort("month").rows() == [
        ("甲", "tax", MARCH),
        ("甲", "tax", date(2026, 4, 1)),
    ]


spans = st.tuples(st.integers(0, 23), st.integers(1, 24)).filter(lambda span: span[0] < span[1])


@given(
    reported=st.sets(spans, max_size=8),
    kind=st.sampled_from(["rolling_12m", "year_to_date", "calendar_year"]),
    period=st.integers(1, 12),
)
def test_the_named_months_determine_the_total_and_none_of_them_is_idle(
    reported: set[tuple[int, int]], kind: WindowKind, period: int
) -> None:
    window = Window(kind, date(2026, period, 1))
    figures = {span: np.ones(1) for span in reported}
    named = int(missing_months(figures, window, 1)[0])
    assert (named == 0) == bool(np.isfinite(window_total(figures, window, 1)[0]))
    months = [(node, node + 1) for node in range(24) if named & months_of(node, node + 1)]
    assert all(window.ends[0] <= start and end <= window.ends[1] for start, end in months)
    complete = figures | {month: np.ones(1) for month in months}
    assert missing_months(complete, window, 1)[0] == 0
    for month in months:
        short = {span: figure for span, figure in complete.items() if span != month or span in figures}
        assert missing_months(short, window, 1)[0] != 0


def test_years_are_named_once() -> None:
    assert months_in_words(months_of(10, 13) | months_of(14, 15), WINDOW) == "2025年11-12月、2026年1月、3月"
