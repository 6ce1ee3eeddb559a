"""`efficiency check`: dry run of intake alone."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import (
    Commands,
    command,
    print_json,
    take_json,
    take_mapping,
    take_strict,
)
from efficiency.defaults import DEFAULT_WAREHOUSE
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "check",
        run,
        say("dry run of intake alone: problems, and the workbooks to give back"),
        "efficiency check 统计局/2026年10月.xlsx --output returns",
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="FILE_OR_DIR", help=say("workbooks or folders of them"))
    parser.add_argument(
        "--warehouse",
        type=Path,
        metavar="FILE",
        help=say(
            "judge the files against the register and the earlier months of this DuckDB file, which stays as "
            "it is (default {default_warehouse}, where it is there)",
            default_warehouse=DEFAULT_WAREHOUSE,
        ),
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help=say("write the marked workbooks to this folder"))
    take_strict(parser, say("exit status 3 when there are error-level problems"))
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
        print("\n".join(map(shown, checked_lines(checked))))
    return StrictError.exit_status if options.strict and checked.errors else 0
