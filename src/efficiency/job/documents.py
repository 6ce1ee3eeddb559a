"""The documents of one evaluation, and the `Report` that they are made from.

A run issues the evaluations that it has just made; `efficiency reissue` issues those that the warehouse keeps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.delivery import TOWNS
from efficiency.reports.report import Report
from schemas import CANDIDATES, DATA_ERRORS, INDICATORS, PROBLEMS, SCORES, VARIANT_EFFECTS, VARIANTS, VERIFICATIONS
from schemas.results import IDENTITY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from efficiency.policy.model import Policy
    from schemas import Table

_SHOWN = ("evaluation_id", "policy_id", "policy_sha256", "inputs_sha256", "created_at", "code_version")


def report_of(
    evaluation: Mapping[str, Any],
    policy: Policy,
    *,
    results: Mapping[str, pl.DataFrame],
    previous: pl.DataFrame | None,
    movements: pl.DataFrame | None,
    submissions: pl.DataFrame,
    problems: pl.DataFrame,
) -> Report:
    """Everything that the documents of one evaluation are made from.

    `evaluation` is its row of results.evaluations. `results` has its rows of the results tables by qualified table
    name, with or without evaluation_id, period and policy_id, and what its method variants give, if it has any.
    `problems` are those to be mended, in the shape that resolving gives them.
    """

    def named(table: Table) -> pl.DataFrame:
        if table.qualified not in results:
            return table.empty()
        whose = (pl.lit(evaluation[name]).alias(name) for name in IDENTITY if name in table.names)
        return table.conform(results[table.qualified].with_columns(whose))

    return Report(
        period=evaluation["period"],
        evaluation={name: evaluation[name] for name in _SHOWN},
        policy_title=policy.title,
        policy_source=policy.source,
        policy_valid_from=policy.valid_from,
        policy_toml=policy.text,
        scores=named(SCORES),
        indicators=named(INDICATORS),
        candidates=named(CANDIDATES),
        verifications=named(VERIFICATIONS),
        previous=previous,
        submissions=submissions,
        problems=PROBLEMS.conform(problems.drop("row").with_columns(pl.lit(evaluation["run_id"]).alias("run_id"))),
        warnings=tuple((evaluation["warnings"] or "").splitlines()),
        movements=movements,
        variants=named(VARIANTS),
        variant_effects=named(VARIANT_EFFECTS),
        data_errors=named(DATA_ERRORS) if DATA_ERRORS.qualified in results else DATA_ERRORS.empty(),
    )


def write_documents(folder: Path, report: Report, *, by_town: bool = False) -> None:
    """The officials' workbook, the public notice and the page of one evaluation, each whole or not at all.

    Beside the workbook of more than WORKBOOK_ENTERPRISES enterprises stand its full results as Parquet and CSV; where
    anybody is to be shut or merged, the 核查单.

    `by_town` adds the copies for the towns. Raises EfficiencyError when the folder cannot be written.
    """
    from efficiency.reports.officials import (
        WORKBOOK_ENTERPRISES,
        check_sheets_file_name,
        notice_file_name,
        officials_file_name,
        write_check_sheets,
        write_full_results,
        write_notice,
        write_officials,
        write_towns,
    )
    from efficiency.reports.page import page_file_name, write_page

    write_officials(folder / officials_file_name(report.period), report)
    if report.scores.height > WORKBOOK_ENTERPRISES:
        write_full_results(folder, report)
    write_check_sheets(folder / check_sheets_file_name(report.period), report)
    write_notice(folder / notice_file_name(report.period), report)
    write_page(folder / page_file_name(report.period), report)
    if by_town:
        write_towns(folder / TOWNS, report)
