"""Problems as a compact table for a terminal, in Chinese, aligned by its real width."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
from rich.cells import cell_len, chop_cells, set_cell_size

from efficiency.reports.text import SEVERITIES, field_title, on_one_line

if TYPE_CHECKING:
    from collections.abc import Sequence

_COLUMNS: Final = (("级别", 4), ("工作表", 16), ("单元格", 8), ("企业", 28), ("指标", 16))
"""Heading and greatest width of each column before the message."""
_GAP: Final = "  "
_LEAST_MESSAGE: Final = 30
"""The message gets at least this width, however narrow the terminal is."""


def problem_table(problems: pl.DataFrame, *, rows_per_file: int = 20, width: int = 120) -> str:
    """`problems` (PARSE_PROBLEMS shape) as text: one block a file, at most `rows_per_file` rows each, gravest first.

    `width` is the terminal's, in columns. Long messages are wrapped, never cut. Control characters
    are left out, so that a submitted text cannot steer the terminal. "" when there is no problem.
    """
    rank = pl.col("severity").replace_strict({severity: at for at, severity in enumerate(SEVERITIES)})
    blocks = [
        _block(str(name), found.sort(rank, maintain_order=True), rows_per_file, width)
        for (name,), found in problems.group_by("file_name", maintain_order=True)
    ]
    return "\n\n".join(blocks)


def counted(problems: pl.DataFrame) -> str:
    """How many problems there are of each severity, e.g. 错误2个、警告1个; 没有问题 where there are none."""
    counts = dict(problems.group_by("severity").len().iter_rows())
    return "、".join(f"{word}{counts[level]}个" for level, word in SEVERITIES.items() if level in counts) or "没有问题"


def _block(name: str, problems: pl.DataFrame, limit: int, width: int) -> str:
    rows = problems.head(limit).select(
        pl.col("severity").replace(SEVERITIES),
        "sheet",
        pl.coalesce("cell", pl.format("第{}行", "row"), pl.lit("-")),
        pl.coalesce("name", "uscc", pl.lit("")).alias("enterprise"),
        field_title(pl.col("field")),
        "message",
    )
    cells = [tuple(on_one_line(text) for text in row) for row in rows.iter_rows()]
    heads = tuple(title for title, _ in _COLUMNS)
    widths = [min(most, max(cell_len(row[at]) for row in (heads, *cells))) for at, (_, most) in enumerate(_COLUMNS)]
    lines = [f"{on_one_line(name)}  {counted(problems)}", *_row((*heads, "说明"), widths, width)]
    for row in cells:
        lines += _row(row, widths, width)
    if problems.height > limit:
        lines.append(f"…另有{problems.height - limit}个问题未列出")
    return "\n".join(lines)


def _row(cells: Sequence[str], widths: Sequence[int], width: int) -> list[str]:
    """One row of the table, its message wrapped onto further lines."""
    lead = _GAP.join(_fit(text, room) for text, room in zip(cells, widths, strict=False)) + _GAP
    indent = cell_len(lead)
    # Chinese breaks anywhere.
    first, *rest = chop_cells(cells[-1], max(width - indent, _LEAST_MESSAGE)) or [""]
    return [f"{lead}{first}".rstrip(), *(" " * indent + line for line in rest)]


def _fit(text: str, room: int) -> str:
    """`text` cut or padded to exactly `room` columns."""
    if cell_len(text) > room:
        text = chop_cells(text, room - 1)[0] + "…"
    return set_cell_size(text, room)
