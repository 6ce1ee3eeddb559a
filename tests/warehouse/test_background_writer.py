"""A warehouse that is written while the month is judged: whole and in its place, or not there at all."""

from pathlib import Path

import polars as pl
import pytest
from builders import small_inbox

from efficiency.errors import EfficiencyError
from efficiency.job import outputs as deliverables
from efficiency.job import run as month
from efficiency.warehouse.draft import drafted
from efficiency.warehouse.publish import publish, put_in_place
from efficiency.warehouse.read import load
from efficiency.warehouse.schema import Contents
from schemas import EVALUATIONS, FACTS, STATED

ROW = pl.DataFrame(
    {
        "uscc": ["91370303MA3C00001X"],
        "submission_id": ["s"],
        "sheet": [""],
        "row": [2],
        "block": [0],
        "superseded": [False],
    }
)
LAND, SURVEY = FACTS["land"], FACTS["survey"]
FIRST = Contents({LAND.qualified: LAND.conform(ROW)})
LATER = SURVEY.conform(ROW)
WHOLE = FIRST.with_frames({SURVEY.qualified: LATER})


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_is_known_first_and_what_comes_later_make_one_warehouse(tmp_path: Path) -> None:
    path, at_once = tmp_path / "w.duckdb", tmp_path / "at_once.duckdb"
    with drafted(path) as draft:
        draft.add(FIRST)
        draft.complete(WHOLE)
        put_in_place(draft.prepared())
    publish(at_once, WHOLE)
    one, other = load(path), load(at_once)
    assert one[LAND.qualified].height == one[SURVEY.qualified].height == 1
    assert all(one[name].equals(other[name]) for name in one.frames)


def test_a_failure_while_it_is_written_leaves_what_was_published(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    publish(path, WHOLE)
    before = path.read_bytes()

    def fails(*, completed: bool) -> None:
        with drafted(path) as draft:
            draft.add(FIRST)
            if completed:
                draft.complete(WHOLE)
                draft.prepared()
            raise ZeroDivisionError

    for completed in (False, True):
        with pytest.raises(ZeroDivisionError):
            fails(completed=completed)
    assert left(tmp_path) == ["w.duckdb"]
    assert path.read_bytes() == before


def test_a_draft_that_is_never_completed_ends_and_leaves_nothing(tmp_path: Path) -> None:
    with drafted(tmp_path / "w.duckdb") as draft:
        draft.add(FIRST)
    assert left(tmp_path) == []


def test_a_table_that_changes_after_it_was_written_is_refused(tmp_path: Path) -> None:
    with drafted(tmp_path / "w.duckdb") as draft:
        draft.add(FIRST)
        draft.complete(WHOLE.with_frames({LAND.qualified: LAND.empty()}))
        with pytest.raises(ValueError, match=r"facts\.land changed"):
            draft.prepared()
    assert left(tmp_path) == []


@pytest.mark.parametrize("step", ["evaluate", "select", "_draw_reports"])
def test_a_month_that_cannot_be_judged_or_drawn_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step
) -> None:
    small_inbox.small_inbox(tmp_path / "inbox")
    small_inbox.run(tmp_path)
    warehouse = tmp_path / "warehouse" / "efficiency.duckdb"
    before = warehouse.read_bytes()

    def fails(*_: object) -> None:
        raise EfficiencyError("no")

    steps = month.Steps()
    if step == "_draw_reports":
        monkeypatch.setattr(deliverables, step, fails)
    else:
        steps = month.Steps(**{step: fails})
    order = month.RunRequest(tmp_path / "inbox", (small_inbox.PERIOD,), "zibo-jkq", warehouse, tmp_path / "output")
    with pytest.raises(EfficiencyError, match="no"):
        month.run_month(order, steps)
    assert warehouse.read_bytes() == before
    assert left(warehouse.parent) == ["efficiency.duckdb", "versions"]


def test_intake_and_facts_are_what_is_written_first(tmp_path: Path) -> None:
    small_inbox.small_inbox(tmp_path / "inbox")
    order = month.RunRequest(
        tmp_path / "inbox", (small_inbox.PERIOD,), "zibo-jkq", tmp_path / "w.duckdb", tmp_path / "out"
    )
    run = month.RunContext.begin()
    validated = month.validate(order, run, month.ingest(order, run))
    with drafted(order.warehouse) as draft, deliverables.drawing_up(order, run, validated, draft) as drawing:
        first = set(drawing.known)
    assert first > {table.qualified for table in (*FACTS.values(), *STATED.values())}
    assert EVALUATIONS.qualified not in first
