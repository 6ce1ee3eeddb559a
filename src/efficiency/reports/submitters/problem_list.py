"""What the sheet 问题清单 says: every problem of a submitted file, its cell, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from efficiency.reports.submitters.package import ListSheet
from efficiency.reports.text import SEVERITIES, clean_frame, field_title
from schemas.intake import LIST_SHEET

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_LISTED: Final = 20_000
"""Problems that a list holds; a file with more has one cause that repeats, and the list says so."""


def in_order(problems: pl.DataFrame) -> pl.DataFrame:
    """Problems gravest first, then by sheet in order of first appearance, row and column."""
    row = pl.coalesce("row", pl.col("cell").str.extract(r"(\d+)$").cast(pl.Int64, strict=False))
    letters = pl.col("cell").str.extract(r"^([A-Z]+)")
    rank = pl.col("severity").replace_strict({name: at for at, name in enumerate(SEVERITIES)})
    sheets = problems["sheet"].unique(maintain_order=True).to_list()
    position = pl.col("sheet").replace_strict({name: at for at, name in enumerate(sheets)}, return_dtype=pl.Int64)
    return problems.sort(rank, position, row, letters.str.len_chars(), letters, maintain_order=True)


def problem_list(problems: pl.DataFrame, file_name: str, *, advice: str, remarks: Sequence[str]) -> ListSheet:
    """The list of `problems` (shape PARSE_PROBLEMS, in order); above it counts, `advice` (what to do) and `remarks`."""
    return ListSheet(file_name, _heading(problems, file_name, advice, remarks), _rows(problems))


def _rows(problems: pl.DataFrame) -> pl.DataFrame:
    """The problems as the list words them."""
    worded = problems.head(MAX_LISTED).select(
        pl.col("severity"),
        pl.col("severity").replace_strict(SEVERITIES).alias("level"),
        "sheet",
        "cell",
        pl.coalesce("cell", pl.format("第{}行", "row"), pl.lit("整表")).alias("where"),
        pl.col("row"),
        pl.col("name").fill_null(""),
        pl.col("uscc").fill_null(""),
        field_title(pl.col("field")).alias("field"),
        pl.col("value").fill_null(""),
        "message",
    )
    return clean_frame(worded)


def _heading(
    problems: pl.DataFrame, file_name: str, advice: str, remarks: Sequence[str]
) -> tuple[tuple[str, str], ...]:
    """Title, counts, advice and remarks, each with its format."""
    counts = {severity: problems.filter(pl.col("severity") == severity).height for severity in SEVERITIES}
    summary = f"错误 {counts['error']} 处：数值未采用，必须改正。"
    summary += f"警告 {counts['warning']} 处：数值已采用，请核对，有误的改正。"
    if counts["note"]:
        summary += f"提示 {counts['note']} 处：供了解。"
    cut = (f"问题共 {problems.height} 处，此处列出前 {MAX_LISTED} 处；多为同一原因重复出现，改正后重新报送即可。",)
    shown = (*remarks, *(cut if problems.height > MAX_LISTED else ()))
    return (
        (LIST_SHEET, "title"),
        (f"文件：{file_name}", "strong"),
        (summary, "line"),
        (advice, "strong"),
        *((remark, "remark") for remark in shown),
    )
