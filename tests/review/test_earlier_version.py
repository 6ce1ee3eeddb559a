"""A warehouse that commit 12ce324 published, stored as data/published.tar.xz: it still holds and is issued as it was.

`builders/published.py` made the archive and says how. A change that alters a figure, a rule of intake or the text of a
document on purpose shows here; what it changes is then named in its test.
"""

import tarfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from efficiency.review.audit import audit
from efficiency.review.reissue import reissue

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
