"""A warehouse that commit 12ce324 published, stored as data/published.tar.xz: it still holds and is issued as it was.

`builders/published.py` made the archive and says how. A change that alters a figure, a rule of intake or the text of a
document on purpose shows here; what it changes is then named in its test.
"""

import shutil
import tarfile
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from builders.small_inbox import CODES, PERIOD, ledger, run, small_inbox, tax
from conftest import efficiency

from efficiency.review.audit import audit
from efficiency.review.reissue import reissue
from efficiency.warehouse.schema import TABLES, all_views

ARCHIVE = Path(__file__).parents[1] / "builders" / "data" / "published.tar.xz"
EVALUATIONS = (
    "2026-08-zibo-jkq-89ff5674",
    "2026-09-zibo-jkq-7a7cfb78",
    "2026-10-zibo-jkq-cfe36b3e",
    "2026-10-zibo-jkq-77d400fb",
    "2026-10-zibo-jkq-4224cbec",
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with warehouse/ and documents/."""
    folder = tmp_path_factory.mktemp("published")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    return folder


def cells(path: Path) -> dict[str, list[list[Any]]]:
    """Every cell of every sheet."""
    book = openpyxl.load_workbook(path)
    return {sheet.title: [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book}


def rows(folder: Path, query: str) -> list[tuple[Any, ...]]:
    """What the warehouse of `folder` answers."""
    with duckdb.connect(str(folder / "warehouse" / "efficiency.duckdb"), read_only=True) as connection:
        return connection.sql(query).fetchall()


COLUMNS = (
    "SELECT schema_name || '.' || table_name, column_name FROM duckdb_columns() WHERE NOT internal "
    "AND schema_name <> 'main'"
)


@pytest.fixture(scope="module")
def upgraded(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the folder in which this version has run a month, with a correction that came since."""
    folder = tmp_path_factory.mktemp("upgraded")
    shutil.copytree(published / "warehouse", folder / "warehouse")
    inbox = small_inbox(folder / "inbox")
    new = (CODES[6], "2026年1-10月", "实缴税金", tax(6, 10), tax(6, 10) * 3, "完税证明", "王局", "2026-11-20")
    ledger(inbox / "更正2.csv", new)
    run(folder, reports=False)
    return folder


def test_a_warehouse_of_an_earlier_version_is_read_as_it_is(published: Path, tmp_path: Path) -> None:
    file = published / "warehouse" / "efficiency.duckdb"
    before = file.read_bytes()
    assert {name for (name,) in rows(published, "SELECT view_name FROM duckdb_views() WHERE NOT internal")} < {
        view.name for view in all_views()
    }, "the file is of no earlier version any more"
    told = efficiency("explain", CODES[3], "--period", "2026-09", "--warehouse", file, cwd=tmp_path).stdout
    assert "2026-09-zibo-jkq-7a7cfb78" in told
    inbox = small_inbox(tmp_path / "inbox")
    checked = efficiency("check", inbox, "--warehouse", file, "--language", "zh", cwd=tmp_path).stdout
    assert f"（{len(CODES)}户）" in checked
    efficiency("export", "tiers", "tiers.csv", "--warehouse", file, cwd=tmp_path)
    assert (tmp_path / "tiers.csv").read_text(encoding="utf-8").count("\n") == 1 + 3 * len(CODES)
    refused = efficiency("export", "verification", "v.csv", "--warehouse", file, cwd=tmp_path, check=False)
    assert refused.returncode == 2
    assert "after the next `efficiency run`" in refused.stderr
    assert file.read_bytes() == before


def test_a_run_on_a_warehouse_of_an_earlier_version_gives_it_all_that_is_declared(
    published: Path, upgraded: Path
) -> None:
    declared = {(name, column) for name, table in TABLES.items() for column in table.names}
    assert not declared <= set(rows(published, COLUMNS))
    assert declared == set(rows(upgraded, COLUMNS))
    for view in all_views():
        rows(upgraded, f"SELECT * FROM {view.name} LIMIT 1")
    current = rows(upgraded, "SELECT period, code_version FROM results.evaluations WHERE current ORDER BY 1")
    assert [period for period, _ in current] == ["2026-08", "2026-09", PERIOD]
    assert [code == "0.1.0" for _, code in current] == [True, True, False]


def test_evaluations_of_an_earlier_version_stay_as_they_were_published(published: Path, upgraded: Path) -> None:
    for table in ("scores", "indicators", "candidates"):
        columns = [name for qualified, name in rows(published, COLUMNS) if qualified == f"results.{table}"]
        kept = ", ".join(name for name in columns if name in TABLES[f"results.{table}"].names)
        query = f"SELECT {kept} FROM results.{table} WHERE evaluation_id IN {EVALUATIONS} ORDER BY ALL"
        assert rows(published, query) == rows(upgraded, query)
        assert len(rows(upgraded, query)) > 0
    told = efficiency("explain", CODES[3], "--period", "2026-09", cwd=upgraded).stdout
    assert "2026-09-zibo-jkq-7a7cfb78" in told


def test_the_file_of_an_earlier_version_can_be_gone_back_to(upgraded: Path, published: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(upgraded, tmp_path / "zone")
    efficiency("rollback", "1", cwd=folder)
    query = "SELECT evaluation_id, current FROM results.evaluations ORDER BY ALL"
    assert rows(folder, query) == rows(published, query)


@pytest.mark.long
def test_every_evaluation_of_an_earlier_version_follows_from_its_inputs(published: Path) -> None:
    findings = list(audit(published / "warehouse" / "efficiency.duckdb", every=True))
    assert [finding for finding in findings if not finding.holds] == []
    assert {finding.subject.split()[0] for finding in findings} >= set(EVALUATIONS)


@pytest.mark.long
@pytest.mark.parametrize("evaluation_id", EVALUATIONS)
def test_the_documents_of_an_earlier_version_are_issued_again_as_they_were(
    published: Path, tmp_path: Path, evaluation_id: str
) -> None:
    done = reissue(evaluation_id, published / "warehouse" / "efficiency.duckdb", tmp_path)
    originals = {path.name: path for path in (published / "documents" / evaluation_id).iterdir()}
    issued = {path.name: path for path in done.files if path.suffix == ".xlsx"}
    assert issued.keys() == originals.keys()
    for name, original in originals.items():
        assert cells(issued[name]) == cells(original)
