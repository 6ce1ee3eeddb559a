"""What commands share: how one is declared, options that several take, and printing for `--json`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from efficiency.defaults import DEFAULT_OUTPUT, DEFAULT_POLICY, DEFAULT_WAREHOUSE

Commands = argparse._SubParsersAction  # argparse has no public name for this type


def command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
    example: str,
    *,
    lasting: bool = False,
) -> argparse.ArgumentParser:
    """Add the parser of one command and return it; `function` takes the parsed options and returns the exit status.

    `lasting` says that the command does something that stays done, whether or not its output can be written.
    """
    parser = commands.add_parser(
        name, help=summary, description=summary[0].upper() + summary[1:] + ".", epilog=f"Example: {example}"
    )
    parser.add_argument("--debug", action="store_true", help="show the traceback of a failure")
    parser.add_argument("--verbose", action="store_true", help="log each step on stderr")
    parser.set_defaults(run=function, lasting=lasting)
    return parser


def take_period(parser: argparse.ArgumentParser) -> None:
    """Add `--period`, one month."""
    parser.add_argument("--period", required=True, metavar="P", help="month as YYYY-MM")


def take_periods(parser: argparse.ArgumentParser) -> None:
    """Add `--period`, one month or a range."""
    parser.add_argument(
        "--period",
        required=True,
        metavar="P",
        help="month as YYYY-MM, e.g. 2026-10; a range 2025-11..2026-10 takes each month in turn",
    )


def take_policy(parser: argparse.ArgumentParser) -> None:
    """Add `--policy`, by default the built-in one."""
    parser.add_argument(
        "--policy",
        default=DEFAULT_POLICY,
        metavar="ID_OR_FILE",
        help="built-in policy or a TOML file (default %(default)s)",
    )


def take_warehouse(parser: argparse.ArgumentParser) -> None:
    """Add `--warehouse`."""
    parser.add_argument(
        "--warehouse", type=Path, default=DEFAULT_WAREHOUSE, metavar="FILE", help="DuckDB file (default %(default)s)"
    )


def take_output(parser: argparse.ArgumentParser) -> None:
    """Add `--output`, with its default folder."""
    parser.add_argument(
        "--output",
        type=Path,
        default=DEFAULT_OUTPUT,
        metavar="DIR",
        help="folder for the workbooks (default %(default)s)",
    )


def take_mapping(parser: argparse.ArgumentParser) -> None:
    """Add `--mapping`."""
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="TOML file that tells the layout of sheets whose headers are not recognised; `check` drafts one",
    )


def take_language(parser: argparse.ArgumentParser, what: str) -> None:
    """Add `--language`, that of `what`, by default Chinese."""
    parser.add_argument("--language", choices=("zh", "en"), default="zh", help=f"language of {what} (default zh)")


def take_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout and nothing else there")


def print_json(document: dict[str, Any]) -> None:
    """Print the one JSON object that `--json` promises."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # an output without Chinese; what replaces it must be JSON too
        text = json.dumps(document, indent=2)
    print(text)


def take_dask(parser: argparse.ArgumentParser) -> None:
    """Add `--dask`, the cluster that reads the files."""
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="the Prefect flow, its files read by the Dask cluster whose scheduler is named (tcp://host:8786; "
        "local: a cluster of this machine's cores)",
    )
