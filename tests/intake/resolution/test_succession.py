"""A mended file takes its predecessor's place, and the problems with which it was returned are counted off."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import pytest

from efficiency.intake.problems import problem, problems_frame
from efficiency.intake.resolution import (
    SEEN,
    SUCCESSION,
    open_problems,
    places,
    standing,
    succession,
    with_kept_problems,
)

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
NAME = "统计局/规上.xlsx"


def sheet(sha256: str, arrival: int, **more: Any) -> dict[str, Any]:
    """A sheet of which ten rows were read, by a run of its own."""
    return {
        "submission_id": f"{sha256[:12]}-1", "file_name": NAME, "sha256": sha256, "sheet": "规上", "form": "output",
        "period_label": "2026-10", "status": "partly", "arrival": arrival, "run_id": f"run{arrival}",
        "rows_total": 10, "rows_totals": 0, "rows_notes": 0, "rows_blank": 0, "rows_unusable": 0, **more,
    }  # fmt: skip


def unread(sha256: str, arrival: int, **more: Any) -> dict[str, Any]:
    """A file that could not be read."""
    nothing = {"form": None, "period_label": None, "status": "refused", "sheet": "", "submission_id": sha256[:12]}
    return {**sheet(sha256, arrival), **nothing, "rows_total": 0, **more}


def judged(
    *sheets: dict[str, Any], seen: Sequence[tuple[int, str, str]] = (), withdrawn: Sequence[str] = ()
) -> pl.DataFrame:
    """The sheets as submissions, with what has become of each."""
    submissions = pl.DataFrame(list(sheets), infer_schema_length=None).with_columns(
        pl.col("form", "period_label").cast(pl.String)
    )
    known = places(pl.DataFrame(list(seen), schema=SEEN, orient="row"), submissions)
    stated = submissions.drop_nulls("period_label").select("submission_id", pl.col("period_label").str.split(" "))
    labels = dict(stated.iter_rows())
    return submissions.join(standing(submissions, known, withdrawn, labels), on="submission_id")


def counting(*sheets: dict[str, Any], **more: Any) -> list[str]:
    """The first letter of each sheet that counts."""
    return judged(*sheets, **more).filter(pl.col("left_out").is_null())["submission_id"].str.head(1).to_list()


def fault(sha256: str, cell: str, rule: str = "not_a_number", value: str = "约1200") -> dict[str, object]:
    return problem(
        rule, submission_id=f"{sha256[:12]}-1", file_name=NAME, sheet="规上", cell=cell, field="revenue",
        value=value, number="1", before="2", month="1", median="2",
    )  # fmt: skip


def successors(*sheets: dict[str, Any], faults: Sequence[dict[str, object]] = ()) -> pl.DataFrame:
    return succession(judged(*sheets), problems_frame(list(faults)))


def test_mended_left_and_new_problems_are_counted_off() -> None:
    faults = [*(fault(OLD, f"C{row}") for row in range(1, 6)), fault(NEW, "C5", value="大约12"), fault(NEW, "D9")]
    assert successors(sheet(OLD, 1), sheet(NEW, 2), faults=faults).rows() == [(NAME, NEW, OLD, 5, 4, 1, 1)]


def test_order_of_arrival_says_who_succeeds() -> None:
    assert successors(sheet(NEW, 2), sheet(OLD, 1)).select("sha256", "earlier_sha256").rows() == [(NEW, OLD)]
    assert counting(sheet(NEW, 2), sheet(OLD, 1)) == ["b"]


def test_three_versions_are_two_steps_and_the_last_one_counts() -> None:
    versions = [sheet(OLD, 1), sheet(NEW, 2), sheet(OTHER, 3)]
    found = successors(*versions, faults=[fault(OLD, "C1"), fault(NEW, "C1")])
    steps = found.sort("mended").select("earlier_sha256", "before", "mended", "left")
    assert steps.rows() == [(OLD, 1, 0, 1), (NEW, 1, 1, 0)]
    assert counting(*versions) == ["c"]


def test_name_without_a_month_that_comes_with_another_month_is_a_new_submission() -> None:
    versions = [sheet(OLD, 1, period_label="2026-09"), sheet(NEW, 2)]
    assert counting(*versions) == ["a", "b"]
    assert successors(*versions).is_empty()
    assert successors(*versions).schema == pl.Schema(SUCCESSION)


def test_a_month_that_is_mended_after_the_next_one_came_under_the_same_name_succeeds_its_own() -> None:
    versions = [sheet(OLD, 1, period_label="2026-09"), sheet(NEW, 2), sheet(OTHER, 3, period_label="2026-09")]
    assert counting(*versions) == ["b", "c"]


def test_a_list_to_which_a_month_was_added_succeeds_the_shorter_one() -> None:
    assert counting(
        sheet(OLD, 1, period_label="2026-09 2026-08"), sheet(NEW, 2, period_label="2026-10 2026-09 2026-08")
    ) == ["b"]


def test_of_two_lists_that_share_some_months_both_count() -> None:
    assert counting(sheet(OLD, 1, period_label="2026-09 2026-08"), sheet(NEW, 2, period_label="2026-10 2026-09")) == [
        "a",
        "b",
    ]


def test_a_month_that_was_mistyped_in_some_rows_is_mended() -> None:
    assert counting(sheet(OLD, 1, period_label="2026-10 2026-09"), sheet(NEW, 2)) == ["b"]


def test_a_register_beside_the_figures_of_another_month_succeeds_nothing() -> None:
    register = {"form": "register", "sheet": "名录", "period_label": None}
    versions = [
        sheet(OLD, 1, period_label="2026-09"), sheet(OLD, 2, submission_id="a2", **register),
        sheet(NEW, 3), sheet(NEW, 4, submission_id="b2", **register),
    ]  # fmt: skip
    assert counting(*versions) == ["a", "a", "b", "b"]


@pytest.mark.parametrize("name", ["3月.xlsx", "统计局/2026年3月规上.xlsx", "2026-03.csv", "2026年一季度.xlsx"])
def test_name_that_states_the_month_is_succeeded_whatever_the_month_of_its_rows(name: str) -> None:
    old = sheet(OLD, 1, file_name=name, period_label="2026-02")
    assert counting(old, sheet(NEW, 2, file_name=name, period_label="2026-03", sheet="表2")) == ["b"]


def test_name_of_a_month_without_its_year_is_used_again_in_the_next_year() -> None:
    old = sheet(OLD, 1, file_name="3月.xlsx", period_label="2026-03")
    assert counting(old, sheet(NEW, 2, file_name="3月.xlsx", period_label="2027-03")) == ["a", "b"]


def test_a_folder_that_states_the_month_is_not_the_name_of_the_file() -> None:
    old = sheet(OLD, 1, file_name="2026年3月/规上.xlsx", period_label="2026-02")
    assert counting(old, sheet(NEW, 2, file_name="2026年3月/规上.xlsx", period_label="2026-03")) == ["a", "b"]


def test_file_of_which_nothing_could_be_used_is_succeeded_by_whatever_comes_under_its_name() -> None:
    assert successors(unread(OLD, 1), sheet(NEW, 2)).height == 1


@pytest.mark.parametrize("name", [NAME, "2026年10月.xlsx"])
def test_a_file_of_which_nothing_can_be_used_takes_no_place(name: str) -> None:
    old = sheet(OLD, 1, file_name=name)
    assert counting(old, unread(NEW, 2, file_name=name))[0] == "a"
    assert counting(old, sheet(NEW, 2, file_name=name, rows_unusable=10)) == ["a", "b"]


def test_another_file_is_no_successor() -> None:
    assert counting(sheet(OLD, 1), sheet(NEW, 2, file_name="别处.xlsx")) == ["a", "b"]


def test_two_files_of_one_name_that_are_read_at_once_are_no_versions() -> None:
    assert counting(sheet(OLD, 1, run_id="check"), sheet(NEW, 2, run_id="check")) == ["a", "b"]


def test_a_sheet_that_the_mended_file_lacks_does_not_count() -> None:
    second = sheet(OLD, 2, submission_id="a2", sheet="园区", form="energy")
    assert counting(sheet(OLD, 1), second, sheet(NEW, 3)) == ["b"]


def test_of_a_withdrawn_version_the_one_before_counts_again() -> None:
    versions = [sheet(OLD, 1), sheet(NEW, 2), sheet(OTHER, 3)]
    assert counting(*versions, withdrawn=[f"{OTHER[:12]}-1"]) == ["b"]
    assert counting(*versions, withdrawn=[f"{OTHER[:12]}-1", f"{NEW[:12]}-1"]) == ["a"]
    assert counting(*versions, withdrawn=[f"{OLD[:12]}-1"]) == ["c"]


def test_of_a_withdrawn_sheet_the_one_that_it_replaced_counts_again_beside_the_others() -> None:
    def two(sha256: str, arrival: int) -> list[dict[str, Any]]:
        second = sheet(sha256, arrival + 1, submission_id=f"{sha256[:12]}-2", sheet="能源", form="energy")
        return [sheet(sha256, arrival), second]

    left = judged(*two(OLD, 1), *two(NEW, 3), withdrawn=[f"{NEW[:12]}-2"]).filter(pl.col("left_out").is_null())
    assert left["submission_id"].to_list() == [f"{OLD[:12]}-2", f"{NEW[:12]}-1"]


def test_entries_that_stand_until_they_are_withdrawn_count_beside_their_successor() -> None:
    old = sheet(OLD, 1, form="incidents", period_label=None)
    new = sheet(NEW, 2, form="incidents", period_label=None)
    assert counting(old, new) == ["a", "b"]
    assert counting(old, new, withdrawn=[f"{OLD[:12]}-1"]) == ["b"]


def test_the_same_bytes_under_another_name_go_on_to_count() -> None:
    versions = [sheet(OLD, 1), sheet(NEW, 2)]
    copied = [(1, NAME, OLD), (1, "副本.xlsx", OLD), (2, NAME, NEW), (2, "副本.xlsx", OLD)]
    assert counting(*versions, seen=copied) == ["a", "b"]


def test_a_file_that_was_renamed_is_succeeded_under_its_new_name() -> None:
    renamed = [(1, NAME, OLD), (2, "规上企业.xlsx", OLD), (3, "规上企业.xlsx", NEW)]
    assert counting(sheet(OLD, 1), sheet(NEW, 2, file_name="规上企业.xlsx"), seen=renamed) == ["b"]


def test_a_file_that_is_put_back_as_it_was_counts_again() -> None:
    back = [(1, NAME, OLD), (2, NAME, NEW), (3, NAME, OLD)]
    assert counting(sheet(OLD, 1), sheet(NEW, 2), seen=back) == ["a"]


def test_what_was_reported_of_a_replaced_figure_counts_among_the_problems_before() -> None:
    submissions = judged(sheet(OLD, 1), sheet(NEW, 2), sheet(OTHER, 3, file_name="别处.xlsx"))
    now = problems_frame([fault(OLD, "C1")])
    before = [fault(OLD, "C1"), fault(OLD, "C2", "unit_suspect"), fault(OTHER, "C3", "unit_suspect")]
    stored = problems_frame(before).drop("row").with_columns(run_id=pl.lit("run"))
    found = with_kept_problems(now, stored, submissions)
    assert found.schema == now.schema
    assert found["cell"].to_list() == ["C1", "C2"]
    assert succession(submissions, found).select("before", "mended").row(0) == (2, 2)


def test_notes_are_not_counted() -> None:
    note = problem("sheet_empty", submission_id=f"{OLD[:12]}-1", file_name="x", sheet="规上")
    assert successors(sheet(OLD, 1), sheet(NEW, 2), faults=[note]).select("before").item() == 0


def test_problems_of_a_succeeded_or_withdrawn_file_no_longer_stand() -> None:
    faults = problems_frame([fault(OLD, "C1"), fault(NEW, "C2")])
    assert open_problems(faults, judged(sheet(OLD, 1), sheet(NEW, 2)))["cell"].to_list() == ["C2"]
    unreadable = problem("unreadable", submission_id=OLD[:12], file_name=NAME, reason="文件已损坏")
    of_file = problems_frame([unreadable, fault(NEW, "C2")])
    assert open_problems(of_file, judged(unread(OLD, 1), sheet(NEW, 2)))["cell"].to_list() == ["C2"]
    withdrawn = judged(sheet(OLD, 1), withdrawn=[f"{OLD[:12]}-1"])
    assert open_problems(problems_frame([fault(OLD, "C1")]), withdrawn).is_empty()
