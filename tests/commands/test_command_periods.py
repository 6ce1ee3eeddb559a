"""Periods as the command line takes them."""

import pytest

from efficiency.cli import _parser
from efficiency.errors import UsageError
from efficiency.periods import period_range, period_start


def test_range_crosses_the_year_and_includes_both_ends() -> None:
    assert period_range("2025-11..2026-02") == ("2025-11", "2025-12", "2026-01", "2026-02")


def test_single_period_is_a_range_of_one() -> None:
    assert period_range("2026-10") == ("2026-10",)


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026/10", "202610", "2026-1", "", "2026-10..", "..2026-10"])
def test_what_is_not_a_period_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UsageError, match="YYYY-MM"):
        period_range(text)


def test_backward_range_is_refused_with_the_right_order() -> None:
    with pytest.raises(UsageError, match=r"2026-01\.\.2026-03"):
        period_range("2026-03..2026-01")


def test_period_starts_on_the_first() -> None:
    assert period_start("2026-10").isoformat() == "2026-10-01"


@pytest.mark.parametrize(
    ("written", "meant"), [("2026年10月", "2026-10"), ("2025年11月..2026年3月", "2025-11..2026-03")]
)
def test_a_month_may_be_written_as_people_write_it(written: str, meant: str) -> None:
    commands = ("run", "explain x", "compare --policy a --policy b", "status", "checkup", "export tiers t.csv")
    for command in commands:
        assert _parser().parse_args([*command.split(), "--period", written]).period == meant
