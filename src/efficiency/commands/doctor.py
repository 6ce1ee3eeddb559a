"""`efficiency doctor`: whether a run would find what it needs."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command, print_json, take_json
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "doctor",
        run,
        say("whether a run would find what it needs, what to mend, and where each setting comes from; status 1 if any"),
        "efficiency doctor",
    )
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print each thing that was looked at, with its remedy where there is one; status 1 when there is one."""
    from efficiency.doctor import examine

    checks = []
    for check in examine():
        checks.append(check)
        if options.json:
            continue
        mark = say("ok  ") if check.remedy is None else say("MEND")
        print(shown(say("{mark} {subject}: {found}", mark=mark, subject=check.subject, found=check.found)), flush=True)
        if check.remedy is not None:
            print(shown(say("     To do: {remedy}", remedy=check.remedy)), flush=True)
    wrong = sum(check.remedy is not None for check in checks)
    if options.json:
        found = [{"key": one.key, "ok": one.remedy is None, "found": one.found, "remedy": one.remedy} for one in checks]
        print_json({"ok": not wrong, "checks": found})
    else:
        print(shown(say("{number} things to mend.", number=wrong) if wrong else say("All is ready for a run.")))
    return 1 if wrong else 0
