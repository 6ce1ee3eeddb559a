"""The `efficiency` command: runs the command that is asked for and prints a failure in one or two plain lines."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from efficiency import __version__
from efficiency.commands import (
    audit,
    check,
    checkup,
    compare,
    completion,
    doctor,
    explain,
    export,
    init,
    next_step,
    objection,
    policies,
    reissue,
    rollback,
    run,
    serve,
    status,
    template,
    withdraw,
)
from efficiency.commands.arguments import fill_in, take_language
from efficiency.commands.parser import Parser
from efficiency.errors import EfficiencyError, ending
from efficiency.interpreter import current_folder
from efficiency.language import say, shown, speaking, words_of_argparse
from efficiency.processes import keep_private
from efficiency.project import chosen_language
from efficiency.streams import output_error
from efficiency.system import address_space

COMMANDS = (
    init,
    run,
    serve,
    check,
    status,
    explain,
    export,
    compare,
    checkup,
    template,
    policies,
    objection,
    withdraw,
    reissue,
    rollback,
    audit,
    completion,
    doctor,
)
"""In the order of `efficiency --help`."""
PROJECT_WIDE = ("inbox", "warehouse", "output", "policy")
"""What `efficiency` alone takes from the project."""
ADDRESS_SPACE = 3 << 30
"""Bytes of address space that a command needs: polars and DuckDB reserve more than they use, and a native library that
is refused any ends the process without a word (a small month fails at 2.5 GB and is whole at 3.0 GB)."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 1 failure, 2 wrong usage, 3 problems with --strict."""
    given = sys.argv[1:] if arguments is None else arguments
    language = chosen_language(given)
    with speaking(language):
        with words_of_argparse(language):
            options = _parser().parse_args(given)
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    """Run the command that `options` name; returns the exit status."""
    keep_private()
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    for handler in logging.getLogger().handlers if not options.debug else ():
        handler.addFilter(_without_traceback)
    try:
        _require_address_space()
        fill_in(options)
        status = options.run(options)
    except BaseException as error:
        ended = ending(error, say("run again with --debug for the traceback"), current_folder())
        if ended is None or (options.debug and not isinstance(error, KeyboardInterrupt)):
            raise
        print(f"efficiency: {shown(ended)}", file=sys.stderr)
        return ended.exit_status
    return _after_output(int(status), lasting=options.lasting)


def _require_address_space() -> None:
    """Raises EfficiencyError when a limit leaves less address space than the libraries need."""
    limit = address_space()
    if limit is not None and limit < ADDRESS_SPACE:
        raise EfficiencyError(
            say(
                "A limit leaves this process {limit} MiB of address space; it needs {address_space}. Raise the "
                "limit (`ulimit -v`, or LimitAS= of the service) or remove it, and run again. Nothing was done.",
                limit=limit >> 20,
                address_space=ADDRESS_SPACE >> 20,
            )
        )


def _without_traceback(record: logging.LogRecord) -> bool:
    """Keep every record, without its traceback, which `--debug` shows."""
    record.exc_info = record.exc_text = None
    return True


def _after_output(status: int, *, lasting: bool) -> int:
    """The exit status once the output is written: where it could not be, failure, unless what was done is `lasting`."""
    error = output_error()
    if error is None:
        return status
    if not isinstance(error, BrokenPipeError):  # whose reader has ended, as in `| head`, and knows
        lines = [say("the output could not be written: {error}.", error=error)]
        if lasting and not status:
            lines.append(say("What was asked for is done."))
        print(f"efficiency: {' '.join(map(shown, lines))}", file=sys.stderr)
    return status if lasting else status or 1


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="efficiency",
        description=say(
            "Decides how well each enterprise of a region turns land and energy into output: tiers A to D, and "
            "the candidate lists for upgrade, shutdown, merger and partnering."
        ),
        epilog=say("Example: {example}", example="efficiency run --inbox sample_data/inbox --period 2026-10"),
    )
    parser.add_argument(
        "--version", action="version", version=f"efficiency {__version__}", help=say("show the version and exit")
    )
    take_language(parser)
    parser.set_defaults(run=next_step.run, lasting=False, debug=False, verbose=False, of_project=PROJECT_WIDE)
    parser.set_defaults(**dict.fromkeys(PROJECT_WIDE))
    commands = parser.add_subparsers(title=say("commands"), metavar="COMMAND")
    for module in COMMANDS:
        module.declare(commands)
    return parser
