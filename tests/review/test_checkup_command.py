"""`efficiency checkup` as its users meet it: a few lines, one workbook, nothing published."""

import json
import tarfile
from pathlib import Path

import openpyxl
import polars as pl
import pytest
from conftest import ROOT, SampleRun, efficiency

from efficiency.evaluation.checkup import CheckUp
from efficiency.policy.load import load_policy
from efficiency.reports.checkup import sections, write_check_up
from efficiency.review.checkup import check_up_published
from efficiency.warehouse.read import existing

TITLES = (
    "各项指标的真实影响", "封顶、保底与缺项", "不同企业群体的等级", "紧挨门槛的企业", "分界两侧得分几乎相同的企业",
    "评价期以前用地减少的企业",
)  # fmt: skip
WORKBOOK = "体检_2026-10.xlsx"


@pytest.fixture(scope="module")
def checked(sample_run: SampleRun, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which the sample's workbook and what was printed (as JSON, and as text) are."""
    folder = tmp_path_factory.mktemp("checkup")
    before = sample_run.warehouse.read_bytes()
    for name, more in (("printed.json", ["--json"]), ("printed.txt", [])):
        words = ("checkup", "--period", "2026-10", "--warehouse", sample_run.warehouse, "--output", name, *more)
        (folder / name.replace("printed", "told")).write_text(efficiency(*words, cwd=folder).stdout, encoding="utf-8")
    assert sample_run.warehouse.read_bytes() == before
    return folder


def test_it_says_of_every_section_what_was_found(checked: Path) -> None:
    told = json.loads((checked / "told.json").read_text(encoding="utf-8"))
    assert [section["title"] for section in told["sections"]] == list(TITLES)
    assert all(section["sentences"] for section in told["sections"])
    assert {section["outcome"] for section in told["sections"]} <= {"found", "nothing_found", "not_judged"}
    assert told["paths"]["files"] == [f"printed.json/2026-10/{WORKBOOK}"]
    text = (checked / "told.txt").read_text(encoding="utf-8")
    assert all(title in text for title in TITLES)
    assert "不改变任何得分、名次、等级和清单" in text


def test_the_counts_are_those_of_the_evaluation(checked: Path, sample_run: SampleRun) -> None:
    figures = json.loads((checked / "told.json").read_text(encoding="utf-8"))["figures"]
    scores = existing(sample_run.warehouse, ["results.scores"])["results.scores"]
    by_town = scores.filter(tier="D").group_by("town").len()
    found = pl.DataFrame(figures["groups"]).filter(pl.col("why_not").is_null(), grouping="town", tier="D")
    assert dict(found.select("group", "count").iter_rows()) == dict(by_town.iter_rows())
    assert {row["judged"] for row in figures["influences"] if row["cohort"] == "above_scale"} == {True}


def test_the_workbook_is_one_sheet_for_a4_without_formulas(checked: Path) -> None:
    book = openpyxl.load_workbook(checked / "printed.json" / "2026-10" / WORKBOOK)
    assert book.sheetnames == ["体检"]
    sheet = book["体检"]
    assert (sheet.page_setup.paperSize, sheet.page_setup.orientation) == (9, "portrait")
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} <= {"s", "n"}
    assert min(cell.font.size for cell in cells) >= 9
    texts = [str(cell.value) for cell in cells]
    assert [text for text in texts if text[1:2] == "、"] == [
        f"{'一二三四五六'[i]}、{title}" for i, title in enumerate(TITLES)
    ]


def test_the_same_evaluation_gives_the_same_bytes(checked: Path) -> None:
    once, again = (checked / name / "2026-10" / WORKBOOK for name in ("printed.json", "printed.txt"))
    assert once.read_bytes() == again.read_bytes()


def test_a_finding_is_no_error_and_no_evaluation_is(sample_run: SampleRun, tmp_path: Path) -> None:
    for words, says in (
        (["--period", "2026-09"], "Evaluated: 2026-10 zibo-jkq"),
        (["--period", "2026-10", "--policy", "huaian-2024"], "under policy 'huaian-2024'"),
        (["--period", "October"], "YYYY-MM"),
    ):
        done = efficiency("checkup", *words, "--warehouse", sample_run.warehouse, cwd=tmp_path, check=False)
        assert done.returncode == 2
        assert says in done.stderr
        assert list(tmp_path.iterdir()) == []


def test_text_of_data_stays_text(tmp_path: Path, sample_run: SampleRun) -> None:
    found = check_up_published(sample_run.warehouse).found
    evil = "=HYPERLINK(1)\x1b[31m<b>" + "很长" * 90
    cuts = found.cuts.head(1)
    row = dict.fromkeys(found.neighbours.columns) | {"uscc": "x", "name": evil, "score": 1.0}
    row |= cuts.select("cohort_title", "group", "better", "worse").row(0, named=True)
    near = pl.DataFrame([{**row, "above": above} for above in (True, False)], schema=found.neighbours.schema)
    changed = CheckUp(**{**vars(found), "cuts": cuts, "neighbours": near})
    told = sections(changed, load_policy("zibo-jkq"))
    write_check_up(
        tmp_path / "x.xlsx", told, {"period": "2026-10", "evaluation_id": "=1"}, load_policy("zibo-jkq"),
        check_up_published(sample_run.warehouse).evaluation["created_at"],
    )  # fmt: skip
    sheet = openpyxl.load_workbook(tmp_path / "x.xlsx")["体检"]
    named = [cell for row in sheet.iter_rows() for cell in row if "HYPERLINK" in str(cell.value)]
    assert named
    assert {cell.data_type for cell in named} == {"s"}
    assert "\x1b" not in "".join(str(cell.value) for cell in named)


def test_results_of_an_earlier_version_are_checked_up(tmp_path: Path) -> None:
    with tarfile.open(ROOT / "tests" / "builders" / "data" / "published.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    warehouse = tmp_path / "warehouse" / "efficiency.duckdb"
    done = efficiency("checkup", "--warehouse", warehouse, "--output", "out", cwd=tmp_path)
    assert "未判断" in done.stdout
    assert (tmp_path / "out" / "2026-10" / WORKBOOK).exists()
