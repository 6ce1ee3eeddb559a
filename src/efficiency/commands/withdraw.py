"""`efficiency withdraw`: a file that was sent by mistake counts no more."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "withdraw",
        run,
        say("what was sent by mistake counts no more from the next run on; recorded with who, when and why"),
        'efficiency withdraw 统计局/2026年10月产出.xlsx --reason "误报，应为九月数据"',
        lasting=True,
    )
    parser.add_argument(
        "what",
        metavar="FILE_OR_SUBMISSION",
        help=say(
            "path of the file below the inbox: all versions of it so far; or the submission_id of one sheet: "
            "the version before it counts again"
        ),
    )
    parser.add_argument("--reason", metavar="TEXT", help=say("why; needed to withdraw, kept with it"))
    parser.add_argument("--undo", action="store_true", help=say("let it count again"))
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Withdraw the file or sheet, or undo that."""
    from efficiency.review.withdrawals import withdraw, withdrawn_lines

    done = withdraw(options.what, options.reason, options.warehouse, undo=options.undo)
    if options.json:
        print_json(
            {"file_name": done.file_name, "submissions": list(done.sheets), "undone": done.undone,
             "other_names": list(done.also), "warehouse": str(options.warehouse)}
        )  # fmt: skip
    else:
        print("\n".join(map(shown, withdrawn_lines(done))))
    return 0
