"""The twelve months up to the period's: what enterprises produced and used in each, as far as it is determined."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from efficiency.evaluation.energy_basis import energy_basis
from efficiency.evaluation.explanation.sources import words_of
from efficiency.facts.monthly import monthly_electricity, monthly_energy, monthly_flow
from efficiency.facts.windows import Window
from efficiency.parts import whole
from efficiency.periods import period_end
from schemas import FACTS, FEEDS
from schemas.profile import TOTALS

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from efficiency.evaluation.explanation.sources import Frames
    from efficiency.policy.model import Policy

YIELDS = ("revenue", "gross_output", "value_added", "tax")
"""What an enterprise produces, of which the first is shown that the policy looks at."""
USES = ("energy", "electricity")
"""What it uses, likewise."""
COURSE = pl.Schema({"uscc": pl.String(), "measure": pl.String(), "month": pl.Date(), "value": pl.Float64()})
"""One row per enterprise, measure and month; value null where the month is not determined."""


def course_measures(policy: Policy, cohort: str | None) -> tuple[str, ...]:
    """The measures shown for enterprises of `cohort`: one of YIELDS and one of USES."""
    indicators = [i for one in policy.cohort if cohort in (None, one.id) for i in one.indicator]
    words = words_of(text for i in indicators for text in (i.numerator, i.denominator))
    return tuple(next((name for name in names if name in words), names[0]) for names in (YIELDS, USES))


def courses(frames: Frames, policy: Policy, period: str, measures: Collection[str]) -> pl.DataFrame:
    """The months of each of `measures` (shape COURSE) of all enterprises that `frames` has facts of."""
    window = Window("rolling_12m", period_end(period))
    basis = energy_basis(policy)
    made = [COURSE.to_frame()]
    for measure in sorted(measures):
        form = FEEDS[measure][0][0]
        rows = frames[FACTS[form.id].qualified].filter(~pl.col("superseded"))
        if measure == "energy":
            months = monthly_energy(rows, basis, window)
        elif measure == "electricity":
            months = monthly_electricity(rows, basis, window)
        else:
            months = monthly_flow(whole(form, rows), FEEDS[measure][0][1].name, window)
        made.append(months.select("uscc", pl.lit(measure).alias("measure"), "month", "value"))
    return pl.concat(made)


def course_of(rows: pl.DataFrame, period: str, measures: Iterable[str]) -> pl.DataFrame:
    """One enterprise's `rows` (shape COURSE) as measure, title, unit, month and value, twelve rows for each of
    `measures`.
    """
    columns = {column.name: column for column in TOTALS}
    window = Window("rolling_12m", period_end(period))
    months = [window.month(node) for node in range(*window.ends)]
    frame = pl.DataFrame(
        [
            {"measure": name, "title": columns[name].title, "unit": columns[name].unit, "month": month}
            for name in measures
            for month in months
        ],
        schema={"measure": pl.String, "title": pl.String, "unit": pl.String, "month": pl.Date},
    )
    known = rows.select("measure", "month", "value")
    return frame.join(known, on=["measure", "month"], how="left", validate="1:1", maintain_order="left")
