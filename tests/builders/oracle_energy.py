"""Standard coal once more, in plain Python over the reference CSV itself: what the engine's columns must come to.

Nothing of the engine is used. An enterprise's forms each cover some months and name some carriers; a carrier's total
is looked for by walking from form to form, from the window's first month to its last.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from importlib.resources import files

TOTAL = "综合能源消费量"
LAST = 22
"""Months are counted from 1 = January of last year to 22 = October of this year."""
WINDOWS = {"rolling_12m": (11, 22), "year_to_date": (13, 22), "calendar_year": (1, 12)}
Row = tuple[str, int, int, str, float | None, float, float, float | None]
"""uscc, first and last month, carrier, consumption, feedstock, transformed, own coefficient."""

TABLE = {
    row["names_zh"].split("|")[0]: row
    for row in csv.DictReader(files("efficiency.reference").joinpath("carriers.csv").read_text("utf-8").splitlines())
}


@dataclass(frozen=True)
class Basis:
    """What a policy decides about energy."""

    power: float = 1.229
    feedstock_out: bool = False
    green_out: bool = False
    coefficients: dict[str, float] = field(default_factory=dict)


def made_up(draw: random.Random, uscc: str) -> list[Row]:
    """The rows of one enterprise that states, form by form, what it truly used, and leaves out what it did not."""
    carriers = draw.sample(sorted(TABLE), draw.randint(1, 4))
    own = {name: draw.choice([None, None, round(draw.uniform(0.1, 5), 3)]) for name in carriers}
    used = {
        (name, month): tuple(draw.choice([0, draw.randint(1, 99)]) for _ in range(3)) if draw.random() < 0.8 else None
        for name in carriers
        for month in range(1, LAST + 1)
    }
    spans = {(m, m) for m in range(1, LAST + 1) if draw.random() < 0.9}
    spans |= {(13 if m > 12 else 1, m) for m in range(1, LAST + 1) if draw.random() < 0.3}
    rows: list[Row] = []
    for first, last in sorted(spans):
        stated = {
            name: [sum(month[i] for m in range(first, last + 1) if (month := used[name, m])) for i in range(3)]
            for name in carriers
            if any(used[name, m] for m in range(first, last + 1))
        }
        for name, (bought, raw, made) in (stated or {carriers[0]: [0, 0, 0]}).items():
            refused = bought != raw + made and bought and draw.random() < 0.01
            rows.append(
                (uscc, first, last, name, None if refused else float(bought), float(raw), float(made), own[name])
            )
    return rows


def energy(rows: list[Row], basis: Basis, window: str) -> tuple[float | None, float | None]:
    """Standard coal and electricity of one enterprise in the window; None where the rows do not tell."""
    forms = {(first, last) for _, first, last, *_ in rows}
    coal: dict[str, dict[tuple[int, int], float | None]] = {}
    power: dict[str, dict[tuple[int, int], float | None]] = {}
    for row in rows:
        _, first, last, name, bought, *_ = row
        coal.setdefault(name, {})[first, last] = _tce(row, basis)
        if TABLE[name]["kind"] == "electricity":
            power.setdefault(name, {})[first, last] = bought
    return _sum(coal, forms, window), _sum(power or {"": {}}, forms, window)


def _tce(row: Row, basis: Basis) -> float | None:
    """Standard coal of one row."""
    *_, name, bought, raw, made, own = row
    kind = TABLE[name]["kind"]
    given = basis.coefficients.get(name)
    if (kind == "medium" and given is None) or (basis.green_out and TABLE[name]["carrier_id"] == "green_power"):
        return 0.0
    if bought is None:
        return None
    net = bought - made - (raw if basis.feedstock_out else 0.0)
    if net == 0:
        return 0.0
    if kind == "electricity":
        return net * basis.power
    if kind == "medium":
        return net * (given or 0.0)
    reference = TABLE[name]["tce_per_form_unit"]
    coefficient = own if own is not None else given if given is not None else float(reference) if reference else None
    return None if coefficient is None else net * coefficient


def _sum(
    carriers: dict[str, dict[tuple[int, int], float | None]], forms: set[tuple[int, int]], window: str
) -> float | None:
    total = 0.0
    for stated in carriers.values():
        known = {span: value for span, value in stated.items() if value is not None}
        found = _walk(known, window)
        if found is None:  # a form that does not name the carrier says that none was used
            found = _walk(known | {span: 0.0 for span in forms if span not in stated}, window)
        if found is None:
            return None
        total += found
    return total


def _walk(known: dict[tuple[int, int], float], window: str) -> float | None:
    first, last = WINDOWS[window]
    reached = {first: 0.0}
    queue = [first]
    while queue:
        here = queue.pop()
        for (start, end), value in known.items():
            for there, step in ((end + 1, value),) if start == here else ((start, -value),) if end + 1 == here else ():
                if there not in reached:
                    reached[there] = reached[here] + step
                    queue.append(there)
    return reached.get(last + 1)
