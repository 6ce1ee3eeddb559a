"""What the project says: each setting with where it comes from, the policy, and whom a notice would reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.doctor.check import Check
from efficiency.errors import EfficiencyError
from efficiency.language import joined, language_of_system, message_of, say
from efficiency.policy.load import load_policy
from efficiency.project.settings import origins

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.project.settings import Settings


def settings_lines(settings: Settings) -> Iterator[Check]:
    """Each setting, its value (`***` for a secret) and the file or variable that says so."""
    for one in origins(settings):
        value = one.value if one.value is not None else say("none")
        if one.name == "language" and one.value is None:
            value = language_of_system()
        found = (
            say("{value}, by default", value=value)
            if one.source is None
            else say("{value}, from {source}", value=value, source=one.source)
        )
        yield Check(f"setting_{one.name}", say("setting {name}", name=one.name), found)


def policy_of(settings: Settings) -> Check:
    """Whether the policy can be used."""
    subject = say("policy")
    try:
        policy = load_policy(settings.policy)
    except EfficiencyError as error:
        return Check("policy", subject, say("{policy} cannot be used", policy=settings.policy), message_of(error))
    return Check("policy", subject, say("{id}: {title}", id=policy.id, title=policy.title))


def notices(settings: Settings) -> Check:
    """Which notices are set; nothing is sent, and no address of a robot is shown."""
    ways = [
        *([say("a robot ({kind})", kind=settings.webhook.kind)] if settings.webhook else []),
        *([say("mail to {number} receivers", number=len(settings.smtp.to))] if settings.smtp else []),
    ]
    return Check("notices", say("notices"), joined(ways, ", ") if ways else say("none are set"))
