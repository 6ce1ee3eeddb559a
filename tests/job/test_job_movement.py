"""Two months on made-up facts: corrections and a revised policy are told apart by evaluating the earlier one again."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
import pytest
from builders.evaluations import as_published
from builders.profiles import code, indicator, policy_text
from conftest import INBOX, efficiency

from efficiency.job.evaluate import evaluate_period
from efficiency.job.movement import score_changes
from efficiency.partitions import Partitions, one_partition
from efficiency.policy.load import parse_policy
from efficiency.policy.model import Policy
from efficiency.warehouse.history import add_evaluation
from efficiency.warehouse.schema import Contents
from schemas import FACTS, SUBMISSIONS

RULES = parse_policy(policy_text(indicators=indicator(), head='window = "year_to_date"\nannualise = false'))
SENT = SUBMISSIONS.empty()
REVISED = parse_policy(RULES.text.replace("fixed = 10.0", "fixed = 5.0"))


def facts(*taxes: tuple[int, float, bool]) -> Partitions:
    """One enterprise on 10 亩; each tax is (last month of the year to date, 万元, superseded)."""
    place = {"submission_id": "s", "sheet": "表", "row": 5, "block": 0}
    frames = {form: table.empty() for form, table in FACTS.items()}
    who = {"uscc": code(0), "name": "企业0", "superseded": False, **place}

    def rows(form: str, *given: dict[str, Any]) -> pl.DataFrame:
        return FACTS[form].conform(pl.DataFrame([{**who, **row} for row in given], infer_schema_length=None))

    stated = {
        "register": rows("register", {"scale": "规上", "industry": "3011", "utility": False}),
        "land": rows("land", {"owned": 10.0, "as_of": date(2025, 1, 1)}),
        "output": rows("output", *(
            {"span_start": date(2026, 1, 1), "span_end": date(2026, month, 1), "tax": tax, "superseded": old}
            for month, tax, old in taxes
        )),
    }  # fmt: skip
    return one_partition(frames | stated)


def published(given: Partitions, rules: Policy, period: str = "2026-09") -> Contents:
    """The warehouse after `period` was evaluated on `given`."""
    return add_evaluation(
        Contents({}), as_published(evaluate_period(given, rules, period, None, submissions=SENT), rules, period)
    )


def october(
    given: Partitions, rules: Policy, past: Contents, **options: Any
) -> tuple[pl.DataFrame | None, tuple[str, ...]]:
    return score_changes(
        given,
        rules,
        "2026-10",
        evaluate_period(given, rules, "2026-10", past, submissions=SENT),
        past,
        submissions=SENT,
        **options,
    )


def test_the_first_evaluation_has_nothing_to_compare_with() -> None:
    assert october(facts((10, 60.0, False)), RULES, Contents({}))[0] is None


def test_more_tax_is_the_enterprise_s_own_doing() -> None:
    past = published(facts((9, 50.0, False)), RULES)
    row = october(facts((9, 50.0, False), (10, 60.0, False)), RULES, past)[0].row(0, named=True)
    assert (row["score_before"], row["own"], row["corrections"], row["change"]) == pytest.approx((50, 10, 0, 10))
    assert row["previous_period"] == "2026-09"


def test_an_earlier_figure_stated_anew_is_a_correction() -> None:
    past = published(facts((9, 50.0, False)), RULES)
    now = facts((9, 50.0, True), (9, 30.0, False), (10, 60.0, False))
    row = october(now, RULES, past)[0].row(0, named=True)
    assert (row["corrections"], row["own"], row["change"]) == pytest.approx((-20, 30, 10))


def test_a_revised_policy_is_a_part_of_its_own() -> None:
    past = published(facts((9, 50.0, False)), RULES)
    row = october(facts((9, 50.0, False), (10, 60.0, False)), REVISED, past)[0].row(0, named=True)
    assert (row["own"], row["policy"], row["change"]) == pytest.approx((10, 60, 70))


def test_a_policy_that_can_no_longer_be_read_is_told_and_stops_nothing() -> None:
    past = published(facts((9, 50.0, False)), RULES)
    evaluations = past["results.evaluations"].with_columns(
        pl.lit('id = "test"\nold_key = 1').alias("policy_toml"), pl.lit("old").alias("policy_sha256")
    )
    changes, warnings = october(facts((10, 60.0, False)), RULES, past.with_frames({"results.evaluations": evaluations}))
    assert changes is None
    assert "未分解得分变化" in warnings[0]


def test_periods_of_one_run_are_not_evaluated_twice() -> None:
    past = published(facts((9, 50.0, False)), RULES)
    now = facts((9, 50.0, True), (9, 30.0, False), (10, 60.0, False))
    row = october(now, RULES, past, same_facts=True)[0].row(0, named=True)
    assert (row["corrections"], row["own"]) == pytest.approx((0, 10))


@pytest.mark.long
def test_two_months_of_the_sample_tell_in_table_workbook_and_card_what_moved(tmp_path: Path) -> None:
    efficiency("run", "--inbox", INBOX, "--period", "2026-09..2026-10", cwd=tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse" / "efficiency.duckdb"), read_only=True) as warehouse:
        changes = warehouse.sql("""
            SELECT s.uscc, s.name, s.score, p.score AS before, m.* EXCLUDE (uscc)
            FROM results.movements m
            JOIN results.scores s ON s.evaluation_id = m.evaluation_id AND s.uscc = m.uscc
            JOIN results.scores p ON p.evaluation_id = m.previous_evaluation_id AND p.uscc = m.uscc""").pl()
        changed = warehouse.sql("SELECT count(*) FROM tier_changes WHERE period = '2026-10'").fetchall()[0][0]
    assert changes["period"].unique().to_list() == ["2026-10"]
    parts = pl.sum_horizontal("own", "peers", "adjustments", "policy", "corrections", "scope")
    known = changes.filter(pl.col("score").is_not_null() & pl.col("before").is_not_null())
    assert known.height > 400
    assert known.select((pl.col("score") - pl.col("before") - parts).abs().max()).item() < 1e-6
    assert known.select(pl.col("policy", "corrections").abs().max()).row(0) == (0.0, 0.0)

    book = openpyxl.load_workbook(tmp_path / "output" / "2026-10" / "能耗产出效益评价_2026-10.xlsx")
    assert "得分变动" in book.sheetnames
    cells = [[cell.value for cell in row if cell.value is not None] for row in book["概览"].iter_rows()]
    at = next(i for i, row in enumerate(cells) if row and row[0] == "上期＼本期")
    matrix: dict[Any, list[Any]] = {row[0]: list(row[1:6]) for row in cells[at + 1 : at + 6]}
    assert list(matrix) == ["A", "B", "C", "D", "未评级"]
    # Whoever is not on the diagonal is one row of the view, and the other way round.
    assert sum(sum(row) for row in matrix.values()) - sum(row[i] for i, row in enumerate(matrix.values())) == changed

    most = known.sort(pl.col("change").abs()).row(-1, named=True)
    text = efficiency("explain", most["uscc"], "--period", "2026-10", cwd=tmp_path).stdout
    assert f"变化 {most['change']:+.2f}" in text
    assert "数据来源(每项合计由哪些填报数组成)" in text
    assert "更正或补报" not in text
