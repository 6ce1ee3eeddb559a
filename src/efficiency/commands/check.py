"""`efficiency check`: dry run of intake alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import (
    Commands,
    command,
    print_json,
    take_json,
    take_language,
    take_mapping,
    take_strict,
)
from efficiency.defaults import DEFAULT_WAREHOUSE


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "check",
        run,
        "dry run of intake alone: problems, and the workbooks to give back",
        "efficiency check 统计局/2026年10月.xlsx --output returns",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_DIR", help="workbooks or folders of them")
    parser.add_argument(
        "--warehouse",
        type=Path,
        metavar="FILE",
        help="judge the files against the register and the earlier months of this DuckDB file, which stays as it is "
        f"(default {DEFAULT_WAREHOUSE}, where it is there)",
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="write the marked workbooks to this folder")
    take_language(parser, "what is printed besides the problems, which are in the submitters' language")
    take_strict(parser, "exit status 3 when there are error-level problems")
    take_mapping(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Read the files and print what was found."""
    from efficiency.errors import StrictError
    from efficiency.project import settings_are_stated
    from efficiency.project.settings import read_settings
    from efficiency.review.check import check_paths, checked_as_json, checked_lines

    warehouse = options.warehouse
    if warehouse is None:
        own = read_settings().warehouse if settings_are_stated() else DEFAULT_WAREHOUSE
        warehouse = own if own.is_file() else None
    checked = check_paths(options.paths, options.output, options.mapping, warehouse)
    if options.json:
        print_json(checked_as_json(checked))
    else:
        print("\n".join(checked_lines(checked, options.language)))
    return StrictError.exit_status if options.strict and checked.errors else 0
