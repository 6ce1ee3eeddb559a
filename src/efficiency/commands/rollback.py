"""`efficiency rollback`: back to a warehouse that was published before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse

if TYPE_CHECKING:
    from efficiency.warehouse.versions import Version


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "rollback",
        run,
        "publish an earlier warehouse again; the one it replaces is kept as a version",
        "efficiency rollback --list",
        lasting=True,
    )
    parser.add_argument(
        "version",
        nargs="?",
        metavar="VERSION",
        help="number or part of the name as --list shows them, or the path of a copy kept elsewhere; "
        "without it the newest version",
    )
    parser.add_argument("--list", action="store_true", help="show the versions, newest first, and change nothing")
    take_warehouse(parser)
    take_json(parser)


def run(options: argparse.Namespace) -> int:
    """Publish an earlier warehouse again, or list the versions."""
    from efficiency.review.rollback import rollback, versions

    if options.list:
        found = versions(options.warehouse)
        if options.json:
            print_json({"versions": [_as_dict(version) for version in found]})
        elif not found:
            print(f"{options.warehouse} has no earlier versions yet: each run keeps the file it replaces.")
        for number, version in enumerate([] if options.json else found, start=1):
            print(f"{number:>3}  {_summary(version)}\n     {version.path.name}")
        return 0
    done = rollback(options.warehouse, options.version)
    if options.json:
        print_json({"now": _as_dict(done.now), "before": _as_dict(done.before) if done.before else None})
        return 0
    print(f"Published again: {_summary(done.now)}")
    if done.before:
        print(f"Kept as a version: {_summary(done.before)}. To undo this: efficiency rollback {done.before.path.stem}")
    print(
        "The workbooks in the output folder are as they were: `efficiency reissue EVALUATION_ID --output DIR` writes "
        "those of an evaluation."
    )
    return 0


def _summary(version: Version) -> str:
    evaluations = ", ".join(version.evaluations[-3:]) or "no evaluation"
    more = f"{len(version.evaluations) - 3} more and " if len(version.evaluations) > 3 else ""
    withdrawn = f", {version.withdrawn} sheets withdrawn" if version.withdrawn else ""
    return (
        f"{version.published:%Y-%m-%d %H:%M:%S} UTC, {version.size / 1e6:.1f} MB, run {version.run_id or 'unknown'}: "
        f"{more}{evaluations}{withdrawn}"
    )


def _as_dict(version: Version) -> dict[str, Any]:
    return {
        "path": str(version.path),
        "published": version.published.isoformat(),
        "bytes": version.size,
        "run_id": version.run_id,
        "evaluations": list(version.evaluations),
        "withdrawn": version.withdrawn,
    }
