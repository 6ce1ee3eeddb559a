"""What each made-up enterprise yields and consumes, month by month from January 2024 to October 2026.

Magnitudes lean on published means (revenue 430–600 万元/亩, tax about 14 万元/亩, revenue about 5 万元 per tce); the
distributions are skewed and the figures of an enterprise hang together through its latent quality.
All of it is made up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from sample_data.enterprises import SQUARE_METRES_PER_MU, Enterprise, draw, lognormal, normal

MONTHS = tuple(
    date(year, month, 1) for year in (2024, 2025, 2026) for month in range(1, 13) if (year, month) < (2026, 11)
)
FIRST_SENT = date(2024, 11, 1)
"""Departments' files begin here; the earlier months only feed the cumulative figures of 2024."""
SENT = tuple(month for month in MONTHS if month >= FIRST_SENT)

SEASON = (0.90, 0.72, 1.02, 1.00, 1.02, 1.08, 0.97, 0.96, 1.04, 1.00, 1.06, 1.16)
TAX_SEASON = (1.30, 0.80, 0.85, 1.25, 0.95, 0.90, 1.25, 0.85, 0.90, 1.20, 0.90, 0.85)
HEATING = (1, 2, 3, 11, 12)

TCE_PER_UNIT = {"原煤": 0.7143, "天然气": 12.143, "热力": 0.03412, "柴油": 1.4571, "电力": 1.229, "绿电": 1.229}
"""Reference coefficients, tce per form unit (吨, 万立方米, 百万千焦, 万千瓦时); electricity at 当量值."""
DECIMALS = {"原煤": 1, "天然气": 3, "热力": 1, "柴油": 2, "电力": 3, "绿电": 3}


@dataclass(frozen=True)
class Figures:
    """One list a measure, aligned with MONTHS; None where the enterprise has nothing to report."""

    revenue: list[int | None]
    """千元."""
    gross_output: list[int | None]
    value_added: list[int | None]
    rd_expense: list[int | None]
    employees: list[int | None]
    tax: list[int | None]
    """元."""
    emissions: list[int | None]
    """千克."""
    cod: list[int | None]
    water: list[int | None]
    """吨."""
    energy: dict[str, list[float | None]]
    """Carrier → consumption in its form unit."""
    gas_coefficient: float
    """The enterprise's own coefficient of natural gas on form 205-1."""


def figures(enterprise: Enterprise) -> Figures:
    """The enterprise's 34 months."""
    stream = draw("figures", enterprise.number)
    sector, quality = enterprise.sector, enterprise.quality
    mu = (enterprise.land + enterprise.leased_in - enterprise.leased_out) / SQUARE_METRES_PER_MU
    year = mu * lognormal(stream, sector.yield_ * math.exp(0.30 * quality), 0.36)
    year = max(year, 2200.0) if enterprise.above_scale else min(max(year, 260.0), 1750.0)
    tax_share = lognormal(stream, 0.78 * sector.tax * math.exp(0.22 * quality), 0.30)
    share = lognormal(stream, 0.82 * sector.value_added, 0.25)
    if enterprise.loss:
        share, tax_share = -abs(normal(stream)) * 0.05 - 0.005, tax_share * 0.35
    intensity = lognormal(stream, sector.intensity * math.exp(-0.25 * quality), 0.36)
    rd_share = lognormal(stream, sector.rd * math.exp(0.35 * quality), 0.5) if stream.random() < 0.82 else 0.0
    heads = max(6.0, year / lognormal(stream, sector.per_head * math.exp(0.15 * quality), 0.35))
    discharge = lognormal(stream, abs(share) * year / 640 * 1000 * math.exp(-0.2 * quality), 0.7)
    water = lognormal(stream, sector.water * year, 0.45)
    growth = 0.003 + 0.004 * quality / 2 + 0.002 * normal(stream)
    carriers = _carriers(enterprise)
    active = [_activity(enterprise, month) for month in MONTHS]
    level = [
        None
        if a is None
        else a * SEASON[month.month - 1] / 12 * math.exp(growth * (index - 17) + 0.06 * normal(stream))
        for index, (month, a) in enumerate(zip(MONTHS, active, strict=True))
    ]

    def series(yearly: float, noise: float) -> list[int | None]:
        return [None if x is None else round(yearly * x * math.exp(noise * normal(stream))) for x in level]

    # Staff and consumption never fall quite to nothing, even where production stands still.
    base = [None if a is None else max(a, 0.22) * math.exp(growth * (index - 17)) for index, a in enumerate(active)]
    # What production consumes and discharges swings with the season, less than what is sold.
    load = [
        None if b is None else b * (1 + 0.6 * (SEASON[month.month - 1] - 1))
        for month, b in zip(MONTHS, base, strict=True)
    ]
    return Figures(
        revenue=series(year * 10, 0.04),
        gross_output=series(year * 10 * 1.02, 0.05),
        value_added=series(year * 10 * share, 0.08),
        rd_expense=series(year * 10 * rd_share, 0.12),
        employees=[
            None if b is None else max(3, round(heads * (0.55 + 0.45 * b) * (1 + 0.01 * normal(stream)))) for b in base
        ],
        tax=[
            None
            if b is None
            else round(
                year * 10_000 / 12 * tax_share * b * TAX_SEASON[month.month - 1] * math.exp(0.16 * normal(stream))
            )
            * (a != 0)  # who sells nothing pays nothing
            for month, a, b in zip(MONTHS, active, base, strict=True)
        ],
        emissions=[
            None
            if b is None or not enterprise.discharges
            else max(1, round(discharge * b / 12 * math.exp(0.1 * normal(stream))))
            for b in load
        ],
        cod=[
            None
            if b is None or not enterprise.discharges
            else round(discharge * sector.cod * b / 12 * math.exp(0.1 * normal(stream)))
            for b in load
        ],
        water=[None if b is None else max(5, round(water * b / 12 * math.exp(0.08 * normal(stream)))) for b in load],
        energy={
            carrier: [
                _consumption(carrier, part * intensity * year, month, b, math.exp(0.07 * normal(stream)))
                for month, b in zip(MONTHS, load, strict=True)
            ]
            for carrier, part in carriers.items()
        },
        gas_coefficient=stream.choices((12.143, 13.3), weights=(4, 1))[0],
    )


