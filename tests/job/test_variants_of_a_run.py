"""A month's run under --variants: what is published, what a second run adds, and what is said of it."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import polars as pl
import pytest
from builders.small_inbox import PERIOD, quick_policy, run, small_inbox, warehouse
from conftest import efficiency

from efficiency.review.audit import audit
from efficiency.review.reissue import reissue
from efficiency.warehouse.read import load

BOUNDS = "SELECT count(*), count(DISTINCT variant), count(DISTINCT uscc) FROM results.variants WHERE evaluation_id = ?"


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same month run for everybody, without variants, for lists alone, and for everybody once more."""
    folder = tmp_path_factory.mktemp("variants")
    small_inbox(folder / "inbox")
    policy = str(quick_policy(folder / "quick.toml"))
    run(folder, policy=policy)
    run(folder, policy=policy, output="none", variants="none")
    run(folder, policy=policy, reports=False, variants="lists")
    run(folder, policy=policy, reports=False)
    return folder


def evaluations(folder: Path) -> dict[str, str]:
    """Mode → id of its evaluation."""
    found = load(warehouse(folder))["results.evaluations"]
    return dict(found.select("variants", "evaluation_id").iter_rows())


def test_the_same_flag_adds_no_evaluation_and_another_one_does(month: Path) -> None:
    found = load(warehouse(month))["results.evaluations"]
    assert sorted(found["variants"]) == ["all", "lists", "none"]
    assert found["inputs_sha256"].n_unique() == 1
    assert found.filter("current")["variants"].to_list() == ["all"]
    assert found.filter(variants="none")["variants_sha256"].to_list() == [None]


def test_rows_are_those_of_everybody_of_lists_or_of_nobody(month: Path) -> None:
    ids = evaluations(month)
    with duckdb.connect(str(warehouse(month)), read_only=True) as reader:
        bounds = {mode: reader.execute(BOUNDS, [own]).fetchone() for mode, own in ids.items()}
        listed = reader.execute(
            "SELECT count(*) FROM results.candidates WHERE evaluation_id = ?", [ids["lists"]]
        ).fetchone()
        assert reader.execute("SELECT DISTINCT evaluation_id FROM variants").fetchall() == [(ids["all"],)]
    assert listed is not None
    assert bounds == {"all": (12 * 14, 12, 14), "lists": (12 * listed[0], 12, listed[0]), "none": (0, 0, 0)}


def test_scores_and_lists_are_the_same_whatever_is_kept(month: Path) -> None:
    contents, ids = load(warehouse(month)), evaluations(month)
    scores = {mode: contents["results.scores"].filter(evaluation_id=own) for mode, own in ids.items()}
    own = [name for name in scores["all"].columns if name not in ("evaluation_id", "agreement", "list_agreement")]
    assert scores["all"].select(own).equals(scores["none"].select(own))
    assert scores["all"].drop("evaluation_id").equals(scores["lists"].drop("evaluation_id"))
    assert scores["none"]["agreement"].null_count() == scores["none"]["list_agreement"].null_count() == 14
    assert scores["all"]["agreement"].null_count() == 0


def test_every_evaluation_can_be_audited_and_issued_again(month: Path, tmp_path: Path) -> None:
    findings = list(audit(warehouse(month), every=True))
    assert [finding for finding in findings if not finding.holds] == []
    assert any("variant_effects" in finding.subject for finding in findings)
    for mode, first in (("all", "output"), ("none", "none")):
        done = reissue(evaluations(month)[mode], warehouse(month), tmp_path / mode)
        for file in done.files:
            (original,) = (month / first).rglob(file.name)
            assert file.read_bytes() == original.read_bytes(), file.name


def test_documents_say_what_holds_under_every_method_or_that_nobody_knows(month: Path) -> None:
    page, without = ((month / name / PERIOD / f"报告_{PERIOD}.html").read_text("utf-8") for name in ("output", "none"))
    said = r"本办法与办法所列其他12种说得通的算法比较：14户的等级中\d+户在这13种算法下都一样，\d+户取决于算法"
    assert re.search(said, page)
    assert "基准取全组加权均值" in page
    assert "本次运行未测算方法口径" in without
    assert "换用其他12种" not in without


def test_the_log_and_the_command_line_know_the_flag(month: Path) -> None:
    commands = load(warehouse(month))["audit.runs"].sort("sequence")["command"].to_list()
    assert ["--variants none" in one for one in commands] == [False, True, False, False]
    assert "--variants lists" in commands[2]
    code = load(warehouse(month))["results.scores"]["uscc"][0]
    told = efficiency("explain", code, "--period", PERIOD, "--warehouse", warehouse(month), cwd=month).stdout
    assert re.search(r"13种口径中\d+种为[A-D]类", told)
    asked = efficiency("run", "--inbox", "x", "--period", PERIOD, "--variants", "some", cwd=month, check=False)
    assert asked.returncode == 2


def test_a_correction_that_only_a_variant_reads_makes_a_new_evaluation(month: Path, tmp_path: Path) -> None:
    folder = tmp_path / "zone"
    small_inbox(folder / "inbox")
    file = quick_policy(folder / "quick.toml")
    # What is sent again is no case here, whichever window it lies in.
    file.write_text(file.read_text("utf-8").replace('data_sd = "own"', "data_sd = 0.05"), "utf-8")
    policy = str(file)
    first = run(folder, policy=policy, reports=False).evaluations[-1].evaluation
    # The year before, and its ten months with it: the rolling twelve months stay what they were.
    for label in ("2025年", "2025年1-10月"):
        file = folder / "inbox" / "产出" / f"{label}产出.csv"
        lines = file.read_text("utf-8-sig").splitlines()
        fields = lines[1].split(",")
        fields[4] = str(float(fields[4]) + 100)
        file.write_text("\n".join([lines[0], ",".join(fields), *lines[2:]]), "utf-8-sig")
    second = run(folder, policy=policy, reports=False).evaluations[-1].evaluation
    assert first.inputs_sha256 == second.inputs_sha256
    assert first.variants is not None
    assert second.variants is not None
    year = [one.variants.rows.filter(pl.col("variant") == "calendar_year") for one in (first, second) if one.variants]
    assert not year[0].equals(year[1])
    assert load(warehouse(folder))["results.evaluations"].height == 2
