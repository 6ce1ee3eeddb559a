"""The quadrant of land against energy efficiency: its dividing lines and the extent of its axes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.policy.formulas import formula_of
from efficiency.policy.model import VERIFY
from efficiency.reports.content.rules import proposals
from efficiency.reports.content.totals import ranked
from efficiency.reports.text import count, enumerated, format_figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from efficiency.reports.content.charts.labels import Mark
    from efficiency.reports.report import Report


SCORES = ("land_score", "energy_score")
CORNERS = ("省地省能", "费地省能", "省地费能", "费地费能")
"""Names of the quadrants: much of both scores, of energy alone, of land alone, of neither."""


def with_both_scores(report: Report) -> pl.DataFrame:
    """The ranked enterprises that the quadrant shows: uscc, name, land_score, energy_score, neither null."""
    return ranked(report.scores).select("uscc", "name", *SCORES).drop_nulls(SCORES)


def dividing_lines(report: Report, both: pl.DataFrame) -> tuple[float, float]:
    """The lines through the two columns of `both`: 100, every benchmark just reached.

    A formula without benchmarks has no such line, so there the medians divide.
    """
    if _by_medians(report):
        first, second = both.select(pl.all().median().round(1)).row(0)
        return first, second
    return 100.0, 100.0


def lines_in_words(report: Report) -> str:
    """What the dividing lines are."""
    return "参评企业中位数" if _by_medians(report) else "100分，即达到基准"


def axis_extent(scores: pl.Series, line: float) -> float:
    """How far an axis must reach: to every score, or to 99 % of them where a few lie far out, and past its line."""
    highest, most = scores.to_frame().select(
        pl.all().max().alias("highest"), pl.all().quantile(0.99, interpolation="linear").alias("most")
    ).row(0)  # fmt: skip
    end: float = max(most if highest > 2 * most > 0 else highest, line * 1.2, 1.0)
    return end


def _by_medians(report: Report) -> bool:
    return any(not formula_of(cohort).uses_benchmark for cohort in report.policy.cohort)


def quadrant_counts(report: Report) -> dict[str, int]:
    """Enterprises in each of CORNERS; who is on a line counts as frugal."""
    both = with_both_scores(report)
    land, energy = dividing_lines(report, both.select(SCORES)) if both.height else (0.0, 0.0)
    frugal_land, frugal_energy = pl.col("land_score") >= land, pl.col("energy_score") >= energy
    counts = both.select(
        (frugal_land & frugal_energy).sum().alias("0"),
        (~frugal_land & frugal_energy).sum().alias("1"),
        (frugal_land & ~frugal_energy).sum().alias("2"),
        (~frugal_land & ~frugal_energy).sum().alias("3"),
    ).row(0)
    return dict(zip(CORNERS, counts, strict=True))


def quadrant_words(report: Report, lists: Sequence[tuple[str, int]]) -> str:
    """What the quadrant shows, in one sentence: how many stand in each quadrant; `lists`: title and enterprises."""
    both = with_both_scores(report)
    if both.is_empty():
        return "土地效率与能源效率：没有两项得分都有的参评企业。"
    land, energy = dividing_lines(report, both.select(SCORES))
    named = "、".join(f"{name}{count(number)}" for name, number in quadrant_counts(report).items())
    listed = [f"{title}{count(number)}" for title, number in lists if number]
    of_lists = f"；清单企业：{enumerated(listed, 8)}" if listed else ""
    lines = f"分界线{lines_in_words(report)}"
    if land != energy:
        lines += f"(土地{format_figure(land)}、能源{format_figure(energy)})"
    return f"土地效率(横轴)与能源效率(纵轴)得分：{count(both.height)}，{lines}，{named}{of_lists}。"


CLASSES = (("1户", 1), ("2至4户重叠", 2), ("5户以上重叠", 5))
"""How many enterprises one background mark stands for: its words, and from how many on."""
CELLS = (48, 24)
"""Background marks side by side and one above the other: enterprises of one cell of this grid are one mark."""


def listed_marks(report: Report) -> list[Mark]:
    """Who is on a list and has both scores, those whom the gravest lists propose first, 待核实 last."""
    order = {own: position for position, own in enumerate(proposals(report))}
    return (
        report.candidates.with_columns(pl.coalesce("would_be", "list").alias("of"))
        .sort(
            pl.col("list") == VERIFY,
            pl.col("of").replace_strict(order, default=len(order), return_dtype=pl.Int64),
            "priority",
            "uscc",
        )
        .join(with_both_scores(report).select("uscc", *SCORES), on="uscc", how="inner", maintain_order="left")
        .select("uscc", "name", *SCORES)
        .rows()
    )


def density(report: Report, reach: tuple[float, float]) -> pl.DataFrame:
    """The ranked enterprises as marks that do not cover each other: land_score, energy_score, enterprises, class.

    A mark stands at the mean of the enterprises in its cell of the grid below `reach`; `class` is its position in
    CLASSES. Enterprises beyond `reach` are not among them.
    """
    steps = [end / cells for end, cells in zip(reach, CELLS, strict=True)]
    number = pl.col("enterprises")
    return (
        with_both_scores(report)
        .filter(*(pl.col(name).is_between(0, end) for name, end in zip(SCORES, reach, strict=True)))
        .group_by((pl.col(name) / step).floor().alias(f"{name}_cell") for name, step in zip(SCORES, steps, strict=True))
        .agg(pl.col(SCORES).mean().round(2), pl.len().cast(pl.Int64).alias("enterprises"))
        .with_columns(
            pl.max_horizontal(
                pl.when(number >= least).then(position) for position, (_, least) in enumerate(CLASSES)
            ).alias("class")
        )
        .sort("class", *SCORES)
        .select(*SCORES, "enterprises", "class")
    )
