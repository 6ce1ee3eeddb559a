"""What was sent by mistake is withdrawn and counts no more from the next run on; undone, it counts again."""

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from builders.small_inbox import CODES, NAMES, quick_policy, write
from builders.small_inbox import run as run_month
from conftest import efficiency

from efficiency.errors import UsageError
from efficiency.review.audit import audit
from efficiency.review.rollback import rollback, versions
from efficiency.review.withdrawals import Withdrawal, withdraw
from efficiency.warehouse.errors import WarehouseBusyError
from efficiency.warehouse.lock import lock
from efficiency.warehouse.publish import publish_table
from efficiency.warehouse.read import load
from efficiency.warehouse.run_log import read_log
from schemas import WITHDRAWALS

YEAR = "2025年11月-2026年10月"
"""The window of the period."""
REGISTER = ("统一社会信用代码", "企业名称", "行业代码", "规模")


def taxes(path: Path, label: str, *figures: float) -> Path:
    """A tax table of the first enterprises."""
    rows = [(code, label, figure) for code, figure in zip(CODES, figures, strict=False)]
    return write(path, [("统一社会信用代码", "所属期", "实缴税金(万元)"), *rows])


def run(zone: Path) -> None:
    run_month(zone, policy=str(quick_policy(zone / "quick.toml")), reports=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three enterprises whose tax came in a right file and in a wrong one of another name."""
    folder = tmp_path_factory.mktemp("zone")
    write(folder / "inbox" / "名录.csv", [REGISTER, *((CODES[i], NAMES[i], "3071", "规上") for i in range(3))])
    taxes(folder / "inbox" / "税务局" / "税收.csv", YEAR, 1, 2, 3)
    run(folder)
    taxes(folder / "inbox" / "误报" / "误报税收.csv", YEAR, 100, 200)
    run(folder)
    return folder


@pytest.fixture
def zone(made: Path, tmp_path: Path) -> Path:
    """A copy of what is `made`, to be altered."""
    return Path(shutil.copytree(made, tmp_path / "zone"))


@pytest.fixture(scope="module")
def counted_anew(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is `made`, after the wrong file was withdrawn and the month was run."""
    folder = Path(shutil.copytree(made, tmp_path_factory.mktemp("withdrawn") / "zone"))
    taken(folder, "误报/误报税收.csv")
    run(folder)
    return folder


@pytest.fixture
def withdrawn(counted_anew: Path, tmp_path: Path) -> Path:
    """A copy of what is `counted_anew`, to be altered."""
    return Path(shutil.copytree(counted_anew, tmp_path / "zone"))


def place(zone: Path) -> Path:
    return zone / "warehouse" / "efficiency.duckdb"


def taken(zone: Path, what: str, reason: str | None = "误报", **options: Any) -> Withdrawal:
    return withdraw(what, reason, place(zone), **options)


def counting(zone: Path) -> list[float]:
    """The tax that counts, in the order of the codes."""
    output = load(place(zone))["facts.output"].filter(~pl.col("superseded"))
    return output.sort("uscc")["tax"].to_list()


def differing(zone: Path) -> list[str]:
    return [f"{finding.subject}: {finding.detail}" for finding in audit(place(zone), every=True) if not finding.holds]


def sheets(zone: Path, name: str) -> list[str]:
    return load(place(zone))["intake.submissions"].filter(file_name=name).sort("arrival")["submission_id"].to_list()


def test_a_withdrawn_file_counts_until_the_next_run(zone: Path) -> None:
    assert counting(zone) == [100, 200, 3]
    done = taken(zone, "误报/误报税收.csv")
    assert (done.file_name, done.sheets) == ("误报/误报税收.csv", tuple(sheets(zone, "误报/误报税收.csv")))
    assert counting(zone) == [100, 200, 3]
    assert differing(zone) == []


def test_a_withdrawn_file_counts_no_more_from_the_next_run_on_and_what_it_replaced_counts_again(
    counted_anew: Path,
) -> None:
    assert counting(counted_anew) == [1, 2, 3]
    assert differing(counted_anew) == []
    first, mistaken, last = load(place(counted_anew))["audit.run_evaluations"].sort("sequence")["inputs_sha256"]
    assert first == last != mistaken


def test_who_withdrew_what_when_and_why_is_on_record_and_in_the_log(zone: Path) -> None:
    (sheet,) = taken(zone, "误报税收.csv", "报错了\n月份").sheets
    row = load(place(zone))[WITHDRAWALS.qualified].row(0, named=True)
    assert (row["file_name"], row["submission_id"], row["reason"]) == ("误报/误报税收.csv", sheet, "报错了 月份")
    assert "@" in row["operator"]
    assert row["undone_at"] is None
    entry = read_log(place(zone))[-1]
    assert (entry["event"], entry["submissions"], entry["reason"]) == ("withdrawn", [sheet], "报错了 月份")
    assert entry["at"] == row["withdrawn_at"].isoformat(timespec="seconds")


def test_the_tables_say_what_is_withdrawn(counted_anew: Path) -> None:
    import duckdb

    with duckdb.connect(place(counted_anew), read_only=True) as connection:
        quality = connection.sql(
            "SELECT left_out, withdrawal_reason, rows_superseded FROM data_quality WHERE file_name LIKE '误报%'"
        ).fetchall()
        note = connection.sql("SELECT message FROM intake.problems WHERE rule = 'file_withdrawn'").fetchall()
    assert quality == [("withdrawn", "误报", 2)]
    assert len(note) == 1
    assert "误报" in note[0][0]


def test_undone_it_counts_again(withdrawn: Path) -> None:
    assert taken(withdrawn, "误报税收.csv", None, undo=True).undone
    run(withdrawn)
    assert counting(withdrawn) == [100, 200, 3]
    assert differing(withdrawn) == []
    assert load(place(withdrawn))[WITHDRAWALS.qualified]["undone_at"].null_count() == 0


@pytest.mark.long
def test_withdrawn_and_undone_between_two_runs_changes_nothing(zone: Path) -> None:
    taken(zone, "误报税收.csv")
    taken(zone, "误报税收.csv", None, undo=True)
    run(zone)
    assert counting(zone) == [100, 200, 3]
    assert differing(zone) == []


@pytest.mark.long
def test_a_withdrawn_file_that_comes_again_with_other_bytes_counts(withdrawn: Path) -> None:
    taxes(withdrawn / "inbox" / "误报" / "误报税收.csv", YEAR, 7, 8)
    run(withdrawn)
    assert counting(withdrawn) == [7, 8, 3]


@pytest.mark.long
def test_all_versions_of_a_file_are_withdrawn_of_a_sheet_the_one_before_counts_again(zone: Path) -> None:
    taxes(zone / "inbox" / "误报" / "误报税收.csv", YEAR, 7, 8)
    run(zone)
    first, second = sheets(zone, "误报/误报税收.csv")
    assert taken(zone, second).sheets == (second,)
    run(zone)
    assert counting(zone) == [100, 200, 3]
    assert taken(zone, "误报税收.csv").sheets == (first,)
    run(zone)
    assert counting(zone) == [1, 2, 3]
    assert set(taken(zone, "误报税收.csv", undo=True).sheets) == {first, second}
    run(zone)
    assert counting(zone) == [7, 8, 3]
    assert differing(zone) == []


UNKNOWN: dict[str, tuple[Callable[[Path], object], str]] = {
    "another name": (lambda zone: taken(zone, "误报/税收误报.csv"), "误报/误报税收.csv"),
    "another submission": (lambda zone: taken(zone, "0123456789ab-1"), "none like it"),
    "nothing withdrawn": (lambda zone: taken(zone, "税务局/税收.csv", undo=True), "is not withdrawn"),
    "no reason": (lambda zone: taken(zone, "税务局/税收.csv", " "), "--reason"),
}


@pytest.mark.parametrize("what", UNKNOWN)
def test_what_is_not_known_is_refused_with_what_is_near(zone: Path, what: str) -> None:
    attempt, said = UNKNOWN[what]
    before = place(zone).read_bytes()
    with pytest.raises(UsageError, match=said) as refused:
        attempt(zone)
    assert refused.value.exit_status == 2
    assert place(zone).read_bytes() == before


def test_the_command_answers_in_chinese_and_in_english_where_that_is_asked_for(zone: Path) -> None:
    def said(*options: str) -> str:
        asked = options if "--language" in options else (*options, "--language", "zh")
        done = efficiency("withdraw", *asked, "--warehouse", place(zone), cwd=zone, check=False)
        return done.stdout + done.stderr

    assert "撤回的原因" in said("误报税收.csv")
    unknown = said("税收误报.csv", "--reason", "误报")
    assert "相近的有：" in unknown
    assert "误报/误报税收.csv" in unknown
    done = said("误报税收.csv", "--reason", "误报")
    assert done.startswith("已撤回：误报/误报税收.csv：")
    assert "如需恢复：efficiency withdraw" in done
    assert "已经撤回" in said("误报税收.csv", "--reason", "误报")
    assert said("误报税收.csv", "--undo", "--language", "en").startswith("Counts again: 误报/误报税收.csv: ")
    assert "没有被撤回" in said("误报税收.csv", "--undo")


@pytest.mark.long
def test_a_name_that_fits_two_files_is_refused_and_a_file_is_withdrawn_once(zone: Path) -> None:
    taxes(zone / "inbox" / "别处" / "误报税收.csv", "2026年9月", 1)
    run(zone)
    with pytest.raises(UsageError, match=r"may be 别处/误报税收\.csv, 误报/误报税收\.csv"):
        taken(zone, "误报税收.csv")
    taken(zone, "误报/误报税收.csv")
    with pytest.raises(UsageError, match="is withdrawn already"):
        taken(zone, "误报/误报税收.csv")


def test_nothing_is_withdrawn_while_a_run_holds_the_warehouse(zone: Path) -> None:
    with lock(place(zone)), pytest.raises(WarehouseBusyError):
        taken(zone, "误报税收.csv")


@pytest.mark.long
def test_it_is_an_ordinary_publication_that_can_be_rolled_back(zone: Path) -> None:
    before = len(versions(place(zone)))
    taken(zone, "误报税收.csv")
    assert len(versions(place(zone))) == before + 1
    done = rollback(place(zone), None)
    assert done.before is not None
    assert (done.now.withdrawn, done.before.withdrawn) == (0, 1)
    run(zone)
    assert counting(zone) == [100, 200, 3]


def altered(rows: Iterable[dict[str, Any]]) -> pl.DataFrame:
    return WITHDRAWALS.conform(pl.DataFrame(list(rows), schema=WITHDRAWALS.polars_schema))


@pytest.mark.long
def test_a_withdrawal_that_nobody_made_shows(zone: Path) -> None:
    taken(zone, "误报税收.csv")
    (row,) = load(place(zone))[WITHDRAWALS.qualified].iter_rows(named=True)
    publish_table(place(zone), WITHDRAWALS, altered([{**row, "submission_id": sheets(zone, "税务局/税收.csv")[0]}]))
    assert [found.split(":")[0] for found in differing(zone)] == [WITHDRAWALS.qualified]
