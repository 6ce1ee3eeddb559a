"""全部分级_<period>.parquet and .csv: the full results of a region that is too large for sheets people can read."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.language import say
from efficiency.reports.text import harmless
from schemas import INDICATORS, SCORES

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from efficiency.reports.report import Report

WORKBOOK_ENTERPRISES = 20_000
"""Up to so many enterprises the officials' workbook holds the full results itself."""
_OF_INDICATOR = ("value", "benchmark", "score")


def full_results_file_name(period: str) -> str:
    """Name of the full results of `period` (YYYY-MM), without its ending."""
    return f"全部分级_{period}"


def write_full_results(folder: Path, report: Report) -> None:
    """Write one row per enterprise, ranked ones first: its scores and, of each indicator, value, benchmark and score.

    The Parquet file has the columns of results.scores and `<indicator>_value`, `_benchmark`, `_score` (`land_score_2`
    where results.scores has a `land_score` already); its metadata `columns` say in JSON what each is called in Chinese,
    with its unit. The CSV (UTF-8 with a mark) has the same with these headers, and no text in it, header or cell,
    begins as a formula would.
    Raises EfficiencyError when the folder cannot be written.
    """
    results, headers = _results(report)
    path = folder / full_results_file_name(report.period)
    try:
        called = json.dumps(headers, ensure_ascii=False)
        results.write_parquet(path.with_suffix(".parquet"), metadata={"columns": called})
        texts = [name for name, kind in results.schema.items() if kind == pl.String]
        shown = dict(zip(headers, harmless(pl.Series(headers.values())), strict=True))
        defused = results.with_columns(harmless(results[name]).alias(name) for name in texts)
        defused.rename(shown).write_csv(path.with_suffix(".csv"), include_bom=True)
    except (OSError, pl.exceptions.ComputeError) as error:  # the latter for a disk that is full
        raise EfficiencyError(
            say(
                "{name} cannot be written to {folder} ({error}). Free some space or name another folder with "
                "--output, and run again.",
                name=path.name,
                folder=folder,
                error=error,
            )
        ) from error


def _results(report: Report) -> tuple[pl.DataFrame, dict[str, str]]:
    """The rows, and the Chinese header with its unit of each column."""
    scores = report.scores.sort("cohort", "rank", "uscc", nulls_last=True)
    headers = {column.name: _header(column.title, column.unit) for column in SCORES.columns}
    titles = report.indicators.select("indicator", "title", "unit").unique("indicator", maintain_order=True)
    # Two cohorts may call different indicators the same: the id tells them apart.
    alike = set(titles.filter(pl.col("title").is_duplicated())["title"])
    fields = {column.name: column.title for column in INDICATORS.columns if column.name in _OF_INDICATOR}
    for indicator, title, unit in titles.iter_rows():
        named = {name: _free(f"{indicator}_{name}", headers) for name in _OF_INDICATOR}
        own = report.indicators.filter(pl.col("indicator") == indicator).select("uscc", *named).rename(named)
        scores = scores.join(own, on="uscc", how="left", validate="1:1", maintain_order="left")
        shown = f"{title}[{indicator}]" if title in alike else title
        for name in _OF_INDICATOR:
            headers[named[name]] = _header(f"{shown} {fields[name]}", None if name == "score" else unit)
    return scores, headers


def _free(name: str, taken: Collection[str]) -> str:
    """`name`, with a number where it is the name of another column: an indicator may be called `land`."""
    others = (f"{name}_{number}" for number in range(2, len(taken) + 3))
    return name if name not in taken else next(one for one in others if one not in taken)


def _header(title: str, unit: str | None) -> str:
    return f"{title}({unit})" if unit else title
