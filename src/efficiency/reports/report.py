"""Everything one evaluation says to people, in one value: the only thing the workbooks are made from."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING

from efficiency.policy.model import Policy
from efficiency.reports.text import clean_text, period_title
from schemas import DATA_ERRORS, VARIANT_EFFECTS, VARIANTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True)
class Report:
    """One evaluation and what it rests on; frames hold this evaluation's rows only.

    `evaluation` has the keys evaluation_id, policy_id, policy_sha256, inputs_sha256, created_at and
    code_version, as results.evaluations keeps them. `previous` is the scores frame of the last
    current evaluation of an earlier period under the same policy, or None.
    """

    period: str
    """YYYY-MM."""
    evaluation: Mapping[str, object]
    policy_title: str
    policy_source: str
    policy_valid_from: date | str | None
    policy_toml: str
    scores: pl.DataFrame
    """Shape schemas.SCORES."""
    indicators: pl.DataFrame
    """Shape schemas.INDICATORS."""
    candidates: pl.DataFrame
    """Shape schemas.CANDIDATES."""
    verifications: pl.DataFrame
    """Shape schemas.VERIFICATIONS."""
    previous: pl.DataFrame | None
    """Shape schemas.SCORES."""
    submissions: pl.DataFrame
    """Shape schemas.SUBMISSIONS."""
    problems: pl.DataFrame
    """Shape schemas.PROBLEMS."""
    warnings: tuple[str, ...] = ()
    """Warnings of the evaluation, in Chinese."""
    data_errors: pl.DataFrame = field(default_factory=DATA_ERRORS.empty)
    """Shape schemas.DATA_ERRORS; empty where the policy does not take the error of figures from the zone's history."""
    movements: pl.DataFrame | None = None
    """Shape schemas.MOVEMENTS without evaluation_id, period and policy_id; None without a previous evaluation."""
    region: str = ""
    """Name of the region, put before every title."""
    variants: pl.DataFrame = field(default_factory=VARIANTS.empty)
    """Shape schemas.VARIANTS; empty where the method variants were not evaluated."""
    variant_effects: pl.DataFrame = field(default_factory=VARIANT_EFFECTS.empty)
    """Shape schemas.VARIANT_EFFECTS, likewise."""

    @cached_property
    def policy(self) -> Policy:
        """The policy as it was applied; what the file leaves out has its default."""
        return Policy.model_validate(tomllib.loads(self.policy_toml))

    @cached_property
    def letter_names(self) -> dict[str, str]:
        """Each letter that is published, A to D first, and what the policy calls it."""
        return {letter: clean_text(name) for letter, name in self.policy.letter_names.items()}

    @property
    def period_title(self) -> str:
        """The period as people write it: 2026年10月."""
        return period_title(self.period)

    @property
    def created_at(self) -> datetime:
        """When the evaluation was made, Beijing time. Raises TypeError when the evaluation has no timestamp."""
        created = self.evaluation["created_at"]
        if not isinstance(created, datetime):
            raise TypeError(f"evaluation['created_at'] must be a datetime, not {created!r}")
        return (created if created.tzinfo else created.replace(tzinfo=UTC)).astimezone(BEIJING)
