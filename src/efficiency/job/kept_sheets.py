"""What the warehouse keeps of what was stated: its sheets, and their rows in pieces that need not stand in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.problems import RULES
from efficiency.intake.resolve import Sheets
from efficiency.job.by_share import SHARE_ROWS
from efficiency.job.readers import HELD_ROWS
from efficiency.pieces import Piece, Pieces, put_down
from efficiency.warehouse.read import load_in_order
from schemas import COLUMN_MAP, PROBLEMS, STATED, SUBMISSIONS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from efficiency.warehouse.tables import Contents

DECIDED_LATER = ("rows_accepted", "rows_rejected", "rows_superseded", "status")
"""Columns of intake.submissions that resolving adds."""


def sheets_in(stored: Contents) -> Sheets:
    """Every sheet that `stored` keeps, as it was read."""
    read = [rule for rule, known in RULES.items() if known.stage == "read"]
    return Sheets(
        submissions=stored[SUBMISSIONS.qualified].drop(DECIDED_LATER),
        columns=stored[COLUMN_MAP.qualified],
        problems=stored[PROBLEMS.qualified].filter(pl.col("rule").is_in(read)).drop("run_id"),
    )


def stated_rows(warehouse: Path, folder: Path, keep: pl.Expr | None = None, *, held: int = 0) -> dict[str, Pieces]:
    """Form id → the rows that `warehouse` keeps, in the shape of its `schemas.STATED` table: all or those to `keep`.

    What is more than memory holds beside the `held` rows that stand there already is put into `folder`.
    """
    parts: dict[str, list[pl.DataFrame | Piece]] = {table.qualified: [] for table in STATED.values()}
    for table, frame in load_in_order(warehouse, STATED.values(), HELD_ROWS):
        kept = frame if keep is None else frame.filter(keep)
        held += kept.height
        parts[table.qualified].append(kept if held <= HELD_ROWS else put_down(kept, folder))
    return {form: Pieces(table.empty(), tuple(parts[table.qualified])) for form, table in STATED.items()}


def together(rows: Mapping[str, Pieces], folder: Path) -> dict[str, Pieces]:
    """`rows` (form id → pieces) as they are resolved: all in memory or, where that is too much, all in `folder`."""
    if sum(pieces.height for pieces in rows.values()) > SHARE_ROWS:
        return {form: pieces.put_down(folder) for form, pieces in rows.items()}
    # In one piece, so that what is made from a frame goes on sharing its columns instead of aligning pieces anew.
    return {form: Pieces(pieces.empty, (pieces.whole(),)) for form, pieces in rows.items()}
