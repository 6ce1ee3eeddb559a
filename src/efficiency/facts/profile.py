"""The profile: one row per registered enterprise with everything that a policy's expressions may look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from efficiency.facts import products, unconfirmed
from efficiency.facts.compositions import COMPOSITIONS, compositions
from efficiency.facts.energy import EnergyBasis, in_standard_coal, totals_of
from efficiency.facts.enterprise import attributes, open_incidents, open_objections, visits
from efficiency.facts.gaps import gaps
from efficiency.facts.land import land_at
from efficiency.facts.months_without import months_without, months_without_electricity
from efficiency.facts.products import energy_levels
from efficiency.facts.windows import Window, WindowKind, latest_in_window, window_totals
from efficiency.parts import whole
from schemas import FEEDS, FORMS, MEASURED
from schemas.objections import PENDING
from schemas.profile import ADDED_LATER, INCIDENTS, PROFILE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from datetime import date

COUNTS = ("open_incidents", *INCIDENTS, "phaseout_overdue")
FLAGS = ("visited", "open_objection")
FLOW_WORDS = [word for word, fed in FEEDS.items() if any(column.figure == "flow" for _, column, _ in fed)]
"""Words of the profile that add up over months."""
READ_FOR_TOTALS = frozenset({"energy", "products", *(form.id for form, _ in MEASURED)})
"""The forms of which the window or the energy basis makes something else."""
DIGEST_ROWS = 50_000
"""Rows hashed at a time, so that the text of a large profile is never held as a whole."""


@dataclass(frozen=True)
class Profile:
    """The profile of every enterprise, and what the analyst is warned of."""

    frame: pl.DataFrame
    """Exactly the shape of results.profile, sorted by uscc."""
    basis: EnergyBasis
    unconfirmed_carriers: pl.DataFrame
    """`carrier`, `users`; see `efficiency.facts.unconfirmed`."""
    disagreements: list[str]
    """Chinese, by enterprise."""
    unconfirmed_products: pl.DataFrame
    """`name_zh`, `users`; see `efficiency.facts.products`."""
    unjudged: list[str]
    """Chinese, by enterprise."""
    feedstock: list[str]
    """Chinese, by enterprise; see `efficiency.facts.unconfirmed`."""
    gaps: pl.DataFrame
    """What is missing where a figure is null (shape `efficiency.facts.gaps.GAPS`)."""
    compositions: pl.DataFrame
    """What makes up the totals, where that was asked for (shape `efficiency.facts.compositions.COMPOSITIONS`)."""
    data_errors: pl.DataFrame | None = None
    """How far figures were off, where the policy takes their error from it (results.data_errors, without keys)."""

    @property
    def inputs_sha256(self) -> str:
        """Digest of everything that an evaluation reads."""
        return inputs_sha256(self.frame, self.gaps, self.data_errors)

    def gives(self, digest: str | None) -> bool:
        """Whether `digest` is that of this profile, or of what an earlier version read of it."""
        return digest == self.inputs_sha256 or self.as_read_earlier(digest) is not None

    def as_read_earlier(self, digest: str | None) -> tuple[pl.DataFrame, pl.DataFrame | None] | None:
        """The frame and the gaps of which an earlier version made `digest`; None where that was of other data.

        Earlier versions had fewer columns, and before those no gaps.
        """
        before = self.frame.drop(ADDED_LATER)
        for missing in (self.gaps, None):
            # None of them knew `data_errors`.
            if inputs_sha256(before, missing) == digest:
                return before, missing
        return None

    @property
    def warnings(self) -> list[str]:
        """All warnings to the analyst, in Chinese."""
        return [*self.earlier_warnings, *self.feedstock]

    @property
    def earlier_warnings(self) -> list[str]:
        """Those that version 2026.11.2 and earlier gave too."""
        return [
            *unconfirmed.unconfirmed_warnings(self.unconfirmed_carriers, self.basis),
            *self.disagreements,
            *products.unconfirmed_warnings(self.unconfirmed_products),
            *self.unjudged,
        ]


def build_profile(
    facts: Mapping[str, pl.DataFrame],
    *,
    period: date,
    window: WindowKind,
    annualise: bool,
    energy: EnergyBasis,
    previous: pl.DataFrame,
    explained: Collection[str] = (),
    composed: Collection[str] | None = None,
) -> Profile:
    """The profile of every enterprise of the register at the end of `period` (any day of its month).

    `facts` maps each form to its facts table, and `PENDING` to the objections that are not decided, if there are any;
    rows marked `superseded` do not count. A flow's total covers
    the window exactly or is null. `annualise` scales year-to-date flows by 12 ÷ months. `previous` has uscc,
    previous_tier and d_streak_before. Of the words `explained` the profile says what is missing, and
    of those `composed`, and energy, what makes up their totals; nothing of that where it is None.
    """
    span = Window(window, period)
    day = span.end_of_period
    counting = {form: _counting(form, facts[form]) for form in FORMS}
    pending = facts.get(PENDING, pl.DataFrame(schema={"uscc": pl.String}))
    converted = in_standard_coal(counting["energy"], energy)
    totals = totals_of(converted, span)
    levels = energy_levels(counting["products"], span)

    frame = attributes(counting["register"], period)
    for part in (
        land_at(counting["land"], day),
        *(part for form in FORMS for part in _measures(form, counting[form], span)),
        totals.frame,
        months_without(counting["output"], "revenue", period),
        months_without_electricity(converted, period),
        visits(counting["survey"], day),
        open_incidents(counting["incidents"], day),
        open_objections(pending),
        levels.frame,
        previous.select("uscc", "previous_tier", "d_streak_before"),
    ):
        frame = frame.join(part, on="uscc", how="left", validate="1:1")
    missing = gaps(counting, frame, explained, energy, span)
    frame = frame.with_columns(
        pl.col(FLOW_WORDS) * _yearly(period, window, annualise=annualise),
        pl.col(*COUNTS, "d_streak_before").fill_null(0),
        pl.col(FLAGS).fill_null(value=False),
    )
    return Profile(
        PROFILE.conform(frame).sort("uscc"),
        energy,
        unconfirmed.users(counting["energy"], span),
        totals.warnings,
        levels.unconfirmed,
        levels.unjudged,
        unconfirmed.feedstock_warnings(counting["energy"], frame, energy, span),
        missing.sort("uscc", "word"),
        COMPOSITIONS.to_frame() if composed is None else compositions(counting, converted, composed, span),
    )


def with_other_totals(
    profile: pl.DataFrame,
    facts: Mapping[str, pl.DataFrame],
    *,
    period: date,
    window: WindowKind,
    annualise: bool,
    energy: EnergyBasis,
    same_window: bool,
) -> pl.DataFrame:
    """`profile`, built from the same `facts` at the end of the same `period`, with another window or energy basis.

    The same as `build_profile` gives under these, without what does not depend on them being made again: all but
    energy in the `same_window`.
    """
    span = Window(window, period)
    counting = {form: _counting(form, facts[form]) for form in FORMS if form in READ_FOR_TOTALS}
    parts = [totals_of(in_standard_coal(counting["energy"], energy), span, warned=False).frame]
    if not same_window:
        parts += [part for form in counting for part in _measures(form, counting[form], span)]
        parts.append(energy_levels(counting["products"], span).frame)
    made = {name for part in parts for name in part.columns} - {"uscc"}
    frame = profile.drop(made)
    for part in parts:
        frame = frame.join(part, on="uscc", how="left", validate="1:1", maintain_order="left")
    flows = [name for name in FLOW_WORDS if name in made]
    frame = PROFILE.conform(frame.with_columns(pl.col(flows) * _yearly(period, window, annualise=annualise)))
    return frame if frame["uscc"].is_sorted() else frame.sort("uscc")


def _yearly(period: date, window: WindowKind, *, annualise: bool) -> float:
    """What a flow of the window is multiplied with."""
    return 12 / period.month if annualise and window == "year_to_date" else 1.0


def _measures(form_id: str, rows: pl.DataFrame, window: Window) -> Iterator[pl.DataFrame]:
    """The window totals of a form's measures and the latest month of its levels; a frame with `uscc` for each kind."""
    measures = [column for form, column in MEASURED if form.id == form_id]
    flows = [column.name for column in measures if column.figure == "flow"]
    if flows:
        yield window_totals(rows, flows, window)
    for column in measures:
        if column.figure == "level":
            yield latest_in_window(rows, column.name, window)


