"""The types of the values in a policy file: texts, numbers, ids, expressions, and the table that all tables are."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from efficiency.policy.limits import LONGEST_TEXT

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST_TEXT)]
NAME = r"^[A-Za-z][A-Za-z0-9_]*$"
Name = Annotated[str, StringConstraints(pattern=NAME)]
"""An id that becomes part of column names such as value_<id>."""
Slug = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
LETTER = r"^[E-Z]$"
Letter = Annotated[str, StringConstraints(pattern=LETTER)]
"""What enterprises that are not ranked are published under; A to D are tiers."""
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
"""true or false as TOML writes them; text such as "no" is refused."""


def _as_expression(value: object) -> object:
    """A TOML number where an expression is expected becomes the expression of that constant."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Expression = Annotated[str, BeforeValidator(_as_expression), StringConstraints(strip_whitespace=True, min_length=1)]
"""A SQL predicate or scalar over the enterprise's profile; see `efficiency.policy.expressions`."""


OWN = "own"
"""`data_sd` that stands for what the zone's own history shows."""
Spread = Annotated[
    Annotated[Number, Field(ge=0, le=2), Tag("<number>")] | Annotated[Literal["own"], Tag("<word>")],
    Discriminator(lambda given: "<word>" if isinstance(given, str) else "<number>"),
]
"""A relative spread, or "own". The tags stand in pydantic's places only, between brackets that no key has."""


class Part(BaseModel):
    """A table of the policy file: no key beyond the declared ones, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True)
