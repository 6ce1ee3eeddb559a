"""`efficiency serve`: the monthly job on its schedule."""

from __future__ import annotations

import argparse
import os

from efficiency.commands.arguments import (
    Commands,
    command,
    take_by,
    take_dask,
    take_inbox,
    take_mapping,
    take_output,
    take_policy,
    take_strict,
    take_variants,
    take_warehouse,
)
from efficiency.language import say
from efficiency.serving.schedule import CRON, TIMEZONE, zone


def declare(commands: Commands[argparse.ArgumentParser]) -> None:
    """Declare the command and its options."""
    parser = command(
        commands,
        "serve",
        run,
        say("register the monthly job with a Prefect server and run it on its schedule, until stopped"),
        'efficiency serve --inbox /srv/inbox --cron "0 6 5 * *"',
        lasting=True,
    )
    parser.description = say(
        "Registers the monthly job with the Prefect server that PREFECT_API_URL names, or with one of its "
        "own on this machine, and runs it on its schedule until stopped. Each run evaluates the month "
        "before its date, and the months that were missed since the last one published."
    )
    take_inbox(parser)
    take_policy(parser)
    take_warehouse(parser)
    take_output(parser)
    take_mapping(parser)
    parser.add_argument("--cron", help=say("when to run (default {cron!r})", cron=CRON))
    parser.add_argument(
        "--timezone", help=say("whose clock the schedule follows (default {timezone})", timezone=TIMEZONE)
    )
    parser.add_argument(
        "--port",
        type=int,
        default=4200,
        help=say("port of the own server, without PREFECT_API_URL (default %(default)s)"),
    )
    take_by(parser)
    take_dask(parser)
    take_strict(parser, say("publish nothing when there are error-level problems"))
    take_variants(parser)


def run(options: argparse.Namespace) -> int:
    """Check the options, then serve until stopped."""
    from efficiency.policy.load import load_policy
    from efficiency.project.settings import read_settings
    from efficiency.serving.prefect_home import enter_prefect_home, with_absolute_paths
    from efficiency.serving.server import server
    from efficiency.warehouse.lock import serving_lock

    # A mistake is reported now rather than by a run at night.
    schedule = read_settings().schedule
    cron = options.cron or schedule.cron or CRON
    timezone = options.timezone or schedule.timezone or TIMEZONE
    zone(timezone)
    load_policy(options.policy)
    if options.mapping is not None:
        from efficiency.intake.layout import load_mapping

        load_mapping(options.mapping)
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    asked = ("inbox", "policy", "warehouse", "output", "strict", "mapping", "by", "variants", "dask")
    parameters = with_absolute_paths({name: getattr(options, name) for name in asked})
    enter_prefect_home(options.inbox, keep=True)
    with serving_lock(parameters["warehouse"]), server(options.port) as address:
        from flows.serving import serve

        return serve(address, cron=cron, timezone=timezone, **parameters)