def concat_profiles(profiles: Sequence[Profile]) -> Profile:
    """The profile of all enterprises from those of its partitions, which are in the order of their codes."""
    first, *others = profiles
    if not others:
        return first

    def users(frames: Iterable[pl.DataFrame], key: str) -> pl.DataFrame:
        # No enterprise is in two partitions.
        return pl.concat(frames).group_by(key).agg(pl.col("users").sum())

    return Profile(
        pl.concat([one.frame for one in profiles], rechunk=True),
        first.basis,
        users((one.unconfirmed_carriers for one in profiles), "carrier"),
        [line for one in profiles for line in one.disagreements],
        users((one.unconfirmed_products for one in profiles), "name_zh"),
        [line for one in profiles for line in one.unjudged],
        [line for one in profiles for line in one.feedstock],
        pl.concat([one.gaps for one in profiles]),
        pl.concat([one.compositions for one in profiles]),
    )


def _counting(form: str, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows that are not superseded, parts added up; no copy where that is all of them.

    Parts of energy are added up when they are converted, each by its own coefficient.
    """
    counting = rows.filter(~pl.col("superseded")) if rows["superseded"].any() else rows
    return counting if form == "energy" else whole(FORMS[form], counting)


def inputs_sha256(
    profile: pl.DataFrame, missing: pl.DataFrame | None = None, data_errors: pl.DataFrame | None = None
) -> str:
    """SHA-256 of the profile's content, what is `missing` from it and how far figures were off (`data_errors`).

    It is the same for the same rows in any order.
    """
    digest = hashlib.sha256(",".join(profile.columns).encode())
    for frame in (profile, *(frame for frame in (missing, data_errors) if frame is not None)):
        for rows in frame.sort(frame.columns).iter_slices(DIGEST_ROWS):
            # Text is quoted and null is not, so that an empty text and a missing one differ.
            digest.update(rows.write_csv(include_header=False, quote_style="non_numeric").encode())
    return digest.hexdigest()
