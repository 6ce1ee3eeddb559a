"""`efficiency objection`: what a correction that is asked for would change, before anybody accepts it."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_period, take_warehouse
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "objection",
        run,
        say("what a correction would change for the enterprise and for all others; publishes nothing"),
        "efficiency objection 申诉更正.xlsx --period 2026-10 --output output",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help=say("workbook of the form 申诉更正, approved or not"))
    take_period(parser)
    parser.add_argument("--policy", metavar="ID", help=say("which policy, where a period was judged under several"))
    take_warehouse(parser)
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=say("also write the workbook 申诉试算_P.xlsx below DIR (without this nothing is written)"),
    )
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Try the corrections and print what they would change."""
    from efficiency.reports.comparison import objection_as_dict, objection_as_text, objection_file_name, write_objection
    from efficiency.reports.delivery import reports_folder
    from efficiency.review.objections import objection

    trial = objection(options.file, options.period, options.warehouse, options.policy)
    workbook = None
    if options.output:
        folder = reports_folder(options.output, options.period, trial.policy.id)
        workbook = folder / objection_file_name(options.period)
        write_objection(workbook, trial, datetime.now(UTC))
    if options.json:
        print_json({**objection_as_dict(trial), "workbook": str(workbook) if workbook else None})
        return 0
    print(objection_as_text(trial))
    if workbook:
        print(f"\n{shown(say('Workbook: {path}', path=workbook))}")
    return 0
