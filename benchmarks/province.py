"""A made-up province: N enterprises × twelve months as a database would export them, in CSV, Parquet or one workbook.

    python benchmarks/province.py --enterprises 10000 --ending csv --output /tmp/province

Columnar and seeded: the same size gives the same figures in each format. One file a form for register and land, one
file a month for output and for energy, with its six carriers side by side; every cell has a figure, which is the
hardest case. The workbook has a sheet for each measure with twelve months side by side, as `monthly_series` does: a
year of months as rows would not fit below Excel's last row.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from efficiency.intake.parsing import uscc

if TYPE_CHECKING:
    from collections.abc import Iterator

MONTHS = tuple((2025, month) for month in (11, 12)) + tuple((2026, month) for month in range(1, 11))
"""The rolling year that ends with 2026-10."""
TOWNS = tuple(f"第{number}镇" for number in range(1, 101))
INDUSTRIES = ("1320", "1711", "2614", "2641", "3011", "3071", "3130", "3311", "3360", "3484", "3521", "3670", "3824")
OUTPUT = {
    "营业收入(万元)": 2000.0,
    "工业总产值(万元)": 2100.0,
    "工业增加值(万元)": 450.0,
    "实缴税金(万元)": 60.0,
    "研发费用(万元)": 40.0,
    "平均用工人数(人)": 120.0,
    "主要污染物排放量(吨)": 3.0,
    "用水量(吨)": 900.0,
}
"""Header → figure of a middling enterprise in a month."""
ENERGY = {
    "电力(万千瓦时)": 30.0,
    "天然气(万立方米)": 6.0,
    "热力(百万千焦)": 900.0,
    "原煤(吨)": 50.0,
    "柴油(吨)": 4.0,
    "绿电(万千瓦时)": 5.0,
}
SERIES = ("营业收入(万元)", "工业增加值(万元)", "实缴税金(万元)", "电力(万千瓦时)", "天然气(万立方米)")
"""What the workbook has sheets for."""


def identities(count: int) -> pl.DataFrame:
    """`统一社会信用代码`, `企业名称`: valid in form, made up (their body begins with YL, 样例)."""
    number = pl.int_range(count, dtype=pl.Int64)
    digits = [
        pl.lit(list(uscc.ALPHABET), dtype=pl.List(pl.String)).list.get(
            number // len(uscc.ALPHABET) ** place % len(uscc.ALPHABET)
        )
        for place in range(6, -1, -1)
    ]
    body = pl.concat_str(pl.lit("91370300"), pl.lit("YL"), *digits)
    return pl.select(body.alias("body")).select(
        pl.concat_str("body", uscc.check_character(pl.col("body"))).alias("统一社会信用代码"),
        pl.format("样例第{}号制造有限公司", number).alias("企业名称"),
    )


def register(who: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """企业名录."""
    count = who.height
    return who.with_columns(
        pl.Series("行业代码", INDUSTRIES).gather(draw.integers(len(INDUSTRIES), size=count)),
        pl.Series("镇办", TOWNS).gather(draw.integers(len(TOWNS), size=count)),
        pl.Series("规模", ["规上", "规下"]).gather((draw.random(count) < 0.3).astype(np.int64)),
        pl.Series("投产日期", draw.integers(1990, 2025, count)).cast(pl.String) + "-06-01",
    )


def land(who: pl.DataFrame, draw: np.random.Generator) -> pl.DataFrame:
    """用地."""
    count = who.height
    leased = (draw.random(count) < 0.2) * draw.uniform(1, 10, count)
    return who.with_columns(
        pl.Series("自有用地面积(亩)", draw.lognormal(3, 0.6, count).round(2)),
        pl.Series("租入面积(亩)", leased.round(2)),
        pl.Series("租出面积(亩)", np.zeros(count)),
        pl.lit("2025-10-31").alias("截止日期"),
    )


def figures(sizes: np.ndarray, middling: dict[str, float], draw: np.random.Generator) -> list[pl.Series]:
    """One month of the columns of `middling`, by the enterprises' sizes; nobody changes by a factor of eight."""
    return [
        pl.Series(title, (typical * sizes * draw.uniform(0.8, 1.25, len(sizes))).round(2))
        for title, typical in middling.items()
    ]


def tables(count: int) -> Iterator[tuple[str, pl.DataFrame]]:
    """(file name without ending, content) of each file of the province."""
    draw = np.random.default_rng(20261031)
    who = identities(count)
    yield "企业名录", register(who, draw)
    yield "用地", land(who, draw)
    sizes = draw.lognormal(0, 0.8, count)
    for year, month in MONTHS:
        when = [pl.lit(year).alias("年份"), pl.lit(month).alias("月份")]
        yield f"产出-{year}-{month:02}", who.with_columns(*when, *figures(sizes, OUTPUT, draw))
        yield f"能源-{year}-{month:02}", who.with_columns(*when, *figures(sizes, ENERGY, draw))


def write(count: int, ending: str, folder: Path) -> int:
    """Write the province below `folder`; returns the bytes written."""
    folder.mkdir(parents=True, exist_ok=True)
    if ending == "xlsx":
        _write_workbook(count, folder / "全省.xlsx")
    else:
        for name, table in tables(count):
            path = folder / f"{name}.{ending}"
            table.write_csv(path) if ending == "csv" else table.write_parquet(path)
    return sum(path.stat().st_size for path in folder.iterdir())


def _write_workbook(count: int, path: Path) -> None:
    """Register, land and one sheet a measure, all in one workbook."""
    import xlsxwriter

    files = dict(tables(count))
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        for name in ("企业名录", "用地"):
            _write_sheet(book.add_worksheet(name), files[name])
        for title in SERIES:
            kind = "产出" if title in OUTPUT else "能源"
            for year in (2025, 2026):
                months = {m: files[f"{kind}-{y}-{m:02}"][title].alias(f"{m}月") for y, m in MONTHS if y == year}
                sheet = book.add_worksheet(f"{year}年{title.partition('(')[0]}")
                sheet.write(0, 0, f"{year}年{title}")
                _write_sheet(sheet, identities(count).with_columns(months.values()), top=1)


def _write_sheet(sheet: object, table: pl.DataFrame, *, top: int = 0) -> None:
    for place, row in enumerate([tuple(table.columns), *table.iter_rows()], start=top):
        sheet.write_row(place, 0, row)  # type: ignore[attr-defined]  # xlsxwriter publishes no types


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description="Write a made-up province of N enterprises.")
    parser.add_argument("--enterprises", type=int, required=True)
    parser.add_argument("--ending", choices=("csv", "parquet", "xlsx"), default="csv")
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    size = write(arguments.enterprises, arguments.ending, arguments.output)
    print(f"{arguments.output}: {size / 2**20:.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
