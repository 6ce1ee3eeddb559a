"""`efficiency audit`: computes everything again and compares."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "audit",
        run,
        say("verify that the results follow from the inputs by computing them again; status 1 when anything differs"),
        "efficiency audit --warehouse warehouse/efficiency.duckdb",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--evaluation",
        action="append",
        default=[],
        metavar="ID",
        help=say("only this evaluation (may be repeated); without it the current evaluation of every period"),
    )
    which.add_argument("--all", action="store_true", help=say("every evaluation that was ever published"))
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print each finding; status 1 when one differs."""
    from efficiency.review.audit import audit

    found = []
    for finding in audit(options.warehouse, options.evaluation, every=options.all):
        found.append(finding)
        if not options.json:
            mark = say("CHANGED") if finding.by_program else say("ok     ") if finding.holds else say("DIFFERS")
            line = say("{mark} {subject}: {detail}", mark=mark, subject=finding.subject, detail=finding.detail)
            print(shown(line), flush=True)
    changed = sum(finding.by_program for finding in found)
    differing = sum(not finding.holds for finding in found)
    if options.json:
        findings = [
            {"subject": one.subject, "holds": one.holds, "by_program": one.by_program, "said": one.detail}
            for one in found
        ]
        print_json({"holds": not differing, "findings": findings})
    else:
        outcome = say("{number} differ", number=differing) if differing else say("all hold")
        line = say("{number} checks, {outcome}.", number=len(found), outcome=outcome)
        if changed:
            line = say(
                "{number} checks, {outcome}; {changed} were changed by the program and not by the data.",
                number=len(found),
                outcome=outcome,
                changed=changed,
            )
        print(shown(line))
    return 1 if differing else 0
