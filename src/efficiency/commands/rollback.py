"""`efficiency rollback`: back to a warehouse that was published before."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from efficiency.commands.arguments import Commands, command, print_json, take_json, take_warehouse
from efficiency.language import say, shown

if TYPE_CHECKING:
    from efficiency.warehouse.versions import Version


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "rollback",
        run,
        say("publish an earlier warehouse again; the one it replaces is kept as a version"),
        "efficiency rollback --list",
        lasting=True,
    )
    parser.add_argument(
        "version",
        nargs="?",
        metavar="VERSION",
        help=say(
            "number or part of the name as --list shows them, or the path of a copy kept elsewhere; without it "
            "the newest version"
        ),
    )
    parser.add_argument("--list", action="store_true", help=say("show the versions, newest first, and change nothing"))
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
            line = say(
                "{warehouse} has no earlier versions yet: each run keeps the file it replaces.",
                warehouse=options.warehouse,
            )
            print(shown(line))
        for number, version in enumerate([] if options.json else found, start=1):
            print(f"{number:>3}  {shown(_summary(version))}\n     {version.path.name}")
        return 0
    done = rollback(options.warehouse, options.version)
    if options.json:
        print_json({"now": _as_dict(done.now), "before": _as_dict(done.before) if done.before else None})
        return 0
    lines = [say("Published again: {version}", version=_summary(done.now))]
    if done.before:
        lines.append(
            say(
                "Kept as a version: {version}. To undo this: efficiency rollback {name}",
                version=_summary(done.before),
                name=done.before.path.stem,
            )
        )
    lines.append(
        say(
            "The workbooks in the output folder are as they were: `efficiency reissue EVALUATION_ID --output DIR` "
            "writes those of an evaluation."
        )
    )
    print("\n".join(map(shown, lines)))
    return 0


def _summary(version: Version) -> str:
    number = len(version.evaluations)
    more = say("{number} more and ", number=number - 3) if number > 3 else ""
    withdrawn = say(", {number} sheets withdrawn", number=version.withdrawn) if version.withdrawn else ""
    return say(
        "{published} UTC, {size} MB, run {run_id}: {more}{evaluations}{withdrawn}",
        published=f"{version.published:%Y-%m-%d %H:%M:%S}",
        size=f"{version.size / 1e6:.1f}",
        run_id=version.run_id or say("unknown"),
        more=more,
        evaluations=version.evaluations[-3:] or say("no evaluation"),
        withdrawn=withdrawn,
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