def year_to_date(values: list[int | None], month: date) -> int | None:
    """Sum from January to `month`; None when no month of the year has a figure."""
    known = [
        value
        for at, value in zip(MONTHS, values, strict=True)
        if at.year == month.year and at <= month and value is not None
    ]
    return sum(known) if known else None


def standard_coal(figures_: Figures, month: date) -> float | None:
    """Energy of a month in tce, for those that state only the total."""
    index = MONTHS.index(month)
    known = [
        value * TCE_PER_UNIT[carrier]
        for carrier, values in figures_.energy.items()
        if (value := values[index]) is not None
    ]
    return round(sum(known), 2) if known else None


def _carriers(enterprise: Enterprise) -> dict[str, float]:
    """Share of each carrier; small users of a carrier do without it, some buy green power."""
    stream = draw("carriers", enterprise.number)
    shares = {
        carrier: share * stream.uniform(0.6, 1.4)
        for carrier, share in enterprise.sector.carriers.items()
        if share >= 0.25 or stream.random() < 0.62
    }
    if "电力" not in shares:
        shares["电力"] = 0.3
    if enterprise.above_scale and not enterprise.sector.fills_205 and stream.random() < 0.07:
        shares["绿电"] = shares["电力"] * stream.uniform(0.1, 0.4)
        shares["电力"] -= shares["绿电"]
    whole = sum(shares.values())
    return {carrier: share / whole for carrier, share in shares.items()}


def _activity(enterprise: Enterprise, month: date) -> float | None:
    """Share of full operation: nothing before commissioning, rising over half a year, zero after a stop."""
    if enterprise.under_construction:
        return 0.0 if month >= date(2025, 1, 1) else None
    if enterprise.stopped and month >= enterprise.stopped:
        return 0.0
    begun = enterprise.commissioned or MONTHS[0]
    age = (month.year - begun.year) * 12 + month.month - begun.month
    if age < 0:
        return None
    return min(1.0, 0.55 + 0.09 * age)


def _consumption(carrier: str, tce_per_year: float, month: date, base: float | None, noise: float) -> float | None:
    if base is None:
        return None
    share = base * noise / 12
    if carrier == "热力":  # bought steam runs all year, more of it in winter
        share *= 1.35 if month.month in HEATING else 0.75
    value = round(tce_per_year * share / TCE_PER_UNIT[carrier], DECIMALS[carrier])
    return value if value > 0 else None
