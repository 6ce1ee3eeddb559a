"""`efficiency template`: a blank workbook for each form."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command
from efficiency.language import say


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands, "template", run, say("write a blank workbook for each form"), "efficiency template templates"
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help=say("folder to write them to"))


def run(options: argparse.Namespace) -> int:
    """Write the blank workbooks."""
    from efficiency.reports.submitters import write_templates

    for path in write_templates(options.directory):
        print(path)
    return 0
