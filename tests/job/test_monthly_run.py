"""The month on the sample inbox, end to end: what is published, that it repeats, and that nothing is lost."""

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from builders.small_inbox import CODES, small_inbox
from conftest import INBOX, ROOT, SampleRun, efficiency
from openpyxl import Workbook

TABLES = {
    "intake.submissions", "intake.problems", "facts.enterprises", "facts.land", "facts.output", "facts.energy",
    "facts.products", "facts.surveys", "facts.incidents", "facts.corrections", "results.evaluations", "results.scores",
    "results.indicators", "results.candidates", "results.movements",
}  # fmt: skip
VIEWS = {
    "tiers",
    "indicators",
    "candidates",
    "tier_changes",
    "industry_summary",
    "town_summary",
    "data_quality",
    "lineage",
}


def rows(warehouse: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.sql(query).fetchall()


def results_of(warehouse: Path) -> list[tuple[Any, ...]]:
    """Everything a run decides, without what names the run."""
    return rows(
        warehouse,
        "SELECT uscc, status, score, rank, tier, land_tier, energy_tier, tier_confidence, revenue, tax, "
        "energy, land FROM results.scores ORDER BY period, uscc",
    )


def test_published_file_has_the_tables_and_views_of_the_interface(sample_run: SampleRun) -> None:
    tables = {
        f"{schema}.{name}"
        for schema, name in rows(
            sample_run.warehouse, "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal"
        )
    }
    views = {name for (name,) in rows(sample_run.warehouse, "SELECT view_name FROM duckdb_views() WHERE NOT internal")}
    assert tables >= TABLES
    assert views >= VIEWS
    for view in VIEWS:
        assert rows(sample_run.warehouse, f"SELECT count(*) FROM {view}")


def test_nothing_is_left_behind(sample_run: SampleRun) -> None:
    assert {path.name for path in sample_run.warehouse.parent.iterdir()} <= {"efficiency.duckdb", "versions"}
    assert [path.name for path in (sample_run.folder / "output").iterdir()] == ["2026-10"]


def test_every_row_of_every_sheet_is_accounted_for(sample_run: SampleRun) -> None:
    open_accounts = rows(
        sample_run.warehouse,
        """
        SELECT file_name, sheet FROM intake.submissions WHERE rows_total <> rows_accepted + rows_rejected
        + rows_superseded + rows_totals + rows_notes + rows_blank""",
    )
    assert open_accounts == []


def test_every_file_of_the_inbox_is_a_submission_or_a_problem(sample_run: SampleRun) -> None:
    known = {
        name
        for (name,) in rows(
            sample_run.warehouse, "SELECT file_name FROM intake.submissions UNION SELECT file_name FROM intake.problems"
        )
    }
    assert {path.relative_to(INBOX).as_posix() for path in INBOX.rglob("*") if path.is_file()} <= known


def planted() -> list[dict[str, str]]:
    with (ROOT / "sample_data" / "mistakes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("mistake", planted(), ids=lambda m: f"{m['rule']}-{m['file']}-{m['cell']}")
def test_planted_mistake_is_found_at_its_cell(sample_run: SampleRun, mistake: dict[str, str]) -> None:
    found = rows(sample_run.warehouse, "SELECT rule, file_name, sheet, cell FROM intake.problems")
    cell, sheet = mistake["cell"] or None, mistake["sheet"]
    assert any(
        rule == mistake["rule"]
        and name == mistake["file"]
        and (at == cell or cell is None)
        and (where == sheet or not sheet)
        for rule, name, where, at in found
    )


def test_no_error_is_reported_that_was_not_planted(sample_run: SampleRun) -> None:
    expected = {(m["file"], m["cell"] or None) for m in planted()}
    errors = rows(sample_run.warehouse, "SELECT file_name, cell, rule FROM intake.problems WHERE severity <> 'note'")
    files = {file for file, _ in expected}
    assert [error for error in errors if error[0] not in files] == []


def test_tiers_keep_their_shares(sample_run: SampleRun) -> None:
    tiers = Counter(
        dict(
            rows(
                sample_run.warehouse,
                """
        SELECT tier_initial, count(*) FROM results.scores
        WHERE cohort = 'above_scale' AND status = 'ranked' GROUP BY 1""",
            )
        )
    )
    ranked = tiers.total()
    assert ranked > 400
    assert tiers["A"] == ranked * 20 // 100
    assert tiers["A"] + tiers["B"] == ranked * 75 // 100
    assert tiers["A"] + tiers["B"] + tiers["C"] == ranked * 95 // 100


def test_enterprise_without_a_tier_has_a_reason(sample_run: SampleRun) -> None:
    untold = rows(sample_run.warehouse, "SELECT uscc FROM results.scores WHERE tier IS NULL AND status_reason IS NULL")
    assert untold == []


def test_figures_are_traced_to_cells_that_hold_them(sample_run: SampleRun) -> None:
    """Ten figures of the lineage, opened in the submitted workbooks themselves."""
    traced = rows(
        sample_run.warehouse,
        """
        SELECT l.file_name, l.sheet, l.cell, l.value, c.factor
        FROM lineage l JOIN intake.columns c ON c.submission_id = l.submission_id
             AND c."column" = regexp_extract(l.cell, '^[A-Z]+') AND c.factor IS NOT NULL
        WHERE l.file_name LIKE '%.xlsx' AND l.value <> 0
        ORDER BY md5(concat(l.file_name, l.sheet, l.cell)) LIMIT 10""",
    )
    assert len(traced) == 10
    for name, sheet, cell, value, factor in traced:
        stated = openpyxl.load_workbook(INBOX / name, data_only=True)[sheet][cell].value
        assert float(str(stated).replace(",", "")) * factor == pytest.approx(value, rel=1e-9)


def test_explain_names_the_cells(sample_run: SampleRun) -> None:
    (name,) = rows(
        sample_run.warehouse, "SELECT name FROM results.candidates WHERE list = 'upgrade' ORDER BY priority LIMIT 1"
    )[0]
    text = efficiency("explain", name, "--period", "2026-10", cwd=sample_run.folder).stdout
    assert name in text
    assert "升级改造" in text
    assert ".xlsx" in text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("某无名企业", "--period", "2026-10"), "no enterprise"),
        (("某无名企业", "--period", "2020-01"), "has not been evaluated"),
        (("某无名企业", "--period", "2026-10", "--policy", "no-such"), "under policy 'no-such'"),
    ],
)
def test_to_explain_what_is_not_there_is_wrong_usage_as_for_every_other_command(
    sample_run: SampleRun, asked: tuple[str, ...], says: str
) -> None:
    done = efficiency("explain", *asked, cwd=sample_run.folder, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.fixture(scope="module")
def small_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """The month on the small inbox, and a workbook with a mistake in it."""
    folder = tmp_path_factory.mktemp("small")
    sheet = Workbook()
    sheet.active.append(["统一社会信用代码", "所属期", "实缴税金(万元)"])
    sheet.active.append([CODES[0], "2026年9月", "约十万"])
    small_inbox(folder / "inbox")
    sheet.save(folder / "inbox" / "补报.xlsx")
    told = efficiency("run", "--inbox", "inbox", "--period", "2026-10", "--json", cwd=folder)
    return SampleRun(folder, json.loads(told.stdout))


@pytest.mark.parametrize("of", ["small_run", pytest.param("sample_run", marks=pytest.mark.long)])
def test_same_inbox_again_changes_nothing(of: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    first: SampleRun = request.getfixturevalue(of)
    inbox = INBOX if of == "sample_run" else first.folder / "inbox"
    shutil.copytree(first.folder / "warehouse", tmp_path / "warehouse")
    before = results_of(first.warehouse)
    summary = json.loads(efficiency("run", "--inbox", inbox, "--period", "2026-10", "--json", cwd=tmp_path).stdout)
    again = tmp_path / "warehouse" / "efficiency.duckdb"
    assert summary["counts"]["files_new"] == 0
    assert summary["evaluation_id"] == first.told["evaluation_id"]
    assert summary["inputs_sha256"] == first.told["inputs_sha256"]
    assert rows(again, "SELECT count(*) FROM results.evaluations") == [(1,)]
    assert results_of(again) == before
    problems = "SELECT * FROM intake.problems ORDER BY ALL"
    assert rows(again, problems) == rows(first.warehouse, problems)


@pytest.mark.long
def test_files_in_two_runs_give_the_same_facts_as_in_one(sample_run: SampleRun, tmp_path: Path) -> None:
    """The register comes last, so that in the first run nobody is known."""
    first, second = tmp_path / "first", tmp_path / "second"
    shutil.copytree(INBOX, second)
    shutil.copytree(INBOX, first, ignore=lambda folder, names: {n for n in names if "名录" in n or "6年10月" in n})
    efficiency("run", "--inbox", first, "--period", "2026-10", cwd=tmp_path, check=False)
    efficiency("run", "--inbox", second, "--period", "2026-10", cwd=tmp_path)
    assert results_of(tmp_path / "warehouse" / "efficiency.duckdb")[-488:] == results_of(sample_run.warehouse)


@pytest.mark.long
def test_backfill_carries_tiers_from_month_to_month(tmp_path: Path) -> None:
    efficiency("run", "--inbox", INBOX, "--period", "2026-08..2026-10", cwd=tmp_path)
    warehouse = tmp_path / "warehouse" / "efficiency.duckdb"
    assert rows(warehouse, "SELECT period FROM results.evaluations WHERE current ORDER BY 1") == [
        ("2026-08",),
        ("2026-09",),
        ("2026-10",),
    ]
    carried = rows(
        warehouse,
        """
        SELECT count(*) FROM results.scores a JOIN results.scores b USING (uscc, policy_id)
        WHERE a.period = '2026-09' AND b.period = '2026-10' AND b.previous_tier IS DISTINCT FROM a.tier""",
    )
    assert carried == [(0,)]
    (longest,) = rows(warehouse, "SELECT max(d_streak) FROM results.scores WHERE period = '2026-10'")[0]
    assert longest == 3
    assert {path.name for path in (tmp_path / "output").iterdir()} == {"2026-08", "2026-09", "2026-10"}


@pytest.mark.long
def test_rerun_of_an_earlier_period_marks_the_later_stale(tmp_path: Path) -> None:
    efficiency("run", "--inbox", INBOX, "--period", "2026-10", cwd=tmp_path)
    efficiency("run", "--inbox", INBOX, "--period", "2026-09", cwd=tmp_path)
    stale = rows(
        tmp_path / "warehouse" / "efficiency.duckdb", "SELECT period, stale FROM results.evaluations ORDER BY 1"
    )
    assert stale == [("2026-09", False), ("2026-10", True)]


def test_failed_run_leaves_the_published_files_as_they_were(small_run: SampleRun, tmp_path: Path) -> None:
    shutil.copytree(small_run.folder, tmp_path / "month")
    broken = tmp_path / "month" / "warehouse" / "efficiency.duckdb"
    before = broken.read_bytes()
    (tmp_path / "month" / "output").chmod(0o500)
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where a folder is needed", encoding="utf-8")
    command = ("run", "--inbox", "inbox", "--period", "2026-10", "--output", blocked)
    done = efficiency(*command, cwd=tmp_path / "month", check=False)
    assert done.returncode == 1
    assert "blocked" in done.stderr
    assert broken.read_bytes() == before


def decided(warehouse: Path) -> list[list[str]]:
    """Every decision of the month as text: who, status, score, tiers, list."""
    found = rows(
        warehouse,
        """SELECT s.uscc, s.status, round(s.score, 4), s.rank, s.tier_initial, s.tier, s.land_tier, s.energy_tier,
                  c.list, c.priority
           FROM results.scores s LEFT JOIN results.candidates c USING (evaluation_id, uscc) ORDER BY s.uscc""",
    )
    return [["" if value is None else str(value) for value in row] for row in found]


def test_sample_month_decides_as_recorded(sample_run: SampleRun) -> None:
    """A change here is a change of what the software decides: look at each before recording anew.

    To record: python tests/golden/record.py
    """
    with (ROOT / "tests" / "golden" / "decisions_2026-10.csv").open(encoding="utf-8", newline="") as file:
        recorded = list(csv.reader(file))
    assert decided(sample_run.warehouse) == recorded


def test_returned_workbook_that_comes_back_mended_is_recognised(small_run: SampleRun, tmp_path: Path) -> None:
    """The returned file itself is mended in its marked cell and sent again under its name."""
    shutil.copytree(small_run.folder / "warehouse", tmp_path / "warehouse")
    book = openpyxl.load_workbook(small_run.reports / "退回" / "补报.xlsx")
    book["Sheet"]["C2"].value = 1200
    (tmp_path / "inbox").mkdir()
    book.save(tmp_path / "inbox" / "补报.xlsx")
    done = efficiency("run", "--inbox", "inbox", "--period", "2026-10", cwd=tmp_path)
    assert "Came back: 补报.xlsx: 1 problems before, 1 mended, 0 left" in done.stdout


@pytest.mark.long
def test_of_the_sample_a_workbook_that_comes_back_mended_is_recognised(sample_run: SampleRun, tmp_path: Path) -> None:
    name = next(m["file"] for m in planted() if m["rule"] == "not_a_number")
    cell, sheet = next((m["cell"], m["sheet"]) for m in planted() if m["rule"] == "not_a_number")
    shutil.copytree(sample_run.folder / "warehouse", tmp_path / "warehouse")
    book = openpyxl.load_workbook(sample_run.reports / "退回" / name)
    book[sheet][cell].value = 1200
    (tmp_path / "inbox" / name).parent.mkdir(parents=True)
    book.save(tmp_path / "inbox" / name)
    done = efficiency("run", "--inbox", "inbox", "--period", "2026-10", cwd=tmp_path)
    assert f"Came back: {name}: 1 problems before, 1 mended, 0 left" in done.stdout
