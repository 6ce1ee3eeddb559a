"""`efficiency status`: who has sent what, and what is missing."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command, policy_of_project, print_json, take_json, take_warehouse
from efficiency.language import say, shown
from efficiency.periods import as_period


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
    parser.add_argument(
        "--period", type=as_period, metavar="P", help=say("month as YYYY-MM (default: that of the latest evaluation)")
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=say("also write the workbook 报送情况_P.xlsx to this folder, with every enterprise that lacks something"),
    )
    parser.add_argument(
        "--policy",
        metavar="ID",
        help=say("by which policy, where a month was judged under several (default: the project's, else the latest)"),
    )
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print what came and what did not."""
    from datetime import datetime

    from efficiency.review.status import print_status, status, status_as_json, status_file_name, write_status

    now = datetime.now().astimezone()
    found = status(
        options.warehouse,
        now.date(),
        options.period,
        policy_id=options.policy,
        usual_policy=policy_of_project(),
    )
    workbook = options.output / status_file_name(found.period) if options.output else None
    if workbook:
        write_status(workbook, found, now)
    if options.json:
        print_json({**status_as_json(found), "workbook": str(workbook) if workbook else None})
        return 0
    print_status(found)
    if workbook:
        print(shown(say("Workbook: {path}", path=workbook)))
    return 0
