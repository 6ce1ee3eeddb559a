"""The stated figures that were added and subtracted to an enterprise's window totals, with their cells."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.explanation.sources import counting, in_force, stated_places
from efficiency.facts.composition import electricity_composition, energy_composition, flow_composition
from efficiency.facts.gaps import gaps
from efficiency.facts.windows import Window
from efficiency.periods import period_end
from efficiency.reference.tables import carrier_form_unit, normalise_unit, units
from schemas import FACTS, FEEDS
from schemas.profile import TOTALS

if TYPE_CHECKING:
    from efficiency.evaluation.explanation.sources import Frames
    from efficiency.facts.energy import EnergyBasis
    from efficiency.policy.model import Policy

SAME = 1e-9
"""Relative and absolute difference up to which a total counts as equal to the sum of its parts."""

PARTS = pl.Schema(
    {
        "measure": pl.String(), "field": pl.String(), "carrier": pl.String(), "sign": pl.Int64(),
        "span_start": pl.Date(), "span_end": pl.Date(), "amount": pl.Float64(),
        "quantity": pl.Float64(), "quantity_unit": pl.String(), "coefficient": pl.Float64(),
        "stated_value": pl.Float64(), "stated_unit": pl.String(),
        "file_name": pl.String(), "sheet": pl.String(), "cell": pl.String(), "submission_id": pl.String(),
        "earlier_version": pl.Boolean(), "note": pl.String(),
    }
)  # fmt: skip
"""One row per figure that counts: Σ sign × amount × the total's `scale` is the total, in the total's unit.

