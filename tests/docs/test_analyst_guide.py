"""docs/analyst.md: its dictionary is what is declared, and each of its queries runs and has something to show."""

import json
import os
import re
import shutil
import subprocess
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builders.evaluations import as_published
from builders.in_sql import TOTALS
from conftest import ROOT, SampleRun
from duckdb import DuckDBPyConnection

from efficiency.evaluation.lists import select
from efficiency.job.evaluate import evaluate_period
from efficiency.job.movement import score_changes
from efficiency.job.policy_tables import with_policy_tables
from efficiency.partitions import one_partition
from efficiency.policy.load import load_policy
from efficiency.warehouse.history import add_evaluation
from efficiency.warehouse.publish import publish
from efficiency.warehouse.read import load
from efficiency.warehouse.schema import TABLES, all_views
from efficiency.warehouse.schema.dictionary import BEGIN, END, renewed
from schemas import FACTS

GUIDE = (ROOT / "docs" / "analyst.md").read_text(encoding="utf-8")
QUERIES = {
    block.splitlines()[0].removeprefix("-- "): block for block in re.findall(r"```sql\n(.*?)```", GUIDE, re.DOTALL)
}


ZONES = re.compile(r"'(zone-[ab]/warehouse/efficiency\.duckdb)'")
"""Files that a query attaches."""
CLIENTS = ("1.0.0", "1.4.4")
"""Clients of other versions than the product's, by which the file must be read too."""


@pytest.fixture(scope="module")
def warehouse(sample_run: SampleRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's warehouse with a period before the one that was run, so that there is something to compare.

    Beside it are the files of two zones.
    """
    path = Path(shutil.copy(sample_run.warehouse, tmp_path_factory.mktemp("analyst")))
    contents, policy = load(path), load_policy("zibo-jkq")
    facts = one_partition({form: contents[table.qualified] for form, table in FACTS.items()})
    for period in ("2026-09", "2026-10"):
        sent = contents["intake.submissions"]
        judged = evaluate_period(facts, policy, period, contents, submissions=sent, composed=True, variants="all")
        moved = score_changes(facts, policy, period, judged, contents, submissions=sent, same_facts=True)[0]
        new = as_published(judged, policy, period, select(judged, policy), movements=moved)
        contents = add_evaluation(contents, new)
    publish(path, with_policy_tables(contents, policy))
    for zone in ("zone-a", "zone-b"):
        (folder := path.parent / zone / "warehouse").mkdir(parents=True)
        shutil.copy(path, folder / "efficiency.duckdb")
    return path


@pytest.fixture
def analyst(warehouse: Path) -> Iterator[DuckDBPyConnection]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        yield connection


def of_zones(query: str, warehouse: Path) -> str:
    """`query` with the files of zones where they are."""
    return ZONES.sub(lambda named: f"'{warehouse.parent / named[1]}'", query)


def answer(analyst: DuckDBPyConnection, start: str) -> list[tuple[Any, ...]]:
    """The rows of the query whose question begins so."""
    (query,) = (text for question, text in QUERIES.items() if question.startswith(start))
    return analyst.sql(query).fetchall()


def test_the_guide_has_the_questions_that_analysts_ask() -> None:
    assert len(QUERIES) >= 15
    assert all(question.endswith(("?", ")", "see")) or "(" in question for question in QUERIES)
    assert [question.split(".")[0] for question in QUERIES if question[0].isdigit()] == [str(n) for n in range(1, 11)]


@pytest.mark.parametrize("question", QUERIES)
def test_each_query_runs_and_gives_rows(analyst: DuckDBPyConnection, warehouse: Path, question: str) -> None:
    assert analyst.execute(of_zones(QUERIES[question], warehouse)).fetchall()


@pytest.fixture(scope="module", params=CLIENTS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A version of DuckDB, and the Python of an environment of its own that has it; skips where it cannot be had."""
    version, folder = request.param, tmp_path_factory.mktemp("client")
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"duckdb=={version}"]
    done = subprocess.run(install, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.skip(f"DuckDB {version} cannot be had here: {' '.join(done.stderr.split())[-300:]}")
    return version, python


@pytest.mark.long
def test_each_query_gives_the_same_rows_with_other_clients(
    client: tuple[str, Path], analyst: DuckDBPyConnection, warehouse: Path, tmp_path: Path
) -> None:
    version, python = client
    asked = {question: of_zones(query, warehouse) for question, query in QUERIES.items()}
    (tmp_path / "queries.json").write_text(json.dumps(asked), encoding="utf-8")
    command = list(map(str, (python, ROOT / "tests" / "docs" / "ask.py", tmp_path / "queries.json", warehouse)))
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600, check=True)
    told = json.loads(done.stdout)
    assert told["version"] == version
    failed = {question: answer for question, answer in told["answers"].items() if isinstance(answer, str)}
    assert failed == {}
    expected = {
        question: len(analyst.execute(query).fetchall()) for question, query in asked.items() if "ATTACH" not in query
    }
    assert {question: len(told["answers"][question]) for question in expected} == expected


