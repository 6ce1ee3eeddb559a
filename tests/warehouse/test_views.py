"""The analyst's views: the current evaluation of each period, changes, summaries, data quality and lineage."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import duckdb
import polars as pl
import pytest
from duckdb import DuckDBPyConnection

from efficiency.warehouse.publish import publish
from efficiency.warehouse.schema import TABLES, Contents, all_views

E1, E2, E3 = "91370306MA00000001", "91370306MA00000002", "91370306MA00000003"
NAMES = {E1: "甲化工", E2: "乙机械", E3: "丙建材"}


Row = dict[str, Any]


def table(name: str, *rows: Row) -> dict[str, pl.DataFrame]:
    """Rows of a table, columns that are not named empty."""
    return {name: TABLES[name].conform(pl.DataFrame(list(rows), infer_schema_length=None))}


def evaluation(id_: str, period: str, policy: str = "p1", *, current: bool = True) -> Row:
    return {
        "evaluation_id": id_,
        "period": period,
        "policy_id": policy,
        "policy_sha256": "s",
        "policy_toml": "t",
        "run_id": "r",
        "code_version": "1",
        "inputs_sha256": "i",
        "created_at": datetime(2026, 11, 5, tzinfo=UTC),
        "current": current,
        "stale": False,
    }


def score(id_: str, period: str, uscc: str, tier: str | None, policy: str = "p1", **more: object) -> Row:
    return {
        "evaluation_id": id_,
        "period": period,
        "policy_id": policy,
        "uscc": uscc,
        "name": NAMES[uscc],
        "town": "卫固镇",
        "industry": "2614",
        "industry_division": "26",
        "cohort": "all",
        "tier": tier,
        "status": "ranked" if tier else "insufficient",
        **more,
    }


def indicator(id_: str, uscc: str, numerator: str, denominator: str) -> Row:
    return {
        "evaluation_id": id_,
        "period": "2026-10",
        "policy_id": "p1",
        "uscc": uscc,
        "cohort": "all",
        "indicator": f"{numerator}_per_{denominator}",
        "title": "指标",
        "dimension": "land",
        "weight": 50.0,
        "numerator_expression": numerator,
        "denominator_expression": denominator,
    }


def listed(id_: str, uscc: str, own: str, title: str, **more: object) -> Row:
    return {
        "evaluation_id": id_,
        "period": "2026-10",
        "policy_id": "p1",
        "list": own,
        "title": title,
        "uscc": uscc,
        "name": NAMES[uscc],
        "reason": "因为",
        "priority": 1,
        **more,
    }


def verified(id_: str, uscc: str, number: int, label: str, *, passed: bool, cell: str | None) -> Row:
    return {
        "evaluation_id": id_,
        "period": "2026-10",
        "policy_id": "p1",
        "uscc": uscc,
        "list": "shutdown",
        "number": number,
        "label": label,
        "passed": passed,
        "columns": "visited",
        "source_cell": cell,
    }


def under(id_: str, uscc: str, variant: str, tier: str | None, **more: object) -> Row:
    return {"evaluation_id": id_, "variant": variant, "uscc": uscc, "status": "ranked", "tier": tier, **more}


def submission(id_: str, file_name: str, **more: object) -> Row:
    return {
        "submission_id": id_,
        "file_name": file_name,
        "sha256": "0",
        "form": "output",
        "sheet": "表1",
        "status": "accepted",
        "rows_total": 5,
        "rows_accepted": 3,
        "rows_rejected": 1,
        "rows_superseded": 0,
        "rows_totals": 1,
        "rows_notes": 0,
        "rows_blank": 0,
        "arrival": 1,
        "run_id": "r",
        "received_at": datetime(2026, 11, 5, tzinfo=UTC),
        **more,
    }


def stated(
    uscc: str, submission_id: str, row: int, *, block: int = 0, superseded: bool = False, **figures: object
) -> Row:
    return {
        "uscc": uscc,
        "name": NAMES[uscc],
        "submission_id": submission_id,
        "sheet": "表1",
        "row": row,
        "block": block,
        "superseded": superseded,
        **figures,
    }


def span(start: date, end: date | None = None) -> Row:
    return {"span_start": start, "span_end": end or start}


def column(submission_id: str, field: str, letters: str, *, block: int = 0, unit: str | None = "万元") -> Row:
    return {
        "submission_id": submission_id,
        "block": block,
        "field": field,
        "column": letters,
        "header": field,
        "unit": unit,
        "factor": 1.0,
        "unit_assumed": False,
    }


def problem(submission_id: str, severity: str, uscc: str = E1) -> Row:
    return {
        "submission_id": submission_id,
        "file_name": "f",
        "sheet": "表1",
        "rule": "r",
        "severity": severity,
        "message": "m",
        "run_id": "r",
        "uscc": uscc,
    }


CONTENTS = {
    **table(
        "results.evaluations",
        evaluation("s1", "2026-09"),
        evaluation("o1", "2026-10", current=False),
        evaluation("t1", "2026-10"),
        evaluation("q1", "2026-10", "p2"),
    ),
    **table(
        "results.scores",
        score("s1", "2026-09", E1, "B"),
        score("s1", "2026-09", E2, "C"),
        score("s1", "2026-09", E3, None),
        score("o1", "2026-10", E1, "D"),
        score("t1", "2026-10", E1, "A", score=90.0, land=10.0, tax=200.0, energy=50.0),
        score("t1", "2026-10", E2, "C", score=70.0, land=30.0, tax=100.0),
        score("t1", "2026-10", E3, "D", score=50.0, tax=900.0),
        score("q1", "2026-10", E1, "C", "p2"),
    ),
    **table(
        "results.indicators",
        indicator("t1", E1, "tax", "land"),
        indicator("t1", E1, "value_added", "electricity"),
        indicator("t1", E1, "cod", "employees"),
        indicator("t1", E2, "tax - rd_expense", "energy"),
        indicator("o1", E1, "tax", "land"),
        indicator("t1", E2, "gross_output", "land"),
    ),
    **table(
        "results.candidates",
        listed("t1", E1, "upgrade", "升级改造", tier="A"),
        listed("t1", E2, "shutdown", "关停"),
        listed("t1", E3, "verify", "待核实", would_be="shutdown", missing="已走访"),
    ),
    **table(
        "results.verifications",
        verified("t1", E2, 0, "已走访", passed=True, cell="走访.xlsx [表1] D5"),
        verified("t1", E3, 0, "已走访", passed=False, cell=None),
        verified("o1", E1, 0, "已走访", passed=True, cell="走访.xlsx [表1] D6"),
    ),
    **table(
        "results.variants",
        under("t1", E1, "median", "A", list="upgrade"),
        under("t1", E2, "median", None, status="insufficient"),
        under("o1", E1, "median", "B"),
    ),
    **table(
        "results.variant_effects",
        *(
            {
                "evaluation_id": id_,
                "period": "2026-10",
                "policy_id": "p1",
                "variant": "median",
                "number": 1,
                "title": "中位数",
                "why": "一户一票",
                "tiered": 2,
                "tiers_moved": 1,
                "tier_d": 1,
                "d_moved": 1,
                "listed": 3,
                "lists_moved": 2,
                "newly_listed": 0,
            }
            for id_ in ("t1", "o1")
        ),
    ),
    **table(
        "intake.submissions",
        submission("out", "税务/10月.xlsx"),
        submission("nrg", "能源.xlsx", rows_blank=1),
        submission("lnd", "用地.xlsx"),
        submission("led", "申诉.xlsx", form="corrections", arrival=2),
    ),
    **table(
        "intake.problems",
        problem("out", "error"),
        problem("out", "warning"),
        problem("out", "warning", E2),
        problem("out", "note", E3),
        problem("nrg", "note"),
    ),
    **table(
        "intake.columns",
        column("out", "tax", "F"),
        column("out", "tax", "G", block=1),
        column("out", "rd_expense", "H"),
        column("out", "employees", "K", unit="人"),
        column("nrg", "consumption", "D", unit=None),
        column("nrg", "consumption", "E", block=1, unit="吨"),
        column("lnd", "owned", "C", unit="亩"),
        column("lnd", "leased_in", "D", unit="平方米"),
        column("led", "owned", "E", block=9, unit=None),
    ),
    **table(
        "facts.output",
        stated(E1, "out", 5, **span(date(2026, 10, 1)), tax=12.0),
        stated(E1, "out", 5, block=1, **span(date(2026, 1, 1), date(2026, 10, 1)), tax=120.0),
        stated(E1, "out", 4, **span(date(2026, 10, 1)), tax=99.0, superseded=True),
        stated(E1, "out", 7, **span(date(2026, 11, 1)), tax=1.0),
        stated(E1, "out", 8, **span(date(2024, 12, 1)), tax=2.0),
        stated(E1, "out", 9, **span(date(2025, 1, 1)), tax=3.0, employees=30.0),
        stated(E1, "out", 10, **span(date(2026, 12, 1)), employees=31.0),
        stated(E2, "out", 6, **span(date(2026, 10, 1)), tax=5.0, rd_expense=1.0, revenue=77.0),
    ),
    **table(
        "facts.energy",
        stated(E1, "nrg", 5, **span(date(2026, 10, 1)), carrier="电力", unit="千瓦时", consumption=40.0),
        stated(E1, "nrg", 5, block=1, **span(date(2026, 10, 1)), carrier="原煤", unit="吨", consumption=7.0),
        stated(E2, "nrg", 6, block=1, **span(date(2026, 10, 1)), carrier="原煤", unit="吨", consumption=8.0),
    ),
    **table(
        "facts.land",
        stated(E1, "lnd", 3, owned=9.0, as_of=date(2020, 12, 31)),
        stated(E1, "lnd", 5, owned=10.0, as_of=date(2023, 12, 31)),
        stated(E1, "lnd", 6, owned=11.0, as_of=date(2026, 12, 31)),
        stated(E2, "lnd", 7, owned=20.0, leased_in=2.0, as_of=date(2023, 12, 31), superseded=True),
        stated(E2, "led", 2, block=9, owned=18.0, leased_in=2.0, as_of=date(2023, 12, 31)),
    ),
}


@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDBPyConnection]:
    path = tmp_path_factory.mktemp("views") / "efficiency.duckdb"
    publish(path, Contents(CONTENTS))
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


def rows(analyst: DuckDBPyConnection, sql: str) -> list[tuple[Any, ...]]:
    return analyst.sql(sql).fetchall()


def test_variants_stand_beside_the_evaluation_itself(analyst: DuckDBPyConnection) -> None:
    found = rows(
        analyst,
        "SELECT uscc, title, why, tier, base_tier, list, base_list, same_tier, same_list FROM variants ORDER BY uscc",
    )
    assert [row[0] for row in found] == [E1, E2]  # of current evaluations alone
    assert found[0][1:] == ("中位数", "一户一票", "A", "A", "upgrade", "upgrade", True, True)
    assert found[1][3:] == (None, "C", None, "shutdown", False, False)


@pytest.mark.parametrize("view", [view.name for view in all_views()])
def test_every_view_answers(analyst: DuckDBPyConnection, view: str) -> None:
    assert rows(analyst, f"SELECT * FROM {view}")


def test_the_views_are_those_that_analysts_were_promised() -> None:
    assert [view.name for view in all_views()] == [
        "tiers",
        "indicators",
        "candidates",
        "tier_changes",
        "industry_summary",
        "town_summary",
        "data_quality",
        "lineage",
        "verification",
        "monthly",
        "energy_by_carrier",
        "variants",
    ]


def test_verifications_are_those_of_current_evaluations_with_the_list_that_each_enterprise_is_on(
    analyst: DuckDBPyConnection,
) -> None:
    asked = (
        "SELECT evaluation_id, uscc, name, list, on_list, label, passed, source_cell FROM verification ORDER BY uscc"
    )
    assert sorted(rows(analyst, asked)) == sorted([
        ("t1", E2, NAMES[E2], "shutdown", "shutdown", "已走访", True, "走访.xlsx [表1] D5"),
        ("t1", E3, NAMES[E3], "shutdown", "verify", "已走访", False, None),
    ])  # fmt: skip


def test_tiers_show_the_current_evaluation_of_each_period_and_policy(analyst: DuckDBPyConnection) -> None:
    assert rows(analyst, "SELECT period, policy_id, tier FROM tiers WHERE uscc = '" + E1 + "' ORDER BY ALL") == [
        ("2026-09", "p1", "B"),
        ("2026-10", "p1", "A"),
        ("2026-10", "p2", "C"),
    ]


def test_indicators_are_readable_with_name_and_tier(analyst: DuckDBPyConnection) -> None:
    assert rows(analyst, "SELECT DISTINCT evaluation_id, name, tier FROM indicators ORDER BY ALL") == [
        ("t1", "乙机械", "C"),
        ("t1", "甲化工", "A"),
    ]


def test_candidates_carry_what_explains_them(analyst: DuckDBPyConnection) -> None:
    found = rows(analyst, "SELECT list, name, town, score, land FROM candidates WHERE list = 'upgrade'")
    assert found == [("upgrade", "甲化工", "卫固镇", 90, 10)]


def test_tier_changes_compare_with_the_previous_period_of_the_same_policy(analyst: DuckDBPyConnection) -> None:
    # E2 stayed in C; p2 has no earlier period; E3 was not rated before.
    changed = "SELECT uscc, previous_period, previous_tier, tier, movement FROM tier_changes ORDER BY uscc"
    assert rows(analyst, changed) == [
        (E1, "2026-09", "B", "A", "up"),
        (E3, "2026-09", None, "D", "entered"),
    ]


def test_summaries_add_up_to_the_whole(analyst: DuckDBPyConnection) -> None:
    for view in ("industry_summary", "town_summary"):
        assert rows(
            analyst,
            f"SELECT sum(enterprises), sum(tier_a + tier_b + tier_c + tier_d), sum(tax) FROM {view} "
            "WHERE evaluation_id = 't1'",
        ) == [(3, 3, 1200)]


def test_ratios_rest_on_enterprises_of_which_both_figures_are_known(analyst: DuckDBPyConnection) -> None:
    # E3 paid 900 of tax on an unknown area, which must not make the town look efficient.
    assert rows(analyst, "SELECT tax_per_mu, tax_per_tce FROM town_summary WHERE evaluation_id = 't1'") == [(7.5, 4.0)]


def test_industries_are_named(analyst: DuckDBPyConnection) -> None:
    assert set(rows(analyst, "SELECT industry_division, industry_name FROM industry_summary")) == {
        ("26", "化学原料和化学制品制造业"),
    }


def test_data_quality_counts_problems_and_shows_whether_rows_add_up(analyst: DuckDBPyConnection) -> None:
    counted = "SELECT submission_id, balanced, errors, warnings, notes, enterprises FROM data_quality ORDER BY 1"
    found = rows(analyst, counted)
    assert found[:2] == [(name, True, 0, 0, 0, 0) for name in ("led", "lnd")]
    assert found[2:] == [("nrg", False, 0, 0, 1, 0), ("out", True, 1, 2, 1, 2)]


def lineage(analyst: DuckDBPyConnection, uscc: str, measure: str) -> list[tuple[Any, ...]]:
    return rows(
        analyst,
        "SELECT value, unit, file_name, sheet, cell FROM lineage "
        f"WHERE uscc = '{uscc}' AND measure = '{measure}' ORDER BY value",
    )


def test_lineage_names_the_cell_of_each_figure_within_reach_of_the_window(analyst: DuckDBPyConnection) -> None:
    # Not the superseded 99, not the 2 of the year before last. Next month's 1: taken off a later cumulative figure, it
    # may lead back to the period.
    assert lineage(analyst, E1, "tax") == [
        (1, "万元", "税务/10月.xlsx", "表1", "F7"),
        (3, "万元", "税务/10月.xlsx", "表1", "F9"),
        (12, "万元", "税务/10月.xlsx", "表1", "F5"),
        (120, "万元", "税务/10月.xlsx", "表1", "G5"),  # side by side: the second column group
    ]


def test_lineage_takes_staff_up_to_the_period(analyst: DuckDBPyConnection) -> None:
    assert lineage(analyst, E1, "employees") == [(30, "人", "税务/10月.xlsx", "表1", "K9")]


def test_lineage_names_the_unit_of_the_row_where_the_column_states_none(analyst: DuckDBPyConnection) -> None:
    found = rows(analyst, "SELECT carrier, stated_unit FROM lineage WHERE field = 'consumption'")
    assert sorted(found) == [("原煤", "吨"), ("电力", "千瓦时")]


def test_lineage_takes_land_as_of_its_latest_date_not_after_the_period(analyst: DuckDBPyConnection) -> None:
    assert lineage(analyst, E1, "land") == [(10, "亩", "用地.xlsx", "表1", "C5")]


def test_lineage_of_a_corrected_row_names_the_sheet_that_states_what_was_not_corrected(
    analyst: DuckDBPyConnection,
) -> None:
    assert lineage(analyst, E2, "land") == [(2, "亩", "用地.xlsx", "表1", "D7"), (18, "亩", "申诉.xlsx", "表1", "E2")]
    kept = "SELECT DISTINCT submission_id, stated_unit FROM lineage WHERE field = 'leased_in'"
    assert rows(analyst, kept) == [("lnd", "平方米")]


def test_lineage_of_electricity_takes_electric_carriers_alone_in_the_unit_they_are_kept_in(
    analyst: DuckDBPyConnection,
) -> None:
    assert lineage(analyst, E1, "electricity") == [(40, "万千瓦时", "能源.xlsx", "表1", "D5")]
    assert lineage(analyst, E1, "energy") == []  # no indicator of E1 uses it
    assert lineage(analyst, E2, "energy") == [(8, "吨", "能源.xlsx", "表1", "E6")]


def test_lineage_follows_the_words_of_an_expression(analyst: DuckDBPyConnection) -> None:
    assert [row[-1] for row in lineage(analyst, E2, "tax") + lineage(analyst, E2, "rd_expense")] == ["F6", "H6"]
    assert lineage(analyst, E2, "revenue") == []


def test_lineage_shows_current_evaluations_only(analyst: DuckDBPyConnection) -> None:
    assert rows(analyst, "SELECT DISTINCT evaluation_id FROM lineage ORDER BY 1") == [("t1",)]
