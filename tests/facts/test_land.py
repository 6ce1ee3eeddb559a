"""Land at the period's end."""

from datetime import date

import polars as pl

from efficiency.facts.land import land_at
from schemas import FACTS

END = date(2026, 10, 31)


def land(*rows: dict[str, object]) -> pl.DataFrame:
    made = [{"uscc": "甲", "superseded": False, **row} for row in rows]
    return pl.DataFrame(made, schema=FACTS["land"].polars_schema)


def test_land_is_owned_and_leased_in_less_leased_out() -> None:
    found = land_at(land({"owned": 30.0, "leased_in": 5.0, "leased_out": 8.0, "idle": 2.0}), END)
    assert found.row(0) == ("甲", 27.0, 30.0, 5.0, 8.0, 2.0)


def test_what_is_not_said_to_be_leased_is_none_but_idle_land_is_unknown() -> None:
    assert land_at(land({"owned": 30.0}), END).row(0) == ("甲", 30.0, 30.0, 0.0, 0.0, None)


def test_land_without_an_owned_area_is_missing() -> None:
    assert land_at(land({"owned": None, "leased_in": 5.0}), END)["land"].to_list() == [None]


def test_the_latest_date_not_after_the_periods_end_holds() -> None:
    rows = land(
        {"owned": 4.0, "as_of": date(2026, 11, 1)},
        {"owned": 3.0, "as_of": date(2026, 10, 31)},
        {"owned": 2.0, "as_of": date(2025, 12, 31)},
        {"owned": 1.0, "as_of": None},
    )
    assert land_at(rows, END)["land"].to_list() == [3.0]
    assert land_at(rows, date(2025, 12, 30))["land"].to_list() == [1.0]


def test_land_known_only_later_is_not_known_yet() -> None:
    assert land_at(land({"owned": 4.0, "as_of": date(2026, 11, 1)}), END).is_empty()