def test_every_view_has_a_query(analyst: DuckDBPyConnection) -> None:
    asked = " ".join(QUERIES.values())
    assert [view.name for view in all_views() if not re.search(rf"\b{view.name}\b", asked)] == []


def test_tiers_and_lists_count_as_the_run_printed(analyst: DuckDBPyConnection, sample_run: SampleRun) -> None:
    tiers = {row[0]: row[1] for row in answer(analyst, "How many enterprises")}
    assert sum(tiers.values()) == sample_run.told["statuses"]["ranked"]
    assert set(tiers) == set("ABCD")
    assert sum(row[4] for row in answer(analyst, "How many enterprises")) == pytest.approx(100, abs=0.3)
    assert len(answer(analyst, "Who is on which list")) == sum(sample_run.told["lists"].values())


def test_answers_are_what_their_question_promises(analyst: DuckDBPyConnection) -> None:
    assert all(row[3] < 0.8 for row in answer(analyst, "Which tiers are not firm"))
    assert all(row[1] != row[2] for row in answer(analyst, "Who got another tier"))
    assert {row[0] for row in answer(analyst, "Who moved up")} <= {"up", "down", "entered", "left"}
    concentration = [row[1] for row in answer(analyst, "How concentrated")]
    assert concentration == sorted(concentration)
    assert all(row[-1] for row in answer(analyst, "In which cells"))
    assert all(row[-1] is True for row in answer(analyst, "Which files have the most errors"))
    assert answer(analyst, "Which storage version")[0][1].startswith("v1.0.0")


def test_figures_with_their_signs_come_to_every_total_of_the_sample(analyst: DuckDBPyConnection) -> None:
    current = {row[0] for row in analyst.sql("SELECT evaluation_id FROM tiers").fetchall()}
    totals = [row for row in analyst.sql(TOTALS).fetchall() if row[0] in current]
    known = [row for row in totals if row[4] is not None]
    assert {str(row[0])[:7] for row in known} == {"2026-09", "2026-10"}
    assert len(known) > 8_000
    assert all((row[5] or 0.0) == pytest.approx(row[4], rel=1e-9, abs=1e-9) for row in known)
    assert not any(row[6] for row in totals if row[4] is None)


def test_the_dictionary_is_what_is_declared() -> None:
    assert renewed(GUIDE) == GUIDE, "renew it: python -m efficiency.warehouse.schema.dictionary docs/analyst.md"


def test_the_dictionary_names_every_table_view_and_column(analyst: DuckDBPyConnection) -> None:
    generated = GUIDE.split(BEGIN)[1].split(END)[0]
    names = [*TABLES, *(f"main.{view.name}" for view in all_views())]
    assert re.findall(r"^#### `(.+)`$", generated, re.MULTILINE) == [*names[len(TABLES) :], *names[: len(TABLES)]]
    counted = analyst.sql("SELECT count(*) FROM duckdb_columns() WHERE NOT internal").fetchall()[0][0]
    assert len(re.findall(r"^\| `", generated, re.MULTILINE)) == counted


def test_keys_named_in_the_dictionary_are_unique(analyst: DuckDBPyConnection) -> None:
    for name, table in TABLES.items():
        if table.key and table.schema == "results":
            columns = ", ".join(table.key)
            assert not analyst.sql(f"SELECT {columns} FROM {name} GROUP BY ALL HAVING count(*) > 1").fetchall(), name


@pytest.mark.parametrize("document", ["", BEGIN, f"{BEGIN}{BEGIN}{END}"])
def test_a_document_without_its_marks_is_refused(document: str) -> None:
    with pytest.raises(ValueError, match="dictionary: begin"):
        renewed(document)
