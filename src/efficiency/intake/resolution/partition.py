"""The rows of some enterprises → their facts: matched, settled, corrected, and looked at for plausibility.

Every step here looks at one enterprise at a time, so that a province is done in shares: what the enterprises of one
share state gives the same facts and problems whoever is in it beside them. What all of them are looked up in is
`LookupTables`; what shares come to is put together by `efficiency.intake.resolution.resolve`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.intake.resolution import corrections
from efficiency.intake.resolution.identity import match_rows
from efficiency.intake.resolution.plausibility import find_implausible
from efficiency.intake.resolution.reconcile import OUTCOMES, counted, outcomes
from efficiency.intake.resolution.settlement import POISONED, findings, settle, settle_corrections, states
from schemas import FACTS, FORMS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class LookupTables:
    """What the rows of every share are looked up in."""

    submissions: pl.DataFrame
    columns: pl.DataFrame
    ranks: pl.DataFrame
    """submission_id, precedence."""
    refused_cells: pl.DataFrame
    """submission_id, row, field of what reading refused."""
    register: pl.DataFrame
    """The settled rows of the register, with `superseded`."""
    lent: pl.DataFrame
    """submission_id, row, uscc of those whose attributes count in another row of the register."""
    verdicts: pl.DataFrame
    """What each stated pair of code and name amounts to; see `efficiency.intake.resolution.identity.verdicts`."""


@dataclass(frozen=True)
class Share:
    """What the rows of some enterprises come to."""

    facts: dict[str, pl.DataFrame]
    """Form id → exactly the shape of its `schemas.FACTS` table."""
    counts: pl.DataFrame
    """Source rows by submission and outcome; see `efficiency.intake.resolution.reconcile.counted`."""
    problems: pl.DataFrame
    replaced: pl.DataFrame
    """Figures that later sheets replaced; see `efficiency.intake.resolution.settlement.Findings`."""


def resolve_share(rows: Mapping[str, pl.DataFrame], known: LookupTables) -> Share:
    """The facts of the enterprises that `known.register` names, from all `rows` that are about them.

    `rows` maps every form but the register to the shape of its `schemas.STATED` table.
    """
    submissions, columns = known.submissions, known.columns
    stated = {form: ranked(frame, known.ranks) for form, frame in rows.items() if form != "register"}
    matched = match_rows(stated, known.verdicts, submissions, columns)
    approved = corrections.screen(matched.rows["corrections"], known.refused_cells, submissions, columns)
    rejected = [matched.rejected, approved.rejected]
    problems = [matched.problems, approved.problems]

    settled = {"corrections": settle_corrections(approved.rows)}
    applied = settled["corrections"].rows.filter(~pl.col("superseded") & pl.col("new").is_not_null())
    corrected = corrections.as_output(applied, above=known.ranks.height)
    for form, frame in matched.rows.items():
        if form == "corrections":
            continue
        sound, broken = _sound(form, frame)
        rejected.append(broken)
        if form == "output":
            sound = pl.concat([sound, corrected.select(sound.columns)])
        settled[form] = settle(form, sound)

    facts: dict[str, pl.DataFrame] = {}
    replaced: list[pl.DataFrame] = []
    for form in FORMS:
        if form == "register":
            facts[form] = _facts(form, known.register.drop("precedence"), known.ranks)
            continue
        outcome = settled[form]
        frame = _corrected(form, outcome.rows.drop("precedence"), applied)
        kept = pl.lit(value=True) if form in POISONED else states(form)
        rejected += [outcome.withheld, frame.filter(~kept).select("submission_id", "row")]
        facts[form] = _facts(form, frame.filter(kept), known.ranks)
        found = findings(form, outcome, submissions, columns)
        problems.append(found.problems)
        replaced.append(found.replaced)
    problems.append(find_implausible(facts, submissions, columns))
    lent = [known.lent, *(outcome.replaced.filter("lent") for outcome in settled.values())]
    return Share(facts, counted(_evidence(facts, rejected, lent)), pl.concat(problems), pl.concat(replaced))


def _sound(form: str, rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows that state everything a fact cannot be without, and the source rows that do not.

    Reading has refused the cell (a date that is none, an empty carrier) and told so.
    """
    needed = [column.name for column in FACTS[form].columns if not column.nullable and column.name in rows.columns]
    sound = pl.all_horizontal(pl.col(column).is_not_null() for column in needed)
    return rows.filter(sound), rows.filter(~sound).select("submission_id", "row")


def _corrected(form: str, rows: pl.DataFrame, applied: pl.DataFrame) -> pl.DataFrame:
    """Settled rows of `form` with the approved corrections of its figures; those of output are among its rows."""
    if form == "energy":
        return corrections.correct_energy(rows, applied)
    if form == "land":
        return corrections.correct_land(rows, applied)
    return rows


def _facts(form: str, rows: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """Settled rows in the shape of the facts table, in an order that depends on what is stated alone."""
    table = FACTS[form]
    placed = ranked(rows, ranks)
    order = placed.select(pl.arg_sort_by("precedence", "row", "block", "superseded", maintain_order=True)).to_series()
    # Rows that stand in order, as in most runs all do, go on sharing their memory with what is stated.
    if (order != pl.int_range(len(order), dtype=pl.UInt32, eager=True)).any():
        placed = placed[order]
    return table.conform(placed.select(table.names))


def ranked(rows: pl.DataFrame, ranks: pl.DataFrame) -> pl.DataFrame:
    """`rows` with the `precedence` of their submission; the other columns are not copied."""
    precedence = rows.select("submission_id").join(
        ranks, on="submission_id", how="left", validate="m:1", maintain_order="left"
    )
    return rows.with_columns(precedence["precedence"])


def _evidence(
    facts: dict[str, pl.DataFrame], rejected: Sequence[pl.DataFrame], lent: Sequence[pl.DataFrame]
) -> pl.DataFrame:
    """Say what each statement came to: counts, replaced, or without a figure; and the rows the stages refused.

    The figures of `lent` rows count in another row.
    """
    evidence = [
        pl.DataFrame(schema=OUTCOMES),
        *(outcomes(rows, "rejected") for rows in rejected),
        *(outcomes(rows, "accepted") for rows in lent),
    ]
    for form, frame in facts.items():
        came_to = (
            pl.when(~states(form))
            .then(pl.lit("rejected"))
            .when(pl.col("superseded"))
            .then(pl.lit("superseded"))
            .otherwise(pl.lit("accepted"))
        )
        evidence.append(outcomes(frame, came_to))
    return pl.concat(evidence)
