"""What a flow run is asked for, completed where its caller leaves something open.

First what the run was given, then the Prefect variable `efficiency_monthly` (a JSON object, changed on the server's
page without deploying again), then the zone's settings: `EFFICIENCY_…` variables, efficiency.toml, the defaults.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from prefect.variables import Variable
from pydantic import BaseModel, ConfigDict, ValidationError

from efficiency.errors import UsageError
from efficiency.language import joined, of_pydantic, say
from efficiency.project.settings import Settings, read_settings

VARIABLE = "efficiency_monthly"


class Parameters(BaseModel):
    """The parameters of the flow, but for its period."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    inbox: Path
    policy: str
    warehouse: Path
    output: Path
    strict: bool
    mapping: Path | None
    by: Literal["town"] | None
    variants: Literal["none", "lists", "all"] = "all"
    timezone: str


def completed(given: Mapping[str, Any], timezone: str, *, deployed: bool) -> Parameters:
    """`given` (None: left open) with the rest filled in; `timezone` is the default one.

    The variable is asked for by a run of a deployment alone: what an operator starts by hand is as it was started.
    Raises UsageError for settings or a variable that are wrong.
    """
    settings = read_settings()
    stated = {name: value for name, value in given.items() if value is not None}
    variable = _variable() if deployed else {}
    try:
        return Parameters(**{**_of(settings, timezone), **variable, **stated})
    except ValidationError as error:
        wrong = joined(
            (joined([".".join(map(str, one["loc"])), of_pydantic(dict(one))], ": ") for one in error.errors()), "; "
        )
        raise UsageError(
            say(
                "The parameters of the flow run are wrong: {wrong}. Correct them, or the Prefect variable {variable}.",
                wrong=wrong,
                variable=VARIABLE,
            )
        ) from error


def _of(settings: Settings, timezone: str) -> dict[str, Any]:
    own = {name: value for name, value in settings if name in Parameters.model_fields}
    return own | {"timezone": settings.schedule.timezone or timezone}


def _variable() -> dict[str, Any]:
    """What the Prefect variable says; nothing where there is none."""
    value = Variable.get(VARIABLE, default=None)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(
            say(
                'The Prefect variable {variable} is {value!r}, not a JSON object. Write for example {{"policy": '
                '"our-policy.toml", "by": "town"}}.',
                variable=VARIABLE,
                value=value,
            )
        )
    return value
