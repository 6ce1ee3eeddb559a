"""Who is in the made-up zone: invented names and codes, industries, land, flags. Nothing here is a real enterprise."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from random import Random
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = 20261101
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
SQUARE_METRES_PER_MU = 2000 / 3

TOWNS = ("北郊镇", "南定镇", "沣水镇", "傅家镇", "园区直属")
"""Only labels: the zone's present list of towns is not confirmed."""
REGION_OF_TOWN = {"北郊镇": "370306"}
"""First digits of a code after 91; 370303 elsewhere. Which digits the zone's codes carry is unverified."""


@dataclass(frozen=True)
class Sector:
    """A line of business and its usual proportions; every figure is a guess at a plausible magnitude."""

    id: str
    nouns: tuple[str, ...]
    codes: tuple[str, ...]
    chain: str
    above: int
    below: int
    land: float
    """Median land, 亩."""
    yield_: float
    """Median revenue, 万元 per 亩 and year."""
    value_added: float
    """Share of revenue."""
    tax: float
    """Share of revenue."""
    intensity: float
    """tce per 万元 of revenue."""
    carriers: dict[str, float]
    """Share of each carrier in the energy."""
    water: float
    """t per 万元 of revenue."""
    discharge: float
    """Share of the enterprises that discharge something to report."""
    cod: float
    """Share of chemical oxygen demand in the discharge."""
    rd: float
    """Share of revenue."""
    per_head: float
    """Revenue, 万元 per head and year."""
    fills_205: bool
    """States its energy on form 205-1, electricity included."""


