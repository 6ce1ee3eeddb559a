"""Watching before scoring: what is late, missing or changed against the last time, and nothing else."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Self

import duckdb
import polars as pl
import pytest
from conftest import SampleRun

from efficiency.intake.resolution import ResolutionResult
from efficiency.monitoring.late_returns import watch, watch_again, watch_lines
from efficiency.monitoring.series import series_of
from efficiency.partitions import one_partition
from efficiency.warehouse.read import load
from schemas import COLUMN_MAP, FACTS, SUBMISSIONS, WATCH

OCTOBER = date(2026, 10, 1)
TODAY = date(2026, 11, 20)


def month(number: int) -> date:
    """The `number`th month, counted back from October 2026."""
    index = 2026 * 12 + 9 - number
    return date(index // 12, index % 12 + 1, 1)


class Inbox:
    """Returns as the warehouse keeps them, sheet by sheet."""

    def __init__(self) -> None:
        self.submissions: list[dict[str, Any]] = []
        self.columns: list[dict[str, Any]] = []
        self.facts: dict[str, list[dict[str, Any]]] = {form: [] for form in FACTS}

    def send(
        self,
        name: str,
        form: str,
        span: date,
        values: dict[str, dict[str, float]],
        *,
        filled_on: date | None = None,
        header: str | None = None,
        unit: str = "万元",
        start: date | None = None,
        rows: int | None = None,
        replaced: int = 0,
    ) -> Self:
        """One sheet: `values` is {field: {enterprise: value}}, for a carrier or a measure."""
        number = len(self.submissions) + 1
        identifier = f"{number:012x}-1"
        self.submissions.append(
            {
                "submission_id": identifier,
                "file_name": name,
                "sha256": f"{number:064x}",
                "form": form,
                "sheet": "表",
                "filled_on": filled_on,
                "status": "accepted",
                "rows_accepted": (rows or 0) - replaced,
                "rows_superseded": replaced,
                "arrival": number,
                "received_at": datetime(2026, 11, 5, tzinfo=UTC),
            }
        )
        for field, by_enterprise in values.items():
            self.columns.append(
                {
                    "submission_id": identifier,
                    "block": 0,
                    "field": field,
                    "column": "C",
                    "header": header or field,
                    "unit": unit,
                    "factor": 1.0,
                    "unit_assumed": False,
                }
            )
            for enterprise, value in by_enterprise.items():
                own = {"carrier": field, "unit": unit, "consumption": value} if form == "energy" else {field: value}
                self.facts[form].append(
                    {
                        "uscc": enterprise,
                        "name": f"企业{enterprise}",
                        "submission_id": identifier,
                        "sheet": "表",
                        "row": 1,
                        "block": 0,
                        "superseded": False,
                        "span_start": start or span,
                        "span_end": span,
                        **own,
                    }
                )
        return self

    def seen(self, period: date = OCTOBER, today: date = TODAY) -> pl.DataFrame:
        frames = {
            form: table.conform(
                pl.DataFrame(self.facts[form], infer_schema_length=None).cast({"span_start": pl.Date}, strict=False)
                if self.facts[form] and "span_start" in table.names
                else table.empty()
            )
            for form, table in FACTS.items()
        }
        return watch(
            SUBMISSIONS.conform(pl.DataFrame(self.submissions, infer_schema_length=None)),
            COLUMN_MAP.conform(pl.DataFrame(self.columns)) if self.columns else COLUMN_MAP.empty(),
            one_partition(frames),
            period,
            today,
        )


def monthly_tax(inbox: Inbox, months: Iterable[int], **more: Any) -> Inbox:
    for back in months:
        span = month(back)
        inbox.send(
            f"税务局/{span.year}年/{span.year}年{span.month}月入库税收.xlsx",
            "output",
            span,
            {"tax": {str(e): 10.0 for e in range(12)}},
            **more,
        )
    return inbox


def kinds(found: pl.DataFrame) -> list[str]:
    return found["kind"].to_list()


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("税务局/2026年/2026年10月入库税收.xlsx", "税务局/入库税收"),
        ("税务局/2025年/2025年7月入库税收.csv", "税务局/入库税收"),
        ("生态环境局/2026年/2026年1-10月污染物排放.xlsx", "生态环境局/污染物排放"),
        ("能源办/2026年第4季度企业能源消费.xlsx", "能源办/企业能源消费"),
        ("自然资源局/2026年6月末工业用地调查.xlsx", "自然资源局/工业用地调查"),
        ("统计局/2026年1-9月工业产出_更正.xlsx", "统计局/工业产出"),
        ("二〇二六年十月用水量(定稿).xls", "用水量"),
    ],
)
def test_a_series_is_a_path_without_its_dates(name: str, series: str) -> None:
    assert pl.select(series_of(pl.lit(name))).item() == series


def test_nothing_is_reported_when_all_came_as_last_month() -> None:
    assert monthly_tax(Inbox(), range(14)).seen().is_empty()


def test_a_department_that_has_not_reported_is_named_with_days_overdue() -> None:
    inbox = Inbox()
    for back in (3, 2, 1):
        span = month(back)
        due = date(span.year, span.month + 1, 8)
        inbox.send(f"税务局/{span.month}月入库税收.xlsx", "output", span, {"tax": {"1": 1.0}}, filled_on=due)
    found = inbox.seen()
    assert found.select("kind", "department", "series", "before", "days").rows() == [
        ("not_reported", "税务局", "税务局/入库税收", "2026-09（1户）", 12)
    ]
    assert found["message"][0] == (
        "税务局“入库税收”上次报送2026-09（1户），本期（2026-10）尚未收到可用数据，已逾期12天。请催报。"
    )
    assert list(watch_lines(found)) == ["Not reported (2026-10): 税务局 入库税收 (12 days overdue)."]


def test_a_return_that_is_not_due_yet_has_no_days_overdue() -> None:
    found = monthly_tax(Inbox(), (3, 2, 1), filled_on=date(2026, 12, 30)).seen()
    assert found.select("kind", "days").rows() == [("not_reported", None)]


def test_a_return_that_comes_under_another_name_has_come() -> None:
    inbox = monthly_tax(Inbox(), (3, 2, 1))
    inbox.send("税务局/税收数据.xlsx", "output", OCTOBER, {"tax": {str(e): 10.0 for e in range(12)}})
    assert "not_reported" not in kinds(inbox.seen())


def test_a_quarterly_return_is_not_missed_between_its_quarters() -> None:
    inbox = Inbox()
    for back in (13, 10, 7, 4, 1):  # September, June, March, December, September
        inbox.send(f"统计局/{back}.xlsx", "output", month(back), {"revenue": {"1": 1.0}})
    assert inbox.seen().is_empty()


def test_a_return_that_skips_this_month_every_year_is_not_missed() -> None:
    months = [back for back in range(1, 14) if back != 12]  # nothing a year ago
    assert monthly_tax(Inbox(), months).seen().is_empty()
    assert kinds(monthly_tax(Inbox(), range(1, 14)).seen()) == ["not_reported"]


def test_a_return_that_was_given_up_long_ago_is_not_missed_for_ever() -> None:
    assert monthly_tax(Inbox(), range(7, 13)).seen().is_empty()
    assert kinds(monthly_tax(Inbox(), range(6, 12)).seen()) == ["not_reported"]


def test_in_the_second_month_of_all_what_came_last_month_is_expected_but_not_a_rare_or_yearly_return() -> None:
    assert kinds(monthly_tax(Inbox(), [1]).seen()) == ["not_reported"]
    assert monthly_tax(Inbox(), range(2, 6)).send(
        "统计局/产出.xlsx", "output", month(1), {"revenue": {"1": 1.0}}
    ).seen()["series"].to_list() == ["税务局/入库税收"]
    yearly = Inbox().send("统计局/年报.xlsx", "output", date(2025, 12, 1), {"tax": {"1": 1.0}}, start=date(2025, 1, 1))
    assert yearly.seen(date(2026, 1, 1)).is_empty()


def test_a_return_that_comes_later_than_last_month_is_late_by_so_many_days() -> None:
    inbox = Inbox()
    inbox.send("供电公司/9月用电量.xlsx", "energy", month(1), {"电力": {"1": 5.0}}, filled_on=date(2026, 10, 5))
    inbox.send("供电公司/10月用电量.xlsx", "energy", OCTOBER, {"电力": {"1": 5.0}}, filled_on=date(2026, 11, 14))
    found = inbox.seen()
    assert found.select("kind", "days").rows() == [("late", 9)]
    assert list(watch_lines(found)) == ["Late (2026-10): 供电公司 用电量 (9 days)."]


def test_two_days_later_is_no_news() -> None:
    inbox = Inbox()
    inbox.send("供电公司/9月用电量.xlsx", "energy", month(1), {"电力": {"1": 5.0}}, filled_on=date(2026, 10, 5))
    inbox.send("供电公司/10月用电量.xlsx", "energy", OCTOBER, {"电力": {"1": 5.0}}, filled_on=date(2026, 11, 7))
    assert inbox.seen().is_empty()


def test_an_enterprise_that_left_a_return_is_named_with_its_figures() -> None:
    inbox = monthly_tax(Inbox(), range(1, 6))
    inbox.send("税务局/2026年10月入库税收.xlsx", "output", OCTOBER, {"tax": {str(e): 10.0 for e in range(11)}})
    found = inbox.seen()
    assert found.select("kind", "uscc", "name", "field", "before").rows() == [
        ("enterprise_missing", "11", "企业11", "tax", "2026-09")
    ]
    assert "企业11的实缴税金" in found["message"][0]
    assert list(watch_lines(found)) == ["Enterprises missing (2026-10): 企业11 (税务局 入库税收)."]


def test_a_figure_that_another_department_states_is_not_missing() -> None:
    inbox = monthly_tax(Inbox(), range(1, 6))
    inbox.send("税务局/2026年10月入库税收.xlsx", "output", OCTOBER, {"tax": {str(e): 10.0 for e in range(11)}})
    inbox.send("镇办/补报.xlsx", "output", OCTOBER, {"tax": {"11": 10.0}})
    assert "enterprise_missing" not in kinds(inbox.seen())


def test_a_carrier_that_was_not_used_is_not_missing_but_an_enterprise_without_any_is() -> None:
    inbox = Inbox()
    for back in (2, 1):
        inbox.send(
            f"能源办/{month(back).month}月能源.xlsx",
            "energy",
            month(back),
            {"原煤": {"1": 5.0, "2": 5.0}, "柴油": {"1": 1.0}},
        )
    inbox.send("能源办/10月能源.xlsx", "energy", OCTOBER, {"原煤": {"1": 5.0}})
    missing = inbox.seen().filter(pl.col("kind") == "enterprise_missing")
    assert missing["uscc"].to_list() == ["2"]


def drifted(**changed: Any) -> list[tuple[Any, ...]]:
    inbox = monthly_tax(Inbox(), range(1, 6))
    sent = {"values": {"tax": {str(e): 10.0 for e in range(12)}}, **changed}
    inbox.send("税务局/2026年10月入库税收.xlsx", "output", OCTOBER, **sent)
    return inbox.seen().select("kind", "field", "before", "now").rows()


def test_a_new_header_is_reported_and_a_month_in_a_header_is_none() -> None:
    assert drifted(header="税务入库数") == [("new_header", "tax", "tax", "税务入库数")]
    assert drifted(header="2026年10月 tax(万元)") == []


def test_a_new_unit_is_reported() -> None:
    assert drifted(unit="元") == [("new_unit", "tax", "万元", "元")]


def test_a_column_that_is_gone_is_reported() -> None:
    inbox = Inbox()
    both = {"tax": {str(e): 1.0 for e in range(3)}, "revenue": {str(e): 1.0 for e in range(3)}}
    inbox.send("统计局/9月产出.xlsx", "output", month(1), both)
    inbox.send("统计局/10月产出.xlsx", "output", OCTOBER, {"revenue": both["revenue"]})
    found = inbox.seen().filter(pl.col("kind") == "lost_column")
    assert found.select("field", "before", "now").rows() == [("tax", "tax", None)]


def test_a_number_of_enterprises_that_jumps_is_reported() -> None:
    values = {"tax": {str(e): 10.0 for e in range(18)}}
    assert drifted(values=values) == [("rows_jump", None, "12", "18")]


@pytest.mark.parametrize(
    ("value", "told"),
    [(29.9, []), (30.0, [("sum_jump", "tax", "120", "360")]), (100_000.0, [("sum_jump", "tax", "120", "1200000")])],
)
def test_a_sum_that_jumps_is_reported(value: float, told: list[Any]) -> None:
    assert drifted(values={"tax": {str(e): value for e in range(12)}}) == told


def test_a_sum_that_is_as_it_was_a_year_ago_is_a_season() -> None:
    inbox = Inbox()
    for back in range(13):
        value = 50.0 if back in (0, 12) else 10.0
        inbox.send(
            f"能源办/{month(back):%Y年%m月}供热.xlsx",
            "energy",
            month(back),
            {"热力": {str(e): value for e in range(12)}},
        )
    assert inbox.seen().is_empty()


def test_cumulative_figures_are_compared_by_month() -> None:
    inbox = Inbox()
    for back in (1, 0):
        span = month(back)
        inbox.send(
            f"统计局/1-{span.month}月产出.xlsx",
            "output",
            span,
            {"revenue": {str(e): 10.0 * span.month for e in range(12)}},
            start=date(2026, 1, 1),
        )
    assert inbox.seen().is_empty()


def test_a_ledger_is_compared_with_its_version_before() -> None:
    inbox = Inbox()
    inbox.send("经济发展局/名录.xlsx", "register", None, {}, rows=488)
    inbox.send("经济发展局/名录.xlsx", "register", None, {}, rows=48)
    assert inbox.seen().select("kind", "before", "now").rows() == [("rows_jump", "488", "48")]


def test_a_ledger_that_comes_again_whole_has_not_grown_by_what_it_replaces() -> None:
    inbox = Inbox()
    inbox.send("经济发展局/名录.xlsx", "register", None, {}, rows=488, replaced=486)
    inbox.send("经济发展局/名录.xlsx", "register", None, {}, rows=490)
    assert inbox.seen().is_empty()


def test_what_was_found_for_a_period_is_replaced_and_that_of_others_kept(sample_run: SampleRun) -> None:
    contents = load(sample_run.warehouse)

    resolved = ResolutionResult(
        contents["intake.submissions"],
        contents["intake.columns"],
        contents["intake.problems"],
        one_partition({form: contents[table.qualified] for form, table in FACTS.items()}),
    )
    stored = watch_again(WATCH.empty(), resolved, "2026-09", TODAY)
    both = watch_again(stored, resolved, "2026-10", TODAY)
    again = watch_again(both, resolved, "2026-10", TODAY)
    assert set(both["period"]) == {"2026-09", "2026-10"}
    assert again.equals(both)


def test_the_sample_gives_no_false_alarm_in_any_month_of_a_year(sample_run: SampleRun) -> None:
    contents = load(sample_run.warehouse)
    facts = one_partition({form: contents[table.qualified] for form, table in FACTS.items()})
    for back in range(12):
        found = watch(contents["intake.submissions"], contents["intake.columns"], facts, month(back), TODAY)
        wrong = found.filter(pl.col("kind").is_in(["not_reported", "late", "rows_jump", "sum_jump"]))
        assert wrong.is_empty(), wrong["message"].to_list()
        # A few forgot to send something, as the sample means them to.
        assert found.filter(pl.col("kind") == "enterprise_missing").height <= 3


def test_the_sample_without_a_months_returns_names_every_department_that_owes_one(sample_run: SampleRun) -> None:
    contents = load(sample_run.warehouse)
    facts = one_partition({form: contents[table.qualified] for form, table in FACTS.items()})
    november = date(2026, 11, 1)
    found = watch(contents["intake.submissions"], contents["intake.columns"], facts, november, date(2026, 12, 15))
    owing = found.filter(pl.col("kind") == "not_reported")
    assert set(owing["department"]) == {"供电公司", "水务局", "生态环境局", "税务局", "统计局", "能源办"}
    # The statistics bureau files on the 9th; of the others only the day of reading is known, which was later.
    assert owing.filter(pl.col("series") == "统计局/工业产出")["days"].to_list() == [6]


def test_findings_are_reported_in_json_and_kept_in_the_warehouse(sample_run: SampleRun) -> None:
    told = sample_run.told["watch"]
    assert {one["kind"] for one in told} == {"enterprise_missing", "new_unit"}
    with duckdb.connect(str(sample_run.warehouse), read_only=True) as connection:
        kept = connection.sql("SELECT kind, message FROM intake.watch WHERE period = '2026-10'").fetchall()
    assert sorted(kept) == sorted((one["kind"], one["message"]) for one in told)
