"""`efficiency status`: who has sent what, and what is missing."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse
from efficiency.language import say


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "status",
        run,
        say(
            "who has sent what: months by forms and towns, what is missing, refused, late; the last "
            "evaluation; who runs"
        ),
        "efficiency status --period 2026-10",
    )
    parser.add_argument("--period", metavar="P", help=say("month as YYYY-MM (default: that of the latest evaluation)"))
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print what came and what did not."""
    from datetime import datetime

    from efficiency.review.status import status, status_as_json

    found = status(options.warehouse, datetime.now().astimezone().date(), options.period)
    if options.json:
        print_json(status_as_json(found))
        return 0
    from efficiency.review.status_tables import print_status

    print_status(found)
    return 0