def _sectors() -> tuple[Sector, ...]:
    """Every line of business, from sectors.csv beside this file."""
    with (Path(__file__).parent / "sectors.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(_sector(row) for row in csv.DictReader(lines))


def _sector(row: dict[str, str]) -> Sector:
    read: dict[str, Callable[[str], object]] = {
        "id": str,
        "chain": str,
        "nouns": lambda text: tuple(text.split("|")),
        "codes": lambda text: tuple(text.split("|")),
        "above": int,
        "below": int,
        "carriers": lambda text: {part.split("=")[0]: float(part.split("=")[1]) for part in text.split("|")},
        "fills_205": lambda text: text == "yes",
    }
    return Sector(**{name: read.get(name, float)(text) for name, text in row.items()})  # type: ignore[arg-type]


SECTORS = _sectors()


@dataclass(frozen=True)
class Enterprise:
    """One invented enterprise; land in square metres, yearly proportions as drawn."""

    number: int
    uscc: str
    name: str
    former_name: str | None
    sector: Sector
    industry: str
    town: str
    above_scale: bool
    commissioned: date | None
    land: float
    quality: float
    """Latent strength, standard normal: drives yield, tax, energy efficiency and technology together."""
    newly_above_scale: bool = False
    under_construction: bool = False
    honours: tuple[str, ...] = ()
    leased_in: float = 0.0
    leased_out: float = 0.0
    idle: float = 0.0
    stopped: date | None = None
    loss: bool = False
    discharges: bool = True
    total_only: bool = False
    """States its energy only as one total in tce (small enterprises)."""


def draw(*words: object) -> Random:
    """The random stream of a purpose, so that adding one enterprise does not change the others."""
    return Random("/".join(str(word) for word in (SEED, *words)))  # noqa: S311 - a sample, not a secret


def normal(stream: Random) -> float:
    """A standard normal draw. By the inverse function: only Random.random() is promised to stay the same."""
    return NormalDist().inv_cdf(min(max(stream.random(), 1e-9), 1 - 1e-9))


def lognormal(stream: Random, median: float, sigma: float) -> float:
    """A lognormal draw around `median`, cut at three sigmas."""
    return median * math.exp(sigma * max(-3.0, min(3.0, normal(stream))))


def check_character(seventeen: str) -> str:
    """The 18th character of a unified social credit code (GB 32100-2015)."""
    total = sum(ALPHABET.index(character) * pow(3, place, 31) for place, character in enumerate(seventeen))
    return ALPHABET[(31 - total % 31) % 31]


def credit_code(number: int, town: str) -> str:
    """A code with a valid check character whose body begins with YL (样例), as no issued code does."""
    seventeen = f"91{REGION_OF_TOWN.get(town, '370303')}YL{number * 7919 % 10_000_000:07d}"
    return seventeen + check_character(seventeen)


FIRST = "昊晟泓桓稷钰铭骐澜霖皓璟翊楷滦栩煦珂沅莱岑峻湛彤锴"
SECOND = "屹朔垚蔚阔澄禾远峤翰砺岳策陌弘筑迈炬纶源钜帆磊序苑"


def all_enterprises() -> list[Enterprise]:
    """458 above-scale and 30 below-scale enterprises, sorted by number."""
    pairs = [a + b for a in FIRST for b in SECOND]
    draw("names").shuffle(pairs)
    places = [
        (sector, above)
        for above in (True, False)
        for sector in SECTORS
        for _ in range(sector.above if above else sector.below)
    ]
    made = [_enterprise(number, sector, above, pairs[number]) for number, (sector, above) in enumerate(places, start=1)]
    return _with_tenants(_with_events(made))


def _enterprise(number: int, sector: Sector, above: bool, trade_name: str) -> Enterprise:
    stream = draw("enterprise", number)
    town = stream.choices(TOWNS, weights=(30, 25, 18, 15, 12))[0]
    noun = stream.choice(sector.nouns)
    legal = stream.choices(("有限公司", "股份有限公司", "科技有限公司"), weights=(80, 8, 12))[0]
    name = stream.choices(
        (
            f"淄博{trade_name}{noun}{legal}",
            f"山东{trade_name}{noun}{legal}",
            f"{trade_name}(淄博){noun}{legal}",
            f"山东{trade_name}{noun}集团{legal}",
        ),
        weights=(62, 30, 4, 4),
    )[0].translate({ord("("): "\uff08", ord(")"): "\uff09"})
    quality = normal(stream)
    land = lognormal(stream, sector.land * (1.0 if above else 0.30), 0.62)
    honours = [
        title
        for title, share in (
            ("高新技术企业", 0.24 + 0.08 * quality),
            ("专精特新", 0.12 + 0.06 * quality),
            ("绿色工厂", 0.04 + 0.02 * quality),
            ("制造业单项冠军", 0.01),
        )
        if above and sector.chain != "公用事业" and stream.random() < share
    ]
    return Enterprise(
        number=number,
        uscc=credit_code(number, town),
        name=name,
        former_name=None,
        sector=sector,
        industry=stream.choice(sector.codes),
        town=town,
        above_scale=above,
        commissioned=date(stream.randint(1996, 2022), stream.randint(1, 12), 1),
        land=round(max(land, 3.2) * SQUARE_METRES_PER_MU, 1),
        quality=quality,
        honours=tuple(honours),
        discharges=stream.random() < sector.discharge,
        total_only=not above and number % 10 == 0,
    )


def _with_events(made: list[Enterprise]) -> list[Enterprise]:
    """New, newly above scale, under construction, stopped, loss-making, renamed: a few of each."""
    stream = draw("events")
    ordinary = [e.number for e in made if e.above_scale and e.sector.chain != "公用事业"]
    stream.shuffle(ordinary)
    changed = {e.number: e for e in made}

    def change(count: int, **values: object) -> list[int]:
        chosen = [ordinary.pop() for _ in range(count)]
        for number in chosen:
            changed[number] = replace(changed[number], **values)  # type: ignore[arg-type]
        return chosen

    for month, number in enumerate(change(8), start=3):  # a full window at the end of the sample
        changed[number] = replace(changed[number], commissioned=date(2025, month, 1))
    for month, number in enumerate(change(5), start=1):  # too young for a window of twelve months
        changed[number] = replace(changed[number], commissioned=date(2026, month, 1))
    change(18, newly_above_scale=True)
    change(6, under_construction=True, commissioned=None)
    change(4, stopped=date(2025, 9, 1))
    change(4, loss=True)
    for number in change(4):
        old = changed[number]
        changed[number] = replace(
            old, former_name=f"淄博{old.name.removeprefix('淄博').removeprefix('山东')[:2]}实业有限公司"
        )
    return [changed[e.number] for e in made]


def _with_tenants(made: list[Enterprise]) -> list[Enterprise]:
    """Each tenant rents from one landlord; what is let equals what is rented."""
    stream = draw("tenants")
    changed = {e.number: e for e in made}
    landlords = [e.number for e in made if e.above_scale and e.land > 30 * SQUARE_METRES_PER_MU]
    stream.shuffle(landlords)
    tenants = [e.number for e in made if e.land < 16 * SQUARE_METRES_PER_MU and e.commissioned]
    stream.shuffle(tenants)
    for tenant, landlord in zip(tenants[:48], landlords, strict=False):
        renting, letting = changed[tenant], changed[landlord]
        whole = stream.random() < 0.7
        area = round(renting.land if whole else renting.land * 0.4, 1)
        if area > 0.5 * letting.land:
            continue
        changed[tenant] = replace(renting, leased_in=area, land=round(renting.land - area, 1))
        changed[landlord] = replace(letting, leased_out=area)
    for number in landlords[48:70]:
        letting = changed[number]
        changed[number] = replace(letting, idle=round(letting.land * stream.uniform(0.05, 0.35), 1))
    return [changed[e.number] for e in made]
