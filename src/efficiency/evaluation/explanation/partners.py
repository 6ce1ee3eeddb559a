"""The figures of the partners that are named for a merging enterprise, so that its card can add up both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from schemas import INDICATORS

if TYPE_CHECKING:
    from efficiency.evaluation.explanation.sources import Frames

_PARTNERS = ("partner_1", "partner_2", "partner_3")


def partner_rows(frames: Frames, chosen: pl.Expr, scores: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Of the evaluation that `chosen` selects: code of each partner → its rows of results.indicators, with its tier."""
    named = _named(frames["results.candidates"].filter(chosen)).to_frame("uscc")
    rows = (
        frames["results.indicators"]
        .filter(chosen)
        .join(named, on="uscc", how="semi", maintain_order="left")
        .join(scores.select("uscc", "tier"), on="uscc", how="left", validate="m:1", maintain_order="left")
    )
    return {code: found for (code,), found in rows.partition_by("uscc", as_dict=True).items()}


def rows_of_partners(known: Mapping[str, pl.DataFrame], candidates: pl.DataFrame) -> pl.DataFrame:
    """The rows, out of `partner_rows`, of the partners that `candidates` names; none where it names nobody."""
    found = [known[code] for code in _named(candidates) if code in known]
    return pl.concat(found) if found else INDICATORS.empty().with_columns(tier=pl.lit(None, pl.String))


def _named(candidates: pl.DataFrame) -> pl.Series:
    """The codes of the partners that `candidates` name, each once."""
    return pl.concat([candidates[name] for name in _PARTNERS]).drop_nulls().unique(maintain_order=True)
