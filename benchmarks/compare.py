"""The whole month on the sample inbox, ours against the plain pandas script: the same results first, then time.

    python benchmarks/compare.py --rounds 3

Two tasks: everything is new, and only the newest month is. Nothing is shown unless both come to the same score (to
1e-6), tiers and list for each enterprise. Then what bounds us: the floor (`floor.py`), and the time until the first
file is opened (`startup.py`); with --flow also the month as a Prefect flow, with an embedded server and with one that
is up already.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import duckdb
import polars as pl

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from benchmarks.measure import HEADER, ROOT, Run, efficiency_run, footer, in_turns, line, measure, python

COLUMNS = ("score", "tier", "land_tier", "energy_tier", "list")
NEWEST = re.compile(r"10月")
"""In the names of the files that the sample's last month brings; year-books that go on are the same bytes."""


def our_results(warehouse: Path, period: str) -> pl.DataFrame:
    """Uscc, name, COLUMNS of the published evaluation."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found: pl.DataFrame = connection.sql(
            """
            SELECT s.uscc, s.name, s.score, s.tier, s.land_tier, s.energy_tier, c.list
            FROM results.scores s
            JOIN results.evaluations e USING (evaluation_id)
            LEFT JOIN results.candidates c USING (evaluation_id, uscc)
            WHERE e.current AND e.period = $period
            ORDER BY s.uscc
            """,
            params={"period": period},
        ).pl()
    return found


def plain_results(folder: Path) -> pl.DataFrame:
    """Uscc, COLUMNS as the plain script wrote them."""
    text = dict.fromkeys(("uscc", "tier", "land_tier", "energy_tier", "industry"), pl.String)
    scores = pl.read_csv(
        folder / "scores.csv", schema_overrides={**text, "score": pl.Float64}, infer_schema_length=None
    )
    lists = pl.read_csv(folder / "candidates.csv").select("uscc", "list")
    return scores.join(lists, on="uscc", how="left", validate="1:1").select("uscc", *COLUMNS)


def differences(left: pl.DataFrame, right: pl.DataFrame) -> pl.DataFrame:
    """Enterprises on which the two do not agree: uscc, name, what, ours, plain."""
    both = left.join(right, on="uscc", how="full", coalesce=True, suffix="_plain", validate="1:1")
    found = []
    for column in COLUMNS:
        a, b = pl.col(column), pl.col(f"{column}_plain")
        # Rounded at the sixth decimal by both: one unit there is the same score.
        same = ((a - b).abs() <= 1e-6) | (a.is_null() & b.is_null()) if column == "score" else a.eq_missing(b)
        found.append(
            both.filter(~same.fill_null(value=False)).select(
                "uscc",
                "name",
                pl.lit(column).alias("what"),
                a.cast(pl.String).alias("ours"),
                b.cast(pl.String).alias("plain"),
            )
        )
    return pl.concat(found)


class UnlikeError(Exception):
    """The two do not come to the same results."""


def require_same(warehouse: Path, plain: Path, period: str) -> int:
    """How many enterprises both judge alike. Raises UnlikeError with the differences."""
    results = our_results(warehouse, period)
    unlike = differences(results, plain_results(plain))
    if unlike.is_empty():
        return results.height
    with pl.Config(tbl_rows=40, fmt_str_lengths=30):
        raise UnlikeError(f"The results differ in {unlike.height} places:\n{unlike}")


def cold(inbox: Path, period: str, folder: Path, *more: str) -> Callable[[], Run]:
    """A run of ours with everything new; `more` is added to the command."""

    def run() -> Run:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return measure(efficiency_run(inbox, period, folder, *more), folder.with_suffix(".log"))

    return run


def repeated(inbox: Path, period: str, before: str, folder: Path) -> Callable[[], Run]:
    """A run of ours that finds in its warehouse all but the newest month's files."""
    earlier, known = folder.with_name("earlier"), folder.with_name("known")
    shutil.copytree(inbox, earlier, ignore=lambda _, names: [name for name in names if NEWEST.search(name)])
    known.mkdir()
    measure(efficiency_run(earlier, before, known), folder.with_suffix(".log"))

    def run() -> Run:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy2(known / "efficiency.duckdb", folder)
        return measure(efficiency_run(inbox, period, folder), folder.with_suffix(".log"))

    return run


def as_flow(inbox: Path, period: str, folder: Path, *, server_is_up: bool) -> Callable[[], Run]:
    """The month as a Prefect flow run, with a server of its own or with one that has been started before."""
    from efficiency.serving.server import server

    run = cold(inbox, period, folder, "--prefect")

    def with_server() -> Run:
        os.environ.setdefault("PREFECT_HOME", str(folder.with_name("prefect")))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        with server(port):
            return run()

    return with_server if server_is_up else run


def main() -> int:
    """Command line; 1 when the results differ."""
    parser = argparse.ArgumentParser(description="The month's work: this project against a plain pandas script.")
    parser.add_argument("--inbox", type=Path, default=ROOT / "sample_data/inbox")
    parser.add_argument("--period", default="2026-10")
    parser.add_argument("--before", default="2026-09", help="the month that the repeated run finds published")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flow", action="store_true", help="also the month as a Prefect flow")
    arguments = parser.parse_args()
    inbox, period = arguments.inbox.resolve(), arguments.period
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = folder / "log"
        works: dict[str, Callable[[], Run]] = {
            "plain": lambda: measure(
                python("plain_pandas.py", "--inbox", inbox, "--period", period, "--output", folder / "plain"), log
            ),
            "all": cold(inbox, period, folder / "all"),
            "newest": repeated(inbox, period, arguments.before, folder / "newest"),
            "floor": lambda: measure(python("floor.py", "--inbox", inbox, "--output", folder / "floor.duckdb"), log),
            "opened": lambda: measure(python("startup.py", "--inbox", inbox, "--period", period), log),
            "help": lambda: measure([sys.executable, "-m", "efficiency", "--help"], log),
        }
        if arguments.flow:
            works["flow"] = as_flow(inbox, period, folder / "flow", server_is_up=False)
            works["flow, server up"] = as_flow(inbox, period, folder / "flow", server_is_up=True)
        for one in ("plain", "all", "newest"):  # warms the disk, and shows that what is timed is the same work
            works[one]()
        try:
            count = min(
                require_same(folder / f"{ours}/efficiency.duckdb", folder / "plain", period)
                for ours in ("all", "newest")
            )
        except UnlikeError as error:
            print(error)
            return 1
        took = in_turns(works, arguments.rounds)
    print(HEADER)
    print(line("sample inbox, everything new", took["plain"], took["all"], ">= 3"))
    print(line("sample inbox, only the newest month new", took["plain"], took["newest"], ">= 6"))
    print(line("the same over the floor (read, add up, insert)", took["floor"], took["all"]))
    print(line("until the first file is opened", None, took["opened"], "<= 1.7 s"))
    print(line("efficiency --help", None, took["help"], "<= 0.3 s"))
    if arguments.flow:
        for name, reach in (("flow", "<= 15 s"), ("flow, server up", "<= 5 s")):
            over = took[name].seconds - took["all"].seconds
            print(line(f"as a Prefect {name}: {over:.1f} s over the plain run", None, took[name], reach))
    print(f"{count} enterprises with equal score, tiers and list; {footer(arguments.rounds)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
