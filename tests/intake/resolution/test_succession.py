"""A returned workbook that comes back mended is recognised, and its problems are counted off."""

import polars as pl

from efficiency.intake.problems import problem, problems_frame
from efficiency.intake.resolution import SUCCESSION, open_problems, succession, with_earlier_problems

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64


def sheet(
    sha256: str,
    arrival: int,
    *,
    name: str = "统计局/10月.xlsx",
    period: str | None = "2026-10",
    form: str | None = "output",
    status: str = "partly",
) -> dict[str, object]:
    return {
        "submission_id": f"{sha256[:12]}-1", "file_name": name, "sha256": sha256, "sheet": "规上", "form": form,
        "period_label": period, "status": status, "arrival": arrival,
    }  # fmt: skip


def fault(sha256: str, cell: str, rule: str = "not_a_number", value: str = "约1200") -> dict[str, object]:
    return problem(
        rule, submission_id=f"{sha256[:12]}-1", file_name="统计局/10月.xlsx", sheet="规上", cell=cell, field="revenue",
        value=value, number="1", before="2", month="1", median="2",
    )  # fmt: skip


def successors(submissions: list[dict[str, object]], *faults: dict[str, object]) -> pl.DataFrame:
    return succession(pl.DataFrame(submissions), problems_frame(list(faults)))


def test_mended_left_and_new_problems_are_counted_off() -> None:
    before = [fault(OLD, f"C{row}") for row in range(1, 6)]
    found = successors([sheet(OLD, 1), sheet(NEW, 2)], *before, fault(NEW, "C5", value="大约12"), fault(NEW, "D9"))
    assert found.rows() == [("统计局/10月.xlsx", NEW, OLD, 5, 4, 1, 1)]


def test_order_of_arrival_says_who_succeeds() -> None:
    found = successors([sheet(NEW, 2), sheet(OLD, 1)], fault(OLD, "C1"))
    assert found.select("sha256", "earlier_sha256").rows() == [(NEW, OLD)]


def test_three_versions_are_two_steps() -> None:
    found = successors([sheet(OLD, 1), sheet(NEW, 2), sheet(OTHER, 3)], fault(OLD, "C1"), fault(NEW, "C1"))
    assert found.select("earlier_sha256", "before", "mended", "left").rows() == [(OLD, 1, 0, 1), (NEW, 1, 1, 0)]


def test_name_used_again_for_another_month_is_no_succession() -> None:
    found = successors([sheet(OLD, 1, period="2026-09"), sheet(NEW, 2)], fault(OLD, "C1"))
    assert found.is_empty()
    assert found.schema == pl.Schema(SUCCESSION)


def test_file_of_which_nothing_could_be_used_is_succeeded_by_whatever_comes_under_its_name() -> None:
    unread = {**sheet(OLD, 1, form=None, period=None, status="refused"), "sheet": "", "submission_id": OLD[:12]}
    assert successors([unread, sheet(NEW, 2)]).height == 1


def test_another_file_is_no_successor() -> None:
    assert successors([sheet(OLD, 1), sheet(NEW, 2, name="别处.xlsx")], fault(OLD, "C1")).is_empty()


def test_what_was_reported_of_a_replaced_figure_counts_among_the_problems_before() -> None:
    submissions = pl.DataFrame([sheet(OLD, 1), sheet(NEW, 2), sheet(OTHER, 3, name="别处.xlsx")])
    now = problems_frame([fault(OLD, "C1")])
    stored = problems_frame([fault(OLD, "C1"), fault(OLD, "C2", "unit_suspect"), fault(OTHER, "C3", "unit_suspect")])
    found = with_earlier_problems(now, stored.drop("row").with_columns(run_id=pl.lit("run")), submissions)
    assert found.schema == now.schema
    assert found["cell"].to_list() == ["C1", "C2"]
    assert succession(submissions, found).select("before", "mended").row(0) == (2, 2)


def test_notes_are_not_counted() -> None:
    note = problem("sheet_empty", submission_id=f"{OLD[:12]}-1", file_name="x", sheet="规上")
    assert successors([sheet(OLD, 1), sheet(NEW, 2)], note).select("before").item() == 0


def test_problems_of_a_succeeded_file_no_longer_stand() -> None:
    faults = problems_frame([fault(OLD, "C1"), fault(NEW, "C2")])
    left = open_problems(faults, succession(pl.DataFrame([sheet(OLD, 1), sheet(NEW, 2)]), faults))
    assert left["cell"].to_list() == ["C2"]