`quantity` × `coefficient` = `amount` for energy (quantity in the carrier's form unit). `stated_value` in
`stated_unit` is the content of the cell; null where the stated unit has no fixed relation to the canonical one.
`earlier_version`: see `sources.with_versions`.
"""
TOTALS_MADE = pl.Schema(
    {"measure": pl.String(), "title": pl.String(), "unit": pl.String(), "total": pl.Float64(),
     "composed": pl.Float64(), "scale": pl.Float64(), "note": pl.String()}
)  # fmt: skip
"""One row per total: `total` as it was evaluated, `composed` as the sum of its parts now, `note` (Chinese) where they
differ."""

_WITHOUT_CELLS = {
    name: dtype
    for name, dtype in PARTS.items()
    if name not in ("stated_value", "stated_unit", "file_name", "cell", "earlier_version")
} | {"row_unit": pl.String(), "row": pl.Int64(), "block": pl.Int64()}
"""Shape of parts before their cells are joined."""


def compose(
    frames: Frames, policy: Policy, score: dict[str, Any], words: set[str]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The totals among `words` (shape `TOTALS_MADE`) and the figures that make them up (shape `PARTS`).

    `words`: columns of the profile. `score`: the enterprise's row of results.scores. Figures are those of the facts
    as they are now; where a total was evaluated on others, its note says so.
    """
    end = period_end(score["period"])
    window = Window(policy.window, end)
    yearly = 12 / end.month if policy.annualise and policy.window == "year_to_date" else 1.0
    uscc = score["uscc"]
    energy = counting(frames, "facts.energy", uscc)
    basis = energy_basis(policy)
    missing = _missing(frames, score, words, basis, window)
    totals: list[dict[str, Any]] = []
    parts = [pl.DataFrame(schema=_WITHOUT_CELLS)]
    for column in TOTALS:
        word = column.name
        if word not in words:
            continue
        fed = FEEDS[word]
        form, field, _ = fed[0]
        scale = yearly if any(one.figure == "flow" for _, one, _ in fed) else 1.0
        if word == "energy":
            made = _converted(energy_composition(energy, basis, window))
        elif word == "electricity":
            made = _plain(electricity_composition(energy, basis, window), word, "consumption", column.unit)
        elif form.in_force_from:
            made = _in_force(frames, uscc, word, window)
        else:
            rows = counting(frames, FACTS[form.id].qualified, uscc)
            composition = flow_composition if field.figure == "flow" else _latest
            made = _plain(composition(rows, field.name, window), word, field.name, column.unit)
        parts += [] if made is None else [made]
        nothing = made is None or (made.is_empty() and word != "electricity")
        composed = None if made is None or nothing else _sum(made) * scale
        totals.append(
            {"measure": word, "title": column.title, "unit": column.unit, "total": score[word], "composed": composed,
             "scale": scale, "note": _note(score[word], composed, missing.get(word))}
        )  # fmt: skip
    return pl.DataFrame(totals, schema=TOTALS_MADE), _with_cells(frames, pl.concat(parts))


def _sum(parts: pl.DataFrame) -> float:
    return math.fsum(parts.select((pl.col("sign") * pl.col("amount")).alias("signed"))["signed"])


def _missing(
    frames: Frames, score: dict[str, Any], words: set[str], basis: EnergyBasis, window: Window
) -> dict[str, str]:
    """What the facts lack of each of `words` that was evaluated as null."""
    row = pl.DataFrame([score], infer_schema_length=1).select("uscc", *sorted(words & score.keys() & FEEDS.keys()))
    null = {word for word in row.columns if score[word] is None}
    facts = {
        form.id: counting(frames, FACTS[form.id].qualified, score["uscc"])
        for word in null
        for form, _, _ in FEEDS[word]
    }
    return dict(gaps(facts, row, null, basis, window).select("word", "text").iter_rows())


def _note(total: float | None, composed: float | None, missing: str | None) -> str | None:
    if total is None and composed is None:
        return f"填报数不能确定本期合计，按缺项处理：{missing}" if missing else "填报数不能确定本期合计，按缺项处理"
    if total is None or composed is None or not math.isclose(total, composed, rel_tol=SAME, abs_tol=SAME):
        return "评价之后填报数有更正或补报，与评价时的合计不同"
    return None


def _plain(rows: pl.DataFrame | None, word: str, field: str, unit: str | None) -> pl.DataFrame | None:
    """Parts that count in the unit of the total; None for None."""
    if rows is None:
        return None
    carrier = pl.col("carrier") if "carrier" in rows.columns else pl.lit(None, dtype=pl.String).alias("carrier")
    row_unit = pl.col("unit") if "unit" in rows.columns else pl.lit(None, dtype=pl.String)
    note = _unnamed() if "stated" in rows.columns else pl.lit(None, dtype=pl.String)
    return _part_rows(
        rows.with_columns(
            carrier, pl.col(field).alias("amount"), pl.col(field).alias("quantity"),
            pl.lit(unit, dtype=pl.String).alias("quantity_unit"), pl.lit(None, dtype=pl.Float64).alias("coefficient"),
            row_unit.alias("row_unit"), note.alias("note"),
        ), word, field,
    )  # fmt: skip


def _converted(rows: pl.DataFrame | None) -> pl.DataFrame | None:
    """Parts converted to standard coal; the note gives what was subtracted from the consumption. None for None."""
    if rows is None:
        return None
    form_unit = pl.col("carrier").replace_strict(carrier_form_unit(), default=None, return_dtype=pl.String)
    less = pl.col("consumption") - pl.col("net")
    return _part_rows(
        rows.with_columns(
            pl.col("tce").alias("amount"), pl.col("net").alias("quantity"), form_unit.alias("quantity_unit"),
            pl.col("applied").alias("coefficient"), pl.col("unit").alias("row_unit"),
            pl.concat_str(
                _unnamed(),
                pl.when(less != 0).then(pl.format("消费量{}减原料用或加工转换产出{}", "consumption", less.round(6))),
                pl.when(pl.col("applied") == 0).then(pl.lit("本办法不计入")),
                separator="；", ignore_nulls=True,
            ).replace("", None).alias("note"),
        ), "energy", "consumption",
    )  # fmt: skip


def _unnamed() -> pl.Expr:
    return pl.when(~pl.col("stated")).then(pl.lit("该期已报其他品种，未报此品种，按0计"))


def _part_rows(rows: pl.DataFrame, word: str, field: str) -> pl.DataFrame:
    """`rows` as parts of the total `word`, stated in the column `field` of their form (shape `_WITHOUT_CELLS`)."""
    named = rows.with_columns(pl.lit(word).alias("measure"), pl.lit(field).alias("field"))
    return named.select(pl.col(name).cast(dtype) for name, dtype in _WITHOUT_CELLS.items()).sort(
        "carrier", "sign", "span_start", descending=[False, True, True], nulls_last=True
    )


def _latest(rows: pl.DataFrame, measure: str, window: Window) -> pl.DataFrame:
    """The row of the figure that `facts.windows.latest_in_window` takes, or the rows of its parts."""
    known = rows.filter(pl.col(measure).is_not_null(), pl.col("span_end").is_between(window.first, window.last))
    span = ["span_end", "span_start"]
    latest = known.join(known.select(span).sort(span).tail(1), on=span, how="semi")
    return latest.with_columns(pl.lit(1, dtype=pl.Int64).alias("sign"))


def _in_force(frames: Frames, uscc: str, word: str, window: Window) -> pl.DataFrame:
    """The figures that are part of `word` in the row in force at the period's end (as in `facts.land.land_at`)."""
    made = []
    for form, column, sign in FEEDS[word]:
        assert form.in_force_from
        rows = counting(frames, FACTS[form.id].qualified, uscc)
        latest = in_force(rows, form.in_force_from, window.end_of_period)
        stated = stated_places(frames, form, latest.filter(pl.col(column.name).is_not_null()), column.name)
        signed = stated.with_columns(pl.lit(sign, dtype=pl.Int64).alias("sign"))
        made.append(_plain(signed, word, column.name, column.unit))
    return pl.concat(part for part in made if part is not None)


def _with_cells(frames: Frames, parts: pl.DataFrame) -> pl.DataFrame:
    """`parts` with file, cell, and the value and unit in the cell (shape `PARTS`)."""
    columns = frames["intake.columns"].select(
        "submission_id", "block", "field", "column", pl.col("unit").alias("column_unit"), "factor"
    )
    files = frames["intake.submissions"].select("submission_id", "file_name", "earlier_version")
    pairs = parts.select("row_unit", "quantity_unit").unique().drop_nulls()
    factors = pairs.with_columns(
        pl.Series("row_factor", [_factor(*pair) for pair in pairs.iter_rows()], dtype=pl.Float64)
    )
    gross = pl.when(pl.col("note").str.starts_with("消费量")).then(None).otherwise("quantity")
    return (
        parts.join(columns, on=["submission_id", "block", "field"], how="left", validate="m:1", maintain_order="left")
        .join(files, on="submission_id", how="left", validate="m:1", maintain_order="left")
        .join(factors, on=["row_unit", "quantity_unit"], how="left", validate="m:1", maintain_order="left")
        .with_columns(
            (pl.col("column") + pl.col("row").cast(pl.String)).alias("cell"),
            (gross / pl.coalesce("factor", "row_factor")).alias("stated_value"),
            pl.coalesce("column_unit", "row_unit").alias("stated_unit"),
        )
        .select(PARTS.names())
        .cast(PARTS)
    )


def _factor(stated: str, target: str) -> float | None:
    """Canonical figure = stated figure × this, for units of one dimension; None for others."""
    here, there = (units().get(normalise_unit(unit)) for unit in (stated, target))
    if here is None or there is None or here.canonical != there.canonical:
        return None
    return here.factor / there.factor
