"""Sheets as departments send them, read and resolved together with a register: what they come to."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
from builders.sheets import Rows, balanced, write
from builders.stated import CODES, NAMES, Resolved, whole

from efficiency.facts.energy import EnergyBasis
from efficiency.facts.profile import build_profile
from efficiency.intake.layout import NO_MAPPING, MappingFile
from efficiency.intake.read import read_file
from efficiency.intake.read_result import concat
from efficiency.intake.resolution import Stated, resolve, unbalanced, validate

A, B, C = (NAMES[letter] for letter in "ABC")
REGISTER = [
    ["统一社会信用代码", "企业名称", "行业代码"],
    *([CODES[letter], NAMES.get(letter, f"淄博{letter}材料有限公司"), "3071"] for letter in CODES),
]
"""The register of the six made-up enterprises of `builders.stated`."""


def sent(*sheets: Rows, register: Rows = REGISTER, mapping: MappingFile = NO_MAPPING) -> Resolved:
    """What these sheets come to, each in a file of its own (`1.xlsx` …), after the register (`名录.xlsx`).

    Every row is accounted for, and the facts keep to their declaration.
    """
    with tempfile.TemporaryDirectory() as folder:
        files = [write(Path(folder) / "名录.xlsx", {"Sheet1": register})]
        files += [write(Path(folder) / f"{number}.xlsx", {"Sheet1": rows}) for number, rows in enumerate(sheets, 1)]
        read = concat([balanced(read_file(file, mapping)) for file in files])
    submissions = read.submissions.with_columns(
        pl.col("order").alias("arrival"),
        pl.lit("run").alias("run_id"),
        pl.lit(datetime(2026, 11, 5, tzinfo=UTC)).cast(pl.Datetime("us", "UTC")).alias("received_at"),
    ).rename({"rows_rejected": "rows_unusable"})
    result = whole(resolve(Stated(submissions.drop("order"), read.columns, read.problems, read.chunks)))
    assert unbalanced(result.submissions).is_empty()
    validate(result.facts)
    return result


def told(result: Resolved, *leave_out: str) -> list[tuple[str, str | None, str]]:
    """File, cell and rule of each problem, but for notes on assumed units and the rules to leave out."""
    rules = ["unit_assumed", "superseded_figure", "replaces_file", "replaced_by_file", *leave_out]
    found = result.problems.filter(~pl.col("rule").is_in(rules))
    return found.select("file_name", "cell", "rule").rows()


def totals(result: Resolved, word: str, period: date = date(2026, 10, 1), window: Any = "year_to_date") -> list[Any]:
    """The word of the profile at `period` of each enterprise of the register, in the order of their codes."""
    return profile(result, period, window)[word].to_list()


def profile(result: Resolved, period: date = date(2026, 10, 1), window: Any = "year_to_date") -> pl.DataFrame:
    """The profile at `period` of every enterprise of the register."""
    previous = pl.DataFrame(schema={"uscc": pl.String, "previous_tier": pl.String, "d_streak_before": pl.Int64})
    made = build_profile(
        result.facts, period=period, window=window, annualise=False, energy=EnergyBasis(), previous=previous
    )
    return made.frame


def cells(result: Resolved, form: str, *columns: str) -> Sequence[tuple[Any, ...]]:
    """The facts of `form` that count, in the order of sheets and rows."""
    counting = result.facts[form].filter(~pl.col("superseded"))
    return counting.sort("submission_id", "row", "block").select(columns).rows()
