"""All that is looked at, in the order in which a run would need it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from efficiency.doctor.check import Check
from efficiency.doctor.environment import packages, printing, python
from efficiency.doctor.places import disk, inbox, lock_of, output, warehouse_file
from efficiency.doctor.stated import notices, policy_of, settings_lines
from efficiency.errors import UsageError
from efficiency.language import message_of, say
from efficiency.project.settings import Settings, read_settings
from efficiency.serving.schedule import CRON, TIMEZONE, zone
from efficiency.serving.server import API_URL, answers, no_answer
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.lock import serves

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS_OF_CRON = (5, 6)
"""Minute, hour, day, month, weekday; a sixth for seconds."""


def examine() -> Iterator[Check]:
    """Look at everything, each as soon as it is known; nothing is written that is left behind."""
    yield python()
    yield packages()
    yield printing()
    try:
        settings = read_settings()
    except UsageError as error:
        yield Check(
            "settings",
            say("settings"),
            say("cannot be used"),
            say("{error} What follows goes by the defaults.", error=error),
        )
        settings = Settings.model_construct()
    else:
        yield from settings_lines(settings)
    yield policy_of(settings)
    yield inbox(settings.inbox)
    yield from warehouse_file(settings.warehouse)
    yield lock_of(settings.warehouse)
    yield output(settings.output)
    yield from disk(settings.warehouse, settings.output)
    yield _schedule(settings)
    yield _server()
    yield notices(settings)


def _schedule(settings: Settings) -> Check:
    """When months run by themselves, and whether a process sees to it now."""
    subject = say("schedule")
    cron, timezone = settings.schedule.cron or CRON, settings.schedule.timezone or TIMEZONE
    if len(cron.split()) not in FIELDS_OF_CRON:
        remedy = say('Write minute, hour, day, month and weekday in [schedule], for example cron = "0 6 5 * *".')
        return Check("schedule", subject, say("{cron!r} is no time", cron=cron), remedy)
    try:
        zone(timezone)
        by = serves(settings.warehouse)
    except (UsageError, WarehouseError) as error:
        return Check("schedule", subject, say("{cron}, {timezone}", cron=cron, timezone=timezone), message_of(error))
    if by is None:
        return Check(
            "schedule",
            subject,
            say(
                "{cron}, {timezone}; nobody serves it now, months are run by hand (efficiency serve would)",
                cron=cron,
                timezone=timezone,
            ),
        )
    return Check("schedule", subject, say("{cron}, {timezone}; served by {by}", cron=cron, timezone=timezone, by=by))


def _server() -> Check:
    """The Prefect server that the environment names, if it names one."""
    subject, address = say("Prefect server"), os.environ.get(API_URL)
    if not address:
        return Check("server", subject, say("none is named ({variable}); a run needs none", variable=API_URL))
    if answers(address):
        return Check("server", subject, say("{address} answers", address=address))
    return Check("server", subject, say("{address} does not answer", address=address), no_answer(address))
