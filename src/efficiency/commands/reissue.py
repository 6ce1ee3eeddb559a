"""`efficiency reissue`: a published evaluation's documents again, as they were."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "reissue",
        run,
        say(
            "write the workbook, the notice and the page of a published evaluation again, whatever was corrected since"
        ),
        "efficiency reissue 2026-10-zibo-jkq-1a2b3c4d --output reissued",
        lasting=True,
    )
    parser.add_argument(
        "evaluation", metavar="EVALUATION_ID", help=say("as the workbook's 方法说明 states it, or its beginning")
    )
    parser.add_argument(
        "--output",
        type=Path,
        required=True,
        metavar="DIR",
        help=say(
            "folder for the documents; DIR/<period> must be empty, so that those of the monthly runs are not replaced"
        ),
    )
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Write the evaluation's documents again and print their paths."""
    from efficiency.review.reissue import reissue

    done = reissue(options.evaluation, options.warehouse, options.output)
    if options.json:
        print_json(
            {
                "evaluation_id": done.evaluation_id,
                "period": done.period,
                "made_by": done.made_by,
                "issued_by": done.issued_by,
                "paths": {"files": [str(path) for path in done.files]},
            }
        )
        return 0
    lines = [
        say(
            "Issued again: {evaluation_id}. Its inputs give the digest they gave then.",
            evaluation_id=done.evaluation_id,
        )
    ]
    if done.made_by != done.issued_by:
        lines.append(
            say(
                "It was made by version {made_by} and is laid out by {issued_by}: figures are those of then.",
                made_by=done.made_by,
                issued_by=done.issued_by,
            )
        )
    lines += [say("File: {path}", path=path) for path in done.files]
    print("\n".join(map(shown, lines)))
    return 0
