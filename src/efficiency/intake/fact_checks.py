"""The last check of the facts before anything is computed from them: each frame against its declaration.

Everything a submitter can get wrong has become a problem by now. A breach here is a fault of this
program or an input nobody foresaw, so it stops the run and names the offenders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.language import say
from schemas import FACTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schemas.column import Table

SHOWN = 5
"""Offenders named in the message; the error carries them all."""

OFFENDERS: dict[str, pl.DataType] = {
    "table": pl.String(),
    "column": pl.String(),
    "check": pl.String(),
    "value": pl.String(),
    "submission_id": pl.String(),
    "sheet": pl.String(),
    "row": pl.Int64(),
    "block": pl.Int64(),
}
"""Shape of the violations: what is broken, and the sheet's row that states it (null for a frame as a whole)."""


class FactsInvalid(EfficiencyError):  # noqa: N818  # names the state of the facts
    """Facts break their declaration. `offenders` holds every violation, shape `OFFENDERS`."""

    def __init__(self, offenders: pl.DataFrame) -> None:
        self.offenders = offenders
        shown = "; ".join(_sentence(row) for row in offenders.head(SHOWN).iter_rows(named=True))
        more = say(" and {more} more", more=offenders.height - SHOWN) if offenders.height > SHOWN else ""
        super().__init__(
            say(
                "The facts break their declaration, so nothing is published: {shown}{more}. This is a fault of the "
                "program: keep the files and report it.",
                shown=shown,
                more=more,
            )
        )


def violations(facts: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Every violation in `facts` (form id → facts frame), traced to the source row; shape `OFFENDERS`."""
    of_forms = [_violations(table, facts[form]) for form, table in FACTS.items() if form in facts]
    return pl.concat([pl.DataFrame(schema=OFFENDERS), *of_forms])


def validate(facts: Mapping[str, pl.DataFrame]) -> None:
    """Check every facts frame (form id → frame) against its declaration. Raises FactsInvalid naming what breaks it."""
    found = violations(facts)
    if found.height:
        raise FactsInvalid(found)


def _violations(table: Table, frame: pl.DataFrame) -> pl.DataFrame:
    from schemas.checks import failures  # pandera: over a second to import

    found = failures(frame, table).rename({"row": "position"})
    if not found.height:
        return pl.DataFrame(schema=OFFENDERS)
    # A frame that lacks a lineage column is itself a violation, which must still be reported.
    lineage = [name for name in ("submission_id", "sheet", "row", "block") if name in frame.columns]
    placed = frame.select(lineage).with_row_index("position").with_columns(pl.col("position").cast(pl.Int64))
    traced = found.join(placed, on="position", how="left", maintain_order="left").with_columns(
        pl.lit(table.qualified).alias("table")
    )
    return traced.select(
        (pl.col(name) if name in traced.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in OFFENDERS.items()
    )


def _sentence(row: dict[str, object]) -> str:
    where = f" at {row['submission_id']} [{row['sheet']}] row {row['row']}" if row["row"] is not None else ""
    return f"{row['table']}.{row['column']} {row['check']}: {row['value']!r}{where}"
