"""What SQL needs to know of the policy of each evaluation: results.coefficients and results.cohorts."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.evaluation.energy_basis import energy_basis
from efficiency.facts.energy import coefficients
from efficiency.policy.load import parse_policy
from schemas import COEFFICIENTS, COHORTS, EVALUATIONS
from schemas.results import IDENTITY

if TYPE_CHECKING:
    from efficiency.policy.model import Policy
    from efficiency.warehouse.schema import Contents

log = logging.getLogger("efficiency")


def with_policy_tables(contents: Contents, policy: Policy) -> Contents:
    """`contents` with the rows of both tables of each evaluation that has none, also of those published before.

    `policy` is the one of this run. The policy of an evaluation which this version cannot read has no rows.
    """
    known = contents[COHORTS.qualified]["evaluation_id"].unique()
    lacking = contents[EVALUATIONS.qualified].filter(~pl.col("evaluation_id").is_in(known.implode()))
    read: dict[str, Policy | None] = {policy.sha256: policy}
    for text, digest, own in lacking.select("policy_toml", "policy_sha256", "evaluation_id").iter_rows():
        if digest not in read:
            read[digest] = _readable(text, own)
    added: dict[str, list[pl.DataFrame]] = {COEFFICIENTS.qualified: [], COHORTS.qualified: []}
    for row in lacking.select(*IDENTITY, "policy_sha256").iter_rows(named=True):
        of_policy = read[row.pop("policy_sha256")]
        if of_policy is None:
            continue
        keys = [pl.lit(value).alias(name) for name, value in row.items()]
        for table, rows in ((COEFFICIENTS, coefficients(energy_basis(of_policy))), (COHORTS, cohorts(of_policy))):
            added[table.qualified].append(table.conform(rows.with_columns(keys)))
    return contents.with_frames({name: pl.concat([contents[name], *rows]) for name, rows in added.items()})


def cohorts(policy: Policy) -> pl.DataFrame:
    """One row per cohort of `policy`: cohort, title, land_indicator, energy_indicator."""
    rows = []
    for cohort in policy.cohort:
        land, energy = (one and one.id for one in (cohort.headline("land"), cohort.headline("energy")))
        rows.append((cohort.id, cohort.label, land, energy))
    columns = ("cohort", "title", "land_indicator", "energy_indicator")
    return pl.DataFrame(rows, schema=dict.fromkeys(columns, pl.String), orient="row")


def _readable(text: str, evaluation_id: str) -> Policy | None:
    """The policy in `text`, or None where this version cannot read it."""
    try:
        return parse_policy(text, name=f"the policy of {evaluation_id}")
    except EfficiencyError as error:
        log.info("no cohorts and coefficients of %s: %s", evaluation_id, error)
        return None
