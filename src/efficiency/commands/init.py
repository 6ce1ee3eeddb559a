"""`efficiency init`: a new zone."""

from __future__ import annotations

import argparse
from pathlib import Path

from efficiency.commands.arguments import Commands, command


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "init",
        run,
        "a new zone: folders, efficiency.toml, blank templates, a copy of the policy under an id of its own",
        "efficiency init 我区",
        lasting=True,
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="folder of the zone; made where it is missing")
    parser.add_argument(
        "--policy", default="zibo-jkq", metavar="ID", help="built-in policy to copy (default %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Make the zone and print what to do next."""
    from efficiency.policy.load import builtin_text
    from efficiency.project.new import make_project
    from efficiency.reports.submitters import write_templates

    made = make_project(options.directory, builtin_text(options.policy))
    write_templates(made.templates)
    print(
        f"已建好 {options.directory}：\n"
        f"  {made.file}    设置，每一项都写着是做什么的\n"
        f"  {made.policy}    评价办法（编号 {made.policy_id}），由 {options.policy} 复制，先按本区的办法改\n"
        f"  {made.templates}    空白表格，发给各部门填\n"
        f"  {made.inbox}    报来的表格放在这里\n"
        f"下一步：cd {options.directory}，把表格放进 {made.inbox.name}，然后 efficiency check {made.inbox.name}"
    )
    return 0
