"""`efficiency compare`: the same facts under two policies."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_period, take_warehouse
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "compare",
        run,
        say("who changes tier or list under another policy; publishes nothing"),
        "efficiency compare --period 2026-10 --policy zibo-jkq --policy our-policy.toml --output output",
    )
    take_period(parser)
    parser.add_argument(
        "--policy",
        action="append",
        required=True,
        metavar="ID_OR_FILE",
        help=say("built-in policy or a TOML file; give it exactly twice, from and to"),
    )
    take_warehouse(parser)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=say("also write the workbook 办法比较_P.xlsx below DIR (without this nothing is written)"),
    )
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print which enterprises change tier or list under the other policy."""
    from efficiency.errors import UsageError

    if len(options.policy) != 2:
        raise UsageError(
            say(
                "compare takes exactly two policies and was given {number}. Name both, for example: --policy "
                "zibo-jkq --policy our-policy.toml",
                number=len(options.policy),
            )
        )
    from efficiency.reports.comparison import comparison_as_dict, comparison_as_text
    from efficiency.review.compare import compare_policies

    first, second = options.policy
    compared = compare_policies(options.period, (first, second), options.warehouse, options.output)
    if options.json:
        document = comparison_as_dict(compared.comparison, compared.period)
        print_json({**document, "workbook": str(compared.workbook) if compared.workbook else None})
        return 0
    print(comparison_as_text(compared.comparison, compared.period))
    if compared.workbook:
        print(f"\n{shown(say('Workbook: {path}', path=compared.workbook))}")
    return 0
