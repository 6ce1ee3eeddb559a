"""`efficiency policies`: list the built-in policies, or print one."""

from __future__ import annotations

import argparse

from efficiency.commands.arguments import Commands, command
from efficiency.language import say


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "policies",
        run,
        say("list the built-in policies, or print one to copy and edit"),
        "efficiency policies show zibo-jkq > our-policy.toml",
    )
    parser.add_argument("action", nargs="?", choices=["show"], help=say("print the policy's commented TOML file"))
    parser.add_argument("id", nargs="?", metavar="ID", help=say("which policy to show"))


def run(options: argparse.Namespace) -> int:
    """List the policies, or show one."""
    from efficiency.errors import UsageError
    from efficiency.policy.load import builtin_policies, builtin_text

    if options.action == "show":
        if not options.id:
            raise UsageError(say("Name the policy to show, for example: efficiency policies show zibo-jkq"))
        print(builtin_text(options.id), end="")
        return 0
    for policy_id, title in builtin_policies():
        print(f"{policy_id:<18} {title}")
    return 0
