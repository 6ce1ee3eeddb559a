"""A fault of the program over the rows of one sheet, found only when all are resolved: the sheet is left out, told.

In the normal way this costs nothing. After a fault the rows are resolved again without some of the sheets, until it is
known without which of them there is none: some twenty times for a thousand sheets.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import EfficiencyError, exhausted
from efficiency.intake.problems import PARSE_PROBLEMS, fault_shown, problem, problems_frame
from efficiency.intake.resolution import FactsInvalid
from efficiency.partitions import Chunks
from efficiency.version import code_version

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    from efficiency.intake.resolution import Stated

    Result = TypeVar("Result")

FAULTS = (Exception, pl.exceptions.PanicException)
"""What a fault of the program may raise; a panic of polars is no Exception."""

log = logging.getLogger("efficiency")


def fenced(resolve: Callable[[Stated], Result], stated: Stated) -> Result:
    """What `resolve` gives of `stated`, without the sheets over whose rows the program fails, each an `internal` error.

    Raises what `resolve` raises where it fails without any rows too, and EfficiencyError as it comes.
    """
    try:
        return resolve(stated)
    except FAULTS as fault:
        if _is_no_fault(fault):
            raise
        log.error("resolving what is stated: a fault of the program", exc_info=fault)
        culprits = _culprits(resolve, stated)
        if not culprits:
            raise
        return resolve(_without(stated, culprits, fault))


def _is_no_fault(error: BaseException) -> bool:
    """Whether the operator has to mend it (a full disk, no more memory); facts of another shape are a fault."""
    if isinstance(error, FactsInvalid):
        return False
    return isinstance(error, EfficiencyError | OSError) or exhausted(error) is not None


def _culprits(resolve: Callable[[Stated], object], stated: Stated) -> list[str]:
    """The fewest sheets without whose rows `resolve` does not fail; none where it fails without the rows of all.

    Later sheets are suspected first; registers, without which no enterprise is known, where no others are at fault.
    """

    def holds(without: Sequence[str]) -> bool:
        try:
            resolve(_without(stated, without))
        except FAULTS as fault:
            if _is_no_fault(fault):
                raise
            return False
        return True

    def fewest(gone: list[str], among: list[str]) -> list[str]:
        """The fewest of `among` that have to be left out besides those that are `gone`."""
        if gone and holds(gone):
            return []
        if len(among) == 1:
            return among
        later, earlier = among[: len(among) // 2], among[len(among) // 2 :]
        of_later = fewest([*gone, *earlier], later)
        return [*of_later, *fewest([*gone, *of_later], earlier)]

    recent = stated.submissions.drop_nulls("form").sort("arrival", descending=True)
    others = recent.filter(pl.col("form") != "register")["submission_id"].to_list()
    registers = recent.filter(pl.col("form") == "register")["submission_id"].to_list()
    for candidates in (others, [*others, *registers]):
        if candidates and holds(candidates):
            return fewest([], candidates)
    return []


def _without(stated: Stated, sheets: Sequence[str], fault: BaseException | None = None) -> Stated:
    """`stated` without the rows of `sheets`, which count as refused; with the `fault` as the error of each."""
    gone = pl.col("submission_id").is_in(list(sheets))
    rows = {
        form: Chunks(chunks.empty, tuple(
            part.filter(~gone) if isinstance(part, pl.DataFrame) else part.lazy().filter(~gone).collect()
            for part in chunks.parts
        ))
        for form, chunks in stated.rows.items()
    }  # fmt: skip
    others = ("rows_totals", "rows_notes", "rows_blank")
    left = pl.col("rows_total") - pl.sum_horizontal(others)
    submissions = stated.submissions.with_columns(
        pl.when(gone).then(left).otherwise("rows_unusable").alias("rows_unusable")
    )
    problems = stated.problems
    if fault is not None:
        found = [
            problem(
                "internal", submission_id=identifier, file_name=file_name, sheet=sheet,
                value=fault_shown(fault), version=code_version(),
            )
            for identifier, file_name, sheet in submissions.filter(gone)
            .select("submission_id", "file_name", "sheet").iter_rows()
        ]  # fmt: skip
        problems = pl.concat([problems, problems_frame(found).select(list(PARSE_PROBLEMS))], how="diagonal")
    return replace(stated, rows=rows, submissions=submissions, problems=problems)
