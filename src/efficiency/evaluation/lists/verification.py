"""核查: what must be known of an enterprise before a list may propose it, and what is known of each candidate."""

from __future__ import annotations

import polars as pl

from efficiency.evaluation.evaluate import Evaluation
from efficiency.evaluation.lists.reasons import as_text
from efficiency.policy.expressions import column_names, numbers, predicate
from efficiency.policy.model import Policy, Verification
from schemas.results import SEPARATOR, VERIFICATIONS, own_schema


def missing_labels(evaluation: Evaluation, policy: Policy) -> pl.Expr:
    """The labels of the verifications of an entry's list that do not hold, joined by 、; null where all do.

    The column `entry` is the position of the [[candidate]] entry that an enterprise meets.
    """
    failed = [
        pl.when(pl.col("entry").is_in(entries) & ~predicate(rule.when)).then(pl.lit(rule.label))
        for rule in policy.verification
        if not _not_computed(rule, evaluation, policy)
        and (entries := [i for i, candidate in enumerate(policy.candidate) if candidate.list in rule.lists])
    ]
    labels = pl.concat_str([pl.lit(None, dtype=pl.String), *failed], separator="、", ignore_nulls=True)
    return pl.when(labels != "").then(labels)


def verifications(evaluation: Evaluation, policy: Policy, candidates: pl.DataFrame) -> pl.DataFrame:
    """One row per candidate and verification of its list, in file order: results.verifications likewise.

    `candidates` is the result of `select`. `list` is the list that the enterprise is on, or would be; `passed` is null
    for what the policy has not computed.
    """
    listed = candidates.select(
        "uscc", pl.coalesce("would_be", "list").alias("list"), pl.int_range(pl.len()).alias("at")
    )
    parts, schema = [], evaluation.profile.schema
    for number, rule in enumerate(policy.verification):
        asked = listed.filter(pl.col("list").is_in(rule.lists))
        passed = pl.lit(None, dtype=pl.Boolean) if _not_computed(rule, evaluation, policy) else predicate(rule.when)
        parts.append(
            asked.join(
                evaluation.profile.select("uscc", passed.alias("passed"), _looked_at(rule, schema).alias("looked_at")),
                on="uscc",
                how="left",
                validate="1:1",
                maintain_order="left",
            ).with_columns(
                pl.lit(rule.label).alias("label"),
                pl.lit(number, dtype=pl.Int64).alias("number"),
                pl.lit("、".join(sorted(column_names(rule.when)))).alias("columns"),
            )
        )
    declared = own_schema(VERIFICATIONS)
    if not parts:
        return pl.DataFrame(schema=declared)
    rows = pl.concat(parts).sort("at", "number").with_columns(pl.lit(None, dtype=pl.String).alias("source_cell"))
    return rows.select(pl.col(name).cast(dtype) for name, dtype in declared.items())


def _looked_at(rule: Verification, schema: pl.Schema) -> pl.Expr:
    """The values of the columns that the rule looks at, in the order in which `columns` names them."""
    limits = numbers(rule.when)
    texts = [as_text(word, schema[word], limits) for word in sorted(column_names(rule.when))]
    return pl.concat_str(texts, separator=SEPARATOR) if texts else pl.lit(None, dtype=pl.String)


def _not_computed(rule: Verification, evaluation: Evaluation, policy: Policy) -> bool:
    """Whether the rule asks for what nobody has computed, draws or variants: that is no failed tick."""
    asked = column_names(rule.when)
    without_draws = policy.robustness.draws == 0 and "tier_confidence" in asked
    return without_draws or (evaluation.variants is None and bool({"agreement", "list_agreement"} & asked))
