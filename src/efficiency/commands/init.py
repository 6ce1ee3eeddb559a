"""`efficiency init`: a new zone."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command
from efficiency.language import say, shown


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "init",
        run,
        say("a new zone: folders, efficiency.toml, blank templates, a copy of the policy under an id of its own"),
        "efficiency init 我区",
        lasting=True,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help=say("folder of the zone; made where it is missing"))
    parser.add_argument(
        "--policy", default="zibo-jkq", metavar="ID", help=say("built-in policy to copy (default %(default)s)")
    )


def run(options: argparse.Namespace) -> int:
    """Make the zone and print what to do next."""
    from efficiency.policy.load import builtin_text
    from efficiency.project.new import make_project
    from efficiency.reports.submitters import write_templates

    made = make_project(options.directory, builtin_text(options.policy))
    write_templates(made.templates)
    lines = (
        say("Made {folder}:", folder=options.directory),
        say("  {file}    settings, each with what it is for", file=made.file),
        say(
            "  {file}    the policy (id {id}), a copy of {source}: make it that of your zone first",
            file=made.policy,
            id=made.policy_id,
            source=options.policy,
        ),
        say("  {folder}    blank workbooks for the departments to fill in", folder=made.templates),
        say("  {folder}    what they send is put here", folder=made.inbox),
        say(
            "Next: cd {folder}, put the workbooks into {inbox}, then efficiency check {inbox}",
            folder=options.directory,
            inbox=made.inbox.name,
        ),
    )
    print("\n".join(map(shown, lines)))
    return 0
