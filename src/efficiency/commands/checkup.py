"""`efficiency checkup`: the fairness check-up (体检) of a published evaluation."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_output, take_warehouse
from efficiency.language import say, shown
from efficiency.periods import as_period


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "checkup",
        run,
        say(
            "what in a published evaluation to look at again: weights without effect, groups, thresholds, "
            "cuts, moved land"
        ),
        "efficiency checkup --period 2026-10",
    )
    parser.add_argument(
        "--period", type=as_period, metavar="P", help=say("month as YYYY-MM (default: the latest evaluated)")
    )
    parser.add_argument("--policy", metavar="ID", help=say("which policy, where a period was judged under several"))
    take_warehouse(parser)
    take_output(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print what was found and write it as a workbook; a finding is no error."""
    from efficiency.reports.checkup import (
        check_up_as_dict,
        check_up_as_text,
        check_up_file_name,
        sections,
        write_check_up,
    )
    from efficiency.reports.delivery import reports_folder
    from efficiency.reports.text import period_title
    from efficiency.review.checkup import check_up_published

    checked = check_up_published(options.warehouse, options.period, options.policy)
    evaluation, policy = checked.evaluation, checked.policy
    found = sections(checked.found, policy)
    folder = reports_folder(options.output, evaluation["period"], evaluation["policy_id"])
    path = folder / check_up_file_name(evaluation["period"])
    write_check_up(path, found, evaluation, policy, evaluation["created_at"])
    if options.json:
        names = ("evaluation_id", "period", "policy_id")
        print_json(
            {
                **{name: evaluation[name] for name in names},
                **check_up_as_dict(checked.found, found),
                "paths": {"files": [str(path)]},
            }
        )
        return 0
    title = f"公平性体检 {period_title(evaluation['period'])} {policy.title}"
    print(check_up_as_text(found, title))
    print(f"\n{shown(say('Workbook: {path}', path=path))}")
    return 0
