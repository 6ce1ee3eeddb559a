"""What commands share: how one is declared, options that several take, and printing for `--json`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

from efficiency.defaults import DEFAULT_INBOX, DEFAULT_OUTPUT, DEFAULT_POLICY, DEFAULT_WAREHOUSE, DEFAULTS
from efficiency.errors import EfficiencyError
from efficiency.language import Language, say, shown, spoken
from efficiency.periods import as_period
from efficiency.project import settings_are_stated

Commands = argparse._SubParsersAction  # argparse has no public name for this type


def command(
    commands: Commands[argparse.ArgumentParser],
    name: str,
    function: Callable[[argparse.Namespace], int],
    summary: str,
    example: str,
    *,
    lasting: bool = False,
) -> argparse.ArgumentParser:
    """Add the parser of one command and return it; `function` takes the parsed options and returns the exit status.

    `lasting` says that the command does something that stays done, whether or not its output can be written.
    """
    parser = commands.add_parser(
        name, help=summary, description=_sentence(summary), epilog=say("Example: {example}", example=example)
    )
    take_language(parser)
    parser.add_argument("--debug", action="store_true", help=say("show the traceback of a failure"))
    parser.add_argument("--verbose", action="store_true", help=say("log each step on stderr"))
    parser.set_defaults(run=function, lasting=lasting, of_project=())
    return parser


def take_language(parser: argparse.ArgumentParser) -> None:
    """Add `--language`, which `parser.chosen_language` has looked at before."""
    parser.add_argument(
        "--language",
        choices=get_args(Language),
        help=say("language of what is printed (default: as the project file says, else that of the system)"),
    )


def _sentence(summary: str) -> str:
    """The summary of a command as the description in its own help."""
    text = shown(summary)
    return f"{text}。" if spoken() == "zh" else f"{text[0].upper()}{text[1:]}."


def from_project(parser: argparse.ArgumentParser, *names: str) -> None:
    """Give the options `names`, where they are not given, the values that the project has under the same names."""
    parser.set_defaults(of_project=(*parser.get_default("of_project"), *names))


def fill_in(options: argparse.Namespace) -> None:
    """Give each option of the project that was not given its value: variable, project file, else the default."""
    missing = [name for name in options.of_project if getattr(options, name) is None]
    if not missing:
        return
    settings: dict[str, object] = DEFAULTS
    if settings_are_stated():
        from efficiency.project.settings import read_settings

        settings = dict(read_settings())
    for name in missing:
        setattr(options, name, settings[name])


def policy_of_project() -> str | None:
    """The id of the policy that a project or a variable names; None without them, or where it cannot be used."""
    if not settings_are_stated():
        return None
    from efficiency.policy.load import load_policy
    from efficiency.project.settings import read_settings

    policy = read_settings().policy
    try:
        return load_policy(policy).id
    except EfficiencyError:  # a run says what is wrong with it; what is published can be looked at all the same
        return None


def take_inbox(parser: argparse.ArgumentParser) -> None:
    """Add `--inbox`, by default that of the project."""
    parser.add_argument(
        "--inbox",
        type=Path,
        metavar="DIR",
        help=say("folder with the submitted spreadsheets (default {default_inbox})", default_inbox=DEFAULT_INBOX),
    )
    from_project(parser, "inbox")


def take_strict(parser: argparse.ArgumentParser, help_: str) -> None:
    """Add `--strict`, by default as the project says."""
    parser.add_argument("--strict", action="store_true", default=None, help=help_)
    from_project(parser, "strict")


def take_by(parser: argparse.ArgumentParser) -> None:
    """Add `--by`, by default as the project says."""
    parser.add_argument(
        "--by",
        choices=("town",),
        help=say("also a copy of the lists for each town, with its own enterprises only, in the folder 分镇办"),
    )
    from_project(parser, "by")


def take_period(parser: argparse.ArgumentParser) -> None:
    """Add `--period`, one month."""
    parser.add_argument("--period", type=as_period, required=True, metavar="P", help=say("month as YYYY-MM"))


def take_periods(parser: argparse.ArgumentParser) -> None:
    """Add `--period`, one month or a range."""
    parser.add_argument(
        "--period",
        type=as_period,
        required=True,
        metavar="P",
        help=say("month as YYYY-MM, e.g. 2026-10; a range 2025-11..2026-10 takes each month in turn"),
    )


def take_policy(parser: argparse.ArgumentParser) -> None:
    """Add `--policy`, by default the built-in one."""
    parser.add_argument(
        "--policy",
        metavar="ID_OR_FILE",
        help=say("built-in policy or a TOML file (default {default_policy})", default_policy=DEFAULT_POLICY),
    )
    from_project(parser, "policy")


def take_warehouse(parser: argparse.ArgumentParser) -> None:
    """Add `--warehouse`."""
    parser.add_argument(
        "--warehouse",
        type=Path,
        metavar="FILE",
        help=say("DuckDB file (default {default_warehouse})", default_warehouse=DEFAULT_WAREHOUSE),
    )
    from_project(parser, "warehouse")


def take_output(parser: argparse.ArgumentParser) -> None:
    """Add `--output`, with its default folder."""
    parser.add_argument(
        "--output",
        type=Path,
        metavar="DIR",
        help=say("folder for the workbooks (default {default_output})", default_output=DEFAULT_OUTPUT),
    )
    from_project(parser, "output")


def take_mapping(parser: argparse.ArgumentParser) -> None:
    """Add `--mapping`."""
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help=say("TOML file that tells the layout of sheets whose headers are not recognised; `check` drafts one"),
    )
    from_project(parser, "mapping")


def take_json(parser: argparse.ArgumentParser) -> None:
    """Add `--json`."""
    parser.add_argument(
        "--json", action="store_true", help=say("print one JSON object on stdout and nothing else there")
    )


def take_variants(parser: argparse.ArgumentParser) -> None:
    """The option `--variants`."""
    parser.add_argument(
        "--variants",
        choices=("none", "lists", "all"),
        default="all",
        help=say(
            "whose results under the policy's method variants are kept: everybody's (the default), those of "
            "enterprises on lists, or none, and then the variants are not evaluated"
        ),
    )


def print_json(document: dict[str, Any]) -> None:
    """Print the one JSON object that `--json` promises."""
    text = json.dumps(document, ensure_ascii=False, indent=2)
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:  # an output without Chinese; what replaces it must be JSON too
        text = json.dumps(document, indent=2)
    print(text)


def take_dask(parser: argparse.ArgumentParser) -> None:
    """Add `--dask`, the cluster that reads the files."""
    parser.add_argument(
        "--dask",
        metavar="ADDRESS",
        help=say(
            "the Prefect flow, its files read by the Dask cluster whose scheduler is named (tcp://host:8786; "
            "local: a cluster of this machine's cores)"
        ),
    )
