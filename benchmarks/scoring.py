"""Scores, tiers and lists of one period, ours against vectorised pandas: the same results first, then time and memory.

    python benchmarks/scoring.py                          # 100 000 enterprises
    python benchmarks/scoring.py --enterprises 1000000
    python benchmarks/scoring.py --enterprises 1000000 --draws 200      # confidence draws, by themselves

Made-up, seeded profiles under scoring_policy.toml (six indicators). Each run is a cold subprocess; the two take turns.
Timed is what lies between the profile in memory and the results in memory; peak memory is that of the whole child,
profile included (wait4). Nothing is shown unless both come to the same: scores, tiers, values, benchmarks and whose
they are, lists, order, merger partners, and every sentence that explains them, for each enterprise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "src"), str(ROOT)]

from benchmarks.measure import HEADER, Run, footer, in_turns, line, measure, python

if TYPE_CHECKING:
    from collections.abc import Iterator

POLICY = Path(__file__).with_name("scoring_policy.toml")
TABLES = ("scores", "indicators", "lists")
# The yardstick keeps tiers of dimensions by the capped score, partners without a bound and reasons without the veto in
# front: these columns are not compared.
COMPARED = {
    "scores": (
        "uscc",
        "status",
        "rank",
        "tier_initial",
        "tier",
        "d_streak",
        "score",
        "status_reason",
        "override_labels",
    ),
    "indicators": (
        "uscc",
        "indicator",
        "title",
        "numerator_expression",
        "value",
        "benchmark",
        "benchmark_scope",
        "benchmark_members",
        "score",
        "score_note",
    ),
    "lists": ("uscc", "list", "priority"),
}
DRAWN = {"weights": "", "weights, data": "data_sd = 0.05", "all": "data_sd = 0.05\nbenchmarks = true"}
"""What moves → the lines of [robustness] that ask for it."""


def write_profile(path: Path, enterprises: int) -> None:
    """A seeded profile: long-tailed figures, 2 % of each missing, 45 divisions and nine classes each, 20 towns."""
    import numpy as np
    import polars as pl

    from schemas import PROFILE

    stream = np.random.default_rng(20260101)

    def chosen(*values: str) -> pl.Series:
        return pl.Series(values).gather(stream.integers(0, len(values), enterprises))

    def amounts(middle: float, spread: float) -> pl.Series:
        figures = np.maximum(stream.lognormal(np.log(middle), spread, enterprises).round(4), 0.001)
        return pl.Series(np.where(stream.random(enterprises) < 0.02, np.nan, figures), nan_to_null=True)

    def seldom(share: float) -> pl.Series:
        return pl.Series(stream.random(enterprises) < share)

    division = pl.Series(stream.integers(6, 51, enterprises)).cast(pl.String).str.zfill(2)
    number = pl.int_range(enterprises, eager=True).cast(pl.String)
    kinds = (f"incidents_{kind}" for kind in ("safety", "environment", "energy", "phaseout"))
    frame = pl.DataFrame(
        {
            "uscc": "91370303M" + number.str.zfill(9),
            "name": "测速企业" + number,
            "industry": division + pl.Series(stream.integers(10, 19, enterprises)).cast(pl.String),
            "industry_division": division,
            "town": chosen(*(f"第{i}镇" for i in range(20))),
            "scale": chosen(*["规上"] * 49, "规下"),
            "chain": chosen("新材料", "装备制造", "医药", ""),
            "utility": seldom(0.01),
            "newly_above_scale": seldom(0.05),
            "under_construction": seldom(0.02),
            "months_since_commissioned": pl.Series(stream.integers(0, 400, enterprises)),
            "land": amounts(30, 0.9),
            "revenue": amounts(9000, 1.3),
            "value_added": amounts(1800, 1.3),
            "tax": amounts(350, 1.4),
            "rd_expense": amounts(200, 1.3),
            "employees": amounts(90, 1.0),
            "emissions": amounts(3, 1.2),
            "energy": amounts(1200, 1.4),
            "tech_level": chosen("高", "中", "低"),
            "willingness": chosen("强", "中", "弱"),
            "open_incidents": seldom(0.02).cast(pl.Int64),
            **dict.fromkeys(kinds, 0),
            "d_streak_before": pl.Series(stream.integers(0, 12, enterprises)),
        }
    )
    PROFILE.conform(frame).write_parquet(path)


def ours(profile: Path, folder: Path, robustness: str) -> None:
    """The child that measures this project: results as Parquet, seconds in a file."""
    import polars as pl

    from efficiency.evaluation.evaluate import evaluate
    from efficiency.evaluation.lists import select
    from efficiency.policy.load import parse_policy

    policy = parse_policy(POLICY.read_text(encoding="utf-8").replace("draws = 0", robustness))
    frame = pl.read_parquet(profile)
    began, worked = time.perf_counter(), time.process_time()
    evaluation = evaluate(frame, policy)
    lists = select(evaluation, policy)
    (folder / "seconds").write_text(f"{time.perf_counter() - began} {time.process_time() - worked}")
    for name, table in zip(TABLES, (evaluation.scores, evaluation.indicators, lists), strict=True):
        table.select(COMPARED[name]).write_parquet(folder / f"{name}.parquet")


def plain(profile: Path, folder: Path) -> None:
    """The child that measures pandas."""
    import pandas as pd

    from benchmarks.scoring_pandas import evaluate

    frame = pd.read_parquet(profile)
    began, worked = time.perf_counter(), time.process_time()
    results = evaluate(frame, POLICY)
    (folder / "seconds").write_text(f"{time.perf_counter() - began} {time.process_time() - worked}")
    for name, table in zip(TABLES, results, strict=True):
        table[list(COMPARED[name])].to_parquet(folder / f"{name}.parquet", index=False)


def differences(left: Path, right: Path) -> list[str]:
    """What is not the same in the two folders of results; numbers may differ by 1e-6 of their size."""
    import polars as pl

    found = []
    for name, columns in COMPARED.items():
        keys = [key for key in ("uscc", "indicator") if key in columns]
        one, other = (pl.read_parquet(folder / f"{name}.parquet") for folder in (left, right))
        both = one.join(other, on=keys, how="full", suffix="_plain", coalesce=True, validate="1:1")
        if both.height != one.height or both.height != other.height:
            found.append(f"{name}: {one.height} rows against {other.height}")
        for column in columns:
            if column in keys:
                continue
            a, b = pl.col(column), pl.col(f"{column}_plain")
            same = a.eq_missing(b)
            if one.schema[column].is_numeric():
                close = (a - b.cast(pl.Float64)).abs() <= 1e-6 * pl.max_horizontal(a.abs(), 1.0)
                same = (close | (a.is_null() & b.cast(pl.Float64).fill_nan(None).is_null())).fill_null(value=False)
            if unlike := both.filter(~same).height:
                found.append(f"{name}.{column}: {unlike} of {both.height}")
    return found


def child(kind: str, profile: Path, folder: Path, robustness: str = "draws = 0") -> tuple[Run, float]:
    """Seconds of scoring and peak memory of a cold process, and its processor seconds."""
    folder.mkdir(exist_ok=True)
    command = python("scoring.py", "--child", kind, profile, folder, robustness)
    run = measure(command, folder / "log")
    seconds, worked = map(float, (folder / "seconds").read_text().split())
    return replace(run, seconds=seconds), worked


def scoring(profile: Path, folder: Path, enterprises: int, rounds: int) -> Iterator[str]:
    """The lines of the table; raises SystemExit when the results differ."""
    worked: dict[str, list[float]] = {"efficiency": [], "plain pandas": []}

    def work(kind: str) -> Run:
        run, processor = child(kind, profile, folder / kind)
        worked[kind].append(processor)
        return run

    runs = in_turns({kind: partial(work, kind) for kind in worked}, rounds)
    if unlike := differences(folder / "efficiency", folder / "plain pandas"):
        raise SystemExit("The results differ:\n" + "\n".join(unlike))
    yield line(f"scores, tiers, lists of {enterprises:,} × 6", runs["plain pandas"], runs["efficiency"])
    ours, theirs = (Run(median(worked[kind]), runs[kind].peak_mib) for kind in worked)
    yield line("  the same in processor seconds", theirs, ours)


def drawing(profile: Path, folder: Path, enterprises: int, draws: int) -> Iterator[str]:
    """How much longer each kind of draws takes than none."""
    without, worked = child("efficiency", profile, folder / "ours")
    for name, more in DRAWN.items():
        run, processor = child("efficiency", profile, folder / "ours", f"draws = {draws}\n{more}")
        yield line(
            f"{draws} draws of {name}, {enterprises:,}", None, replace(run, seconds=run.seconds - without.seconds)
        )
        yield line("  the same in processor seconds", None, replace(run, seconds=processor - worked))


def main() -> int:
    """Command line; 1 when the results differ."""
    parser = argparse.ArgumentParser(description="Scoring of one period: this project against vectorised pandas.")
    parser.add_argument("--enterprises", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--draws", type=int, default=0, help="measure this many confidence draws instead")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        kind, profile, folder, robustness = arguments.child
        if kind == "efficiency":
            ours(Path(profile), Path(folder), robustness)
        else:
            plain(Path(profile), Path(folder))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile = folder / "profile.parquet"
        write_profile(profile, arguments.enterprises)
        print(HEADER)
        if arguments.draws:
            lines = drawing(profile, folder, arguments.enterprises, arguments.draws)
        else:
            lines = scoring(profile, folder, arguments.enterprises, arguments.rounds)
        for text in lines:
            print(text, flush=True)
    print(footer(1 if arguments.draws else arguments.rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
