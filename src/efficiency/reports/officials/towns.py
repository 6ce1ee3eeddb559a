"""分镇办: a copy of the officials' lists for each town, with that town's enterprises and nothing of others.

A copy has no 概览, 得分变动 or 方法说明, since those are about everybody. Ranks, tiers and benchmarks are those of the
whole evaluation; a merger partner of another town is counted, not named.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from efficiency.reports.officials.workbook import write_lists
from efficiency.reports.workbook import ROWS_PER_SHEET, new_workbook, unique_parts

if TYPE_CHECKING:
    from pathlib import Path

    from efficiency.reports.report import Report

NO_TOWN = "未填镇办"
"""Who the copy is of whose enterprises state no town."""
ELSEWHERE = "其他镇办企业(见全区清单)"
SCOPE = "本册只含本镇办企业；名次、等级、基准值和稳健度按全部参评企业计算，方法说明见全区评价工作簿。"
_PARTNERS = ("partner_1", "partner_2", "partner_3")


def write_towns(folder: Path, report: Report, *, rows_per_sheet: int = ROWS_PER_SHEET) -> tuple[Path, ...]:
    """Writes one workbook for each town into `folder`; returns their paths, in order of the town's name.

    Raises EfficiencyError when the place cannot be written, ValueError when a figure is not finite.
    """
    by_town = report.scores.select(pl.col("town").fill_null(NO_TOWN).str.strip_chars().replace("", NO_TOWN), "uscc")
    towns = sorted(by_town.partition_by("town", as_dict=True, include_key=False).items())
    paths = []
    for ((town,), own), part in zip(towns, unique_parts(town for (town,), _ in towns), strict=True):
        path = folder / f"能耗产出效益评价_{report.period}_{part}.xlsx"
        title = f"{town} 企业能耗产出效益评价 {report.period_title}"
        with new_workbook(
            path, report.created_at, title=title, enterprises=own.height, evaluation=report.evaluation
        ) as book:
            write_lists(book, of_enterprises(report, own, town), rows_per_sheet=rows_per_sheet, remarks=(SCOPE,))
        paths.append(path)
    return tuple(paths)


def of_enterprises(report: Report, own: pl.DataFrame, town: str) -> Report:
    """`report` with the enterprises of `own` (column uscc) alone, named as that of `town`."""

    def only(frame: pl.DataFrame) -> pl.DataFrame:
        return frame.join(own, on="uscc", how="semi", maintain_order="left")

    candidates = (
        only(report.candidates)
        .sort("list", "priority", maintain_order=True)
        .with_columns(pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("list").alias("priority"))
        .with_columns(
            expression
            for partner in _PARTNERS
            for expression in (
                pl.when(pl.col(partner).is_in(own["uscc"].implode())).then(partner).alias(partner),
                pl.when(pl.col(partner).is_in(own["uscc"].implode()))
                .then(f"{partner}_name")
                .when(pl.col(partner).is_not_null())
                .then(pl.lit(ELSEWHERE))
                .alias(f"{partner}_name"),
            )
        )
    )
    return replace(
        report,
        region=f"{report.region}{town}",
        scores=only(report.scores),
        indicators=only(report.indicators),
        candidates=candidates,
        verifications=only(report.verifications),
        previous=None if report.previous is None else only(report.previous),
        problems=only(report.problems.filter(pl.col("uscc").is_not_null())),
        submissions=report.submissions.clear(),
        movements=None if report.movements is None else only(report.movements),
        warnings=(),
    )
