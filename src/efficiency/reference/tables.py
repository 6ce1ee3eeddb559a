"""The reference tables as typed, cached values: the only module that reads the CSV files of this folder.

Facts keep the `source` and `confidence` of their rows; what no text confirms is marked `unverified` there.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

from schemas.energy import TOTAL_CARRIER

TOTAL_ALIASES = (
    TOTAL_CARRIER,
    "综合能耗",
    "能源合计",
    "能源消费合计",
    "能源消费总量",
    "综合能源消费总量",
    "综合能源消费量(当量值)",
    "综合能耗(当量值)",
    "能源合计(当量值)",
)
"""Names of a directly stated total in 吨标准煤; one on the 等价值 basis is not among them, being another figure."""

_BRACKETS = str.maketrans("[]{}【】〔〕〈〉", "()()()()()")


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit of measurement: one of `name` is `numerator / denominator` of `canonical`, exactly."""

    name: str
    dimension: str
    canonical: str
    numerator: int
    denominator: int

    @property
    def factor(self) -> float:
        """What a figure in this unit is multiplied with to be in the canonical unit of its dimension."""
        return self.numerator / self.denominator


def normalise_unit(text: str) -> str:
    """`text` as the keys of `units` are written: NFKC, no white space, upper case (`㎡` → `M2`, `kWh` → `KWH`)."""
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def normalise_name(text: str) -> str:
    """`text` as names of carriers and products are compared: NFKC, no white space, round brackets, upper case."""
    return normalise_unit(text).translate(_BRACKETS)


@cache
def units() -> dict[str, Unit]:
    """Normalised alias → unit (source: units.csv)."""
    return {
        normalise_unit(row["alias"]): Unit(
            row["alias"], row["dimension"], row["canonical"], int(row["numerator"]), int(row["denominator"])
        )
        for row in _read("units.csv").iter_rows(named=True)
    }


@cache
def carriers() -> pl.DataFrame:
    """One row per energy carrier: the columns of carriers.csv and `name`, the standard Chinese name.

    `tce_per_form_unit` is null where no single figure holds (measured heat value, year-dependent).
    """
    return _read("carriers.csv").with_columns(
        pl.col("names_zh").str.split("|").list.first().alias("name"),
        pl.col("kgce_per_base_unit", "tce_per_form_unit").cast(pl.Float64),
    )


@cache
def calorific_tce() -> float:
    """Standard coal (tce) per 万千瓦时 of electricity on the calorific basis (当量值); a tenth is kgce per kWh."""
    coefficient: float = carriers().filter(pl.col("carrier_id") == "electricity")["tce_per_form_unit"].item()
    return coefficient


@cache
def carrier_aliases() -> dict[str, str]:
    """Normalised name or alias → standard Chinese name; names of a direct total → `TOTAL_CARRIER`."""
    aliases = {normalise_name(name): TOTAL_CARRIER for name in TOTAL_ALIASES}
    for name, names in carriers().select("name", pl.col("names_zh").str.split("|")).iter_rows():
        for alias in names:
            aliases.setdefault(normalise_name(alias), name)
    for name, kinds in carriers().select("name", "kinds_zh").drop_nulls().iter_rows():
        aliases |= {alias: name for alias, kind in carrier_kinds().items() if kind in kinds.split("|")}
    return aliases


@cache
def carrier_kinds() -> dict[str, str]:
    """Normalised name or alias of a kind of a carrier → that kind: 92号汽油 and 汽油(92#) → 92#汽油, 外购蒸汽 → 蒸汽.

    Amounts of two kinds of one carrier add up. A name of the carrier as a whole (汽油) has none.
    """
    found: dict[str, str] = {}
    for names, kinds in carriers().select("names_zh", "kinds_zh").drop_nulls().iter_rows():
        for kind in kinds.split("|"):
            grade, mark, name = kind.rpartition("#")
            spelt = _spelt(grade, name) if mark else [alias for alias in names.split("|") if kind in alias]
            found |= {normalise_name(alias): kind for alias in spelt}
    return found


def _spelt(grade: str, name: str) -> list[str]:
    """How people write a grade (92) of `name`: 92#汽油, 92号车用汽油, 汽油(92#), 汽油92号."""
    return [
        spelt
        for mark in (f"{grade}#", f"{grade}号", *((f"负{grade[1:]}号",) if grade.startswith("-") else ()))
        for whole in (name, f"车用{name}")
        for spelt in (f"{mark}{whole}", f"{whole}({mark})", f"{whole}{mark}")
    ]


@cache
def carrier_form_unit() -> dict[str, str]:
    """Standard name → unit in which consumption is kept (吨, 万立方米, 万千瓦时 …), the direct total included."""
    return {**dict(carriers().select("name", "form_unit").iter_rows()), TOTAL_CARRIER: "吨标准煤"}


@cache
def carrier_kind() -> dict[str, str]:
    """Standard name → fuel, heat, electricity or medium (耗能工质); the direct total → total."""
    return {**dict(carriers().select("name", "kind").iter_rows()), TOTAL_CARRIER: "total"}


@cache
def electric_carriers() -> tuple[str, ...]:
    """Standard names of the carriers whose consumption is electricity, in the order of carriers.csv."""
    return tuple(name for name, kind in carrier_kind().items() if kind == "electricity")


@cache
def limits() -> pl.DataFrame:
    """One row per product and standard: the columns of limits.csv; figures are in `unit`, null where not known."""
    return _read("limits.csv").with_columns(
        pl.col("valid_from", "renovate_by").str.to_date(),
        pl.col("level1", "level2", "level3", "benchmark", "baseline").cast(pl.Float64),
    )


@cache
def feedstock_divisions() -> pl.DataFrame:
    """The divisions of industry that make products of energy used as raw material: the columns of feedstock.csv."""
    return _read("feedstock.csv")


@cache
def industries() -> pl.DataFrame:
    """One row per section, division or class of GB/T 4754-2017: the columns of industries.csv; codes are text."""
    return _read("industries.csv")


def _read(name: str) -> pl.DataFrame:
    """The CSV `name` of this package, every column as text, empty cells as null."""
    data = files("efficiency.reference").joinpath(name).read_bytes()
    return pl.read_csv(data, infer_schema=False)
