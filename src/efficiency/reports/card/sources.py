"""The figures behind a printed score card, few enough for one page: one line a total, one a sheet that feeds it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.reports.card.figures import sheet_words, span_words
from efficiency.reports.text import FIELDS, format_figure
from schemas import DATED

if TYPE_CHECKING:
    from efficiency.evaluation.explanation import Explanation

CELLS = 24
"""Cells that a line names; an enterprise that states more in one sheet is rare, and the command lists them all."""


@dataclass(frozen=True, slots=True)
class SourceLine:
    """What the cells of one sheet and span add to a total, or take off it (then negative)."""

    span: str
    amount: float
    source: str
    cells: str
    """The cells, what each is of and its figure."""
    cells_only: str
    """The cells alone: F26、F27."""


@dataclass(frozen=True, slots=True)
class SourceBlock:
    """One total with its unit, in words what it is made of, and the lines whose sum times `scale` it is."""

    title: str
    total: float | None
    words: str
    note: str
    """Why the lines are not the total, or that it is scaled to a year; empty where there is nothing to note."""
    scale: float
    adds_up: bool
    """False where the facts have changed since, or do not determine the total."""
    lines: tuple[SourceLine, ...]


def source_blocks(explanation: Explanation) -> list[SourceBlock]:
    """The totals that the enterprise's indicators rest on, in the order of the profile."""
    blocks = []
    for total in explanation.totals.iter_rows(named=True):
        own = explanation.composition.filter(measure=total["measure"])
        unit = f"({total['unit']})" if total["unit"] else ""
        lines = tuple(_sheets(own))
        blocks.append(
            SourceBlock(
                title=f"{total['title']}{unit}",
                total=total["total"],
                words=_made_of(total, own),
                note="；".join(_notes(total)),
                scale=total["scale"],
                adds_up=bool(lines) and total["total"] is not None and total["note"] is None,
                lines=lines,
            )
        )
    return blocks


def _made_of(total: dict[str, Any], parts: pl.DataFrame) -> str:
    """天然气 494.12 万立方米 × 12.143 = 6,000.33;…, and the notes on the total."""
    texts = _notes(total)
    for of_carrier in parts.filter(pl.col("coefficient").is_not_null()).partition_by("carrier", maintain_order=True):
        rows = of_carrier.to_dicts()
        amount = math.fsum(row["sign"] * row["amount"] for row in rows)
        quantity = math.fsum(row["sign"] * (row["quantity"] or 0.0) for row in rows)
        factors = {row["coefficient"] for row in rows if row["quantity"]}
        times = f" × {format_figure(factors.pop())}" if len(factors) == 1 else ""
        shown = f"{format_figure(quantity)} {rows[0]['quantity_unit'] or ''}{times} = {format_figure(amount)}"
        texts.append(f"{rows[0]['carrier']} {shown}")
    return "；".join(texts)


def _notes(total: dict[str, Any]) -> list[str]:
    texts = [total["note"]] if total["note"] else []
    if total["scale"] != 1:
        texts.append(f"以下合计 × {format_figure(total['scale'])}(折算全年)")
    return texts


def _sheets(parts: pl.DataFrame) -> list[SourceLine]:
    """One line for each sheet, span and sign, the latest first."""
    lines = []
    keys = ("sign", "span_start", "span_end", "submission_id")
    for group in parts.sort("span_end", "sign", descending=True, nulls_last=True, maintain_order=True).partition_by(
        keys, maintain_order=True
    ):
        rows = group.to_dicts()
        first = rows[0]
        dated = first["measure"] in DATED
        span = span_words(first["span_start"], first["span_end"], dated=dated)
        source = sheet_words(first) if first["submission_id"] else "同期已报其他品种，按0计"
        named = [_cell(row, several=len(rows) > 1) for row in rows[:CELLS] if row["submission_id"]]
        more = f" 等{len(rows)}格" if len(rows) > CELLS else ""
        amount = first["sign"] * math.fsum(row["amount"] for row in rows)
        places = "、".join(dict.fromkeys(row["cell"] or "列未知" for row in rows[:CELLS] if row["submission_id"]))
        lines.append(SourceLine(span, amount, source, "；".join(named) + more, places + more))
    return lines


def _cell(row: dict[str, Any], *, several: bool) -> str:
    """F26 天然气 44.584; the stated figure too where its unit is another: C10(填报 110,310 千元)."""
    what = row["carrier"] or (FIELDS.get(row["field"], "") if row["measure"] in DATED else "")
    words = [row["cell"] or "列未知", *([what] if what else [])]
    if row["coefficient"] is not None or several:
        words.append(format_figure(row["quantity"]))
    stated = ""
    if row["stated_value"] is not None and row["stated_unit"] and row["stated_unit"] != row["quantity_unit"]:
        stated = f"(填报{format_figure(row['stated_value'])} {row['stated_unit']})"
    return " ".join(words) + stated
