"""The record of runs and its audit: what is written down, and that whatever was altered afterwards shows."""

import json
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builders.small_inbox import CODES, PERIOD, ledger, run, small_inbox, tax, warehouse
from conftest import efficiency

from efficiency.errors import EfficiencyError
from efficiency.review.audit import audit
from efficiency.version import code_version
from efficiency.warehouse.read import load
from efficiency.warehouse.run_log import append_entry, chain_errors, log_file, read_log


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month that ran, ran again, failed once, and ran with a correction."""
    folder = tmp_path_factory.mktemp("audited")
    inbox = small_inbox(folder / "inbox")
    run(folder)
    shutil.copytree(folder / "output", folder / "first")
    run(folder)
    shutil.copytree(folder / "output", folder / "again")
    (folder / "blocked").write_text("a file where a folder is needed", encoding="utf-8")
    with pytest.raises(EfficiencyError):
        run(folder, output="blocked/output")
    ledger(inbox / "更正.csv", (CODES[3], "2026年1-10月", "实缴税金", 1, tax(3, 10) * 2, "", "王局", "2026-11-06"))
    run(folder)
    return folder


def copied(audited: Path, tmp_path: Path) -> Path:
    shutil.copytree(audited / "warehouse", tmp_path / "warehouse")
    return warehouse(tmp_path)


def differing(path: Path, *evaluations: Sequence[str], **options: Any) -> list[str]:
    return [finding.subject for finding in audit(path, *evaluations, **options) if not finding.holds]


def test_each_run_is_written_down_with_what_it_read_and_what_came_of_it(audited: Path) -> None:
    runs = load(warehouse(audited))["audit.runs"].sort("sequence")
    assert runs["outcome"].to_list() == ["published", "unchanged", "published"]
    assert runs["files_new"].to_list() == [8, 0, 1]
    first = runs.row(0, named=True)
    assert first["command"].startswith("efficiency run --inbox ")
    assert f"--period {PERIOD} --policy zibo-jkq" in first["command"]
    assert "@" in first["operator"]
    assert first["code_version"] == code_version()
    assert first["policy_toml"].count("[[cohort]]") >= 1
    assert first["started"] <= first["finished"] <= datetime.now(UTC)


def test_the_same_inbox_again_gives_the_same_documents(audited: Path) -> None:
    first, again = (
        {path.relative_to(audited / name): path.read_bytes() for path in (audited / name).rglob("*.*")}
        for name in ("first", "again")
    )
    summaries = [documents.pop(Path("2026-10/运行摘要_2026-10.txt")) for documents in (first, again)]
    assert summaries[0] != summaries[1]  # of the run, which differs
    assert first == again


def test_each_file_of_the_inbox_is_written_down_with_its_digest(audited: Path) -> None:
    files = load(warehouse(audited))["audit.run_files"]
    assert files.group_by("sequence").len().sort("sequence")["len"].to_list() == [8, 8, 9]
    assert files.filter(sequence=3, fresh=True)["file_name"].to_list() == ["更正.csv"]
    assert files["sha256"].str.len_chars().unique().to_list() == [64]


def test_each_evaluation_of_each_run_is_written_down_with_its_inputs(audited: Path) -> None:
    contents = load(warehouse(audited))
    entered = contents["audit.run_evaluations"].sort("sequence")
    assert entered["changed"].to_list() == [True, False, True]
    assert entered["inputs_sha256"][0] == entered["inputs_sha256"][1] != entered["inputs_sha256"][2]


def test_a_failed_run_is_in_the_log_and_nowhere_else(audited: Path) -> None:
    events = [entry["event"] for entry in read_log(warehouse(audited))]
    assert events == ["started", "finished"] * 2 + ["started", "failed"] + ["started", "finished"]
    (failed,) = (entry for entry in read_log(warehouse(audited)) if entry["event"] == "failed")
    assert "blocked" in failed["error"]
    assert failed["run_id"] not in load(warehouse(audited))["audit.runs"]["run_id"]


def test_what_was_published_holds(audited: Path) -> None:
    assert differing(warehouse(audited)) == []
    done = efficiency("audit", "--all", cwd=audited)
    assert "DIFFERS" not in done.stdout
    assert "1 runs failed, 0 were cut off or are at work" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("all hold.")


TAMPERED = {
    "a score": ("UPDATE results.scores SET score = score + 1e-9 WHERE rank = 3", "scores"),
    "a tier": ("UPDATE results.scores SET tier = 'A' WHERE tier = 'B'", "scores"),
    "an indicator": ("UPDATE results.indicators SET benchmark = 1 WHERE indicator = 'tax_per_mu'", "indicators"),
    "a list": ("DELETE FROM results.candidates WHERE priority = 1", "candidates"),
    "a policy": ("UPDATE results.evaluations SET policy_toml = replace(policy_toml, 'weight = ', 'weight =  ')",
                 "policy text"),
    "the inputs' digest": ("UPDATE results.evaluations SET inputs_sha256 = 'f'", "inputs"),
    "a fact": ("UPDATE facts.output SET tax = 1 WHERE tax IS NOT NULL", "facts.output"),
    "a stated figure": ("UPDATE intake.stated_output SET tax = tax * 2", "facts.output"),
    "a problem": ("DELETE FROM intake.problems", "intake.problems"),
    "an objection": ("DELETE FROM intake.objections", "intake.objections"),
    "what is current": ("UPDATE results.evaluations SET current = NOT current", "runs"),
    "a run": ("DELETE FROM audit.runs WHERE sequence = 2", "runs"),
    "the log of a run": ("UPDATE audit.runs SET log_sha256 = 'f' WHERE sequence = 1", "log of runs"),
}  # fmt: skip


APART = ("a score", "a list", "a problem", "the log of a run")
"""What is compared apart, so that one audit shows all of them; `make test-long` alters each alone."""
ALONE = ("a policy", "the inputs' digest", "a stated figure", "what is current")


def altered(audited: Path, tmp_path: Path, *whats: str) -> list[str]:
    """Subjects that differ in a copy of the warehouse in which these were altered."""
    path = copied(audited, tmp_path)
    with duckdb.connect(path) as connection:
        for what in whats:
            assert connection.execute(TAMPERED[what][0]).fetchall()[0][0] > 0
    return differing(path, every=True)


@pytest.mark.parametrize("what", [w if w in ALONE else pytest.param(w, marks=pytest.mark.long) for w in TAMPERED])
@pytest.mark.long
def test_what_was_altered_afterwards_shows(audited: Path, tmp_path: Path, what: str) -> None:
    assert any(TAMPERED[what][1] in found for found in altered(audited, tmp_path, what))


def test_each_of_several_things_that_were_altered_shows(audited: Path, tmp_path: Path) -> None:
    found = altered(audited, tmp_path, *APART)
    for what in APART:
        assert any(TAMPERED[what][1] in subject for subject in found), what


@pytest.mark.long
def test_a_difference_ends_with_status_1_and_says_where(audited: Path, tmp_path: Path) -> None:
    path = copied(audited, tmp_path)
    with duckdb.connect(path) as connection:
        connection.execute(f"UPDATE results.scores SET rank = 99 WHERE uscc = '{CODES[2]}'")
    done = efficiency("audit", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert CODES[2] in done.stdout
    assert "rank is 99 and computed again" in done.stdout
    printed = json.loads(efficiency("audit", "--json", cwd=tmp_path, check=False).stdout)
    assert printed["holds"] is False


def test_only_the_evaluation_asked_for_is_computed_again(audited: Path) -> None:
    ids = load(warehouse(audited))["results.evaluations"].sort("created_at")["evaluation_id"]
    findings = [finding.subject for finding in audit(warehouse(audited), [ids[0]])]
    assert any(subject.startswith(ids[0]) for subject in findings)
    assert not any(subject.startswith(ids[1]) for subject in findings)


@pytest.mark.long
@pytest.mark.parametrize(
    ("alter", "message"),
    [
        (lambda lines: [lines[0].replace('"operator": "', '"operator": "x'), *lines[1:]],
         "line 1 was altered"),
        (lambda lines: [lines[0], *lines[2:]], "line 2 does not follow"),
        (lambda lines: ["nonsense", *lines], "line 1 is no entry"),
        (lambda lines: lines[2:], "line 1 does not follow"),
    ],
    ids=["altered", "removed", "put in", "cut off in front"],
)  # fmt: skip
def test_an_altered_log_shows(
    audited: Path, tmp_path: Path, alter: Callable[[list[str]], list[str]], message: str
) -> None:
    path = copied(audited, tmp_path)
    lines = log_file(path).read_text(encoding="utf-8").splitlines()
    log_file(path).write_text("\n".join(alter(lines)) + "\n", encoding="utf-8")
    assert message in "; ".join(chain_errors(read_log(path)))
    assert "log of runs" in differing(path)


def test_a_log_that_lacks_a_published_run_shows(audited: Path, tmp_path: Path) -> None:
    path = copied(audited, tmp_path)
    lines = log_file(path).read_text(encoding="utf-8").splitlines(keepends=True)
    log_file(path).write_text("".join(lines[:-2]), encoding="utf-8")
    assert chain_errors(read_log(path)) == []
    assert "log of runs" in differing(path)


def test_half_a_line_of_a_run_that_was_killed_is_cut_off_by_the_next_entry(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    append_entry(path, {"event": "started", "error": "长" * 9000})
    with log_file(path).open("ab") as stream:
        stream.write(b'{"event": "fini')
    assert [entry["event"] for entry in read_log(path)] == ["started"]
    append_entry(path, {"event": "failed"})
    assert [entry["event"] for entry in read_log(path)] == ["started", "failed"]
    assert chain_errors(read_log(path)) == []
