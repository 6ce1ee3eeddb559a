"""An evaluation as it is put into the warehouse."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.evaluation.lists import verifications
from efficiency.warehouse.history import PublishedEvaluation
from schemas import CANDIDATES, VERIFICATIONS
from schemas.results import own_schema

if TYPE_CHECKING:
    from efficiency.evaluation.evaluate import Evaluation
    from efficiency.policy.model import Policy


def as_published(
    judged: Evaluation, policy: Policy, period: str, listed: pl.DataFrame | None = None, **others: Any
) -> PublishedEvaluation:
    """`judged` with the candidates `listed` and their verifications, or nobody on a list; `others` take the place of
    what it has.
    """
    new = PublishedEvaluation(
        period=period,
        policy_id=policy.id,
        policy_sha256=policy.sha256,
        policy_toml=policy.text,
        run_id="run",
        code_version="test",
        inputs_sha256=judged.inputs_sha256,
        created_at=datetime(2026, 11, 5, tzinfo=UTC),
        warnings=None,
        scores=judged.scores,
        indicators=judged.indicators,
        candidates=pl.DataFrame(schema=own_schema(CANDIDATES)) if listed is None else listed,
        verifications=(
            pl.DataFrame(schema=own_schema(VERIFICATIONS)) if listed is None else verifications(judged, policy, listed)
        ),
        compositions=judged.compositions,
        variants="all" if judged.variants else None,
        variant_results=judged.variants,
        data_errors=judged.data_errors,
    )
    return replace(new, **others)
