"""A policy's expressions: SQL predicates and scalars over one enterprise's profile, and nothing else.

sqlglot parses the text and every node must be of a harmless kind: no sub-query, table, aggregate,
window or alias can be said. Division and remainder by zero become null, numbers with a decimal point
become doubles (polars would take them for exact decimals), and polars runs what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import lru_cache
from typing import Final

import polars as pl
import sqlglot
from polars.exceptions import PolarsError
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.simplify import simplify

from schemas.profile import PROFILE, TIERS
from schemas.register import REGISTER
from schemas.survey import FORM_SURVEY

PROFILE_COLUMNS: Final[dict[str, pl.DataType]] = {
    column.name: column.dtype for column in PROFILE.columns if column.name != "d_streak_before"
}
"""What every expression may use; `d_streak` replaces `d_streak_before` once tiers are known."""

_SCORING: Final[dict[str, pl.DataType]] = {
    "score": pl.Float64(),
    "rank": pl.Int64(),
    "tier_initial": pl.String(),
    "tier": pl.String(),
    "land_score": pl.Float64(),
    "land_tier": pl.String(),
    "energy_score": pl.Float64(),
    "energy_tier": pl.String(),
}

VOCABULARIES: Final[dict[str, tuple[str, ...]]] = {
    "scale": REGISTER.column("scale").choices,
    "tech_level": FORM_SURVEY.column("tech_level").choices,
    "willingness": FORM_SURVEY.column("willingness").choices,
    "project_kind": FORM_SURVEY.column("project_kind").choices,
    "energy_level": next(column.choices for column in PROFILE.columns if column.name == "energy_level"),
    **dict.fromkeys(("previous_tier", "tier_initial", "tier", "land_tier", "energy_tier"), TIERS),
}
"""Columns with a closed vocabulary: comparing one with any other text can never hold."""

_ALLOWED: Final = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren,
    exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
    exp.Is, exp.In, exp.Between, exp.Like, exp.ILike, exp.StartsWith, exp.EndsWith,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg,
    exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Least, exp.Greatest,
    exp.Abs, exp.Round, exp.Floor, exp.Ceil,
    exp.Length, exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Left, exp.Right, exp.Concat, exp.DPipe,
)  # fmt: skip


class ExpressionError(ValueError):
    """An expression that cannot be used, in one sentence that says why and what to write instead."""


def scored_columns(indicators: Iterable[str]) -> dict[str, pl.DataType]:
    """What `[[override]]` may use: the profile, the scores and tiers, value_<id> and score_<id>."""
    ids = list(indicators)
    return {
        **PROFILE_COLUMNS,
        **_SCORING,
        **{f"value_{name}": pl.Float64() for name in ids},
        **{f"score_{name}": pl.Float64() for name in ids},
    }


def candidate_columns(indicators: Iterable[str]) -> dict[str, pl.DataType]:
    """What `[[candidate]]` may use: as `[[override]]`, and d_streak."""
    return {**scored_columns(indicators), "d_streak": pl.Int64()}


def predicate(text: str) -> pl.Expr:
    """`text` as a Boolean expression; null counts as false."""
    return pl.sql_expr(_rewritten(text)).fill_null(value=False)


def scalar(text: str) -> pl.Expr:
    """`text` as a Float64 expression; what is not finite is null."""
    value = pl.sql_expr(_rewritten(text)).cast(pl.Float64)
    return pl.when(value.is_finite()).then(value)


def check_predicate(text: str, columns: Mapping[str, pl.DataType], *, scored: Iterable[str] = ()) -> None:
    """Raises ExpressionError unless `text` is a predicate over `columns`; `scored` names columns of a later stage."""
    if _check(text, columns, scored) not in (pl.Boolean(), pl.Null()):
        raise ExpressionError(f"{text!r} is not a condition; write a comparison, e.g. {text} > 0")


def check_scalar(text: str, columns: Mapping[str, pl.DataType], *, scored: Iterable[str] = ()) -> None:
    """Raises ExpressionError unless `text` is a number over `columns`; `scored` names columns of a later stage."""
    if not _check(text, columns, scored).is_numeric():
        raise ExpressionError(f"{text!r} is not a number; use columns with figures, e.g. tax or revenue - tax")


def canonical(text: str) -> str:
    """`text` simplified and in one spelling: equal strings are the same condition; 'FALSE' and 'NULL' never hold."""
    tree = simplify(_parse(text).copy(), dialect="duckdb")
    return str(tree.sql(dialect="duckdb", comments=False, normalize=True))


def _check(text: str, columns: Mapping[str, pl.DataType], scored: Iterable[str]) -> pl.DataType:
    """Type of `text` over `columns`, found by running it on one row of nulls."""
    tree = _parse(text)
    for column in tree.find_all(exp.Column):
        _check_column(column, columns, scored, text)
    _check_comparisons(tree, columns, text)
    row = pl.DataFrame({name: pl.Series([None], dtype=dtype) for name, dtype in columns.items()})
    try:
        return row.select(pl.sql_expr(_rewritten(text)).alias("value")).schema["value"]
    except PolarsError as error:
        reason = str(error).splitlines()[0]
        raise ExpressionError(
            f"{text!r} cannot be computed: {reason}; compare text with 'text', figures with figures, "
            "yes/no columns with TRUE or FALSE"
        ) from None


def _check_column(column: exp.Column, columns: Mapping[str, pl.DataType], scored: Iterable[str], text: str) -> None:
    name = column.name
    if column.table:
        raise ExpressionError(f"{text!r} names a table; write the column alone: {name}")
    if name in columns:
        return
    if name in ("d_streak", "d_streak_before"):
        raise ExpressionError(f"{text!r} uses {name!r}; d_streak is known only in [[candidate]]")
    if name in scored:
        raise ExpressionError(
            f"{text!r} uses {name!r}, which is known only after scoring, in [[override]] and [[candidate]]"
        )
    near = get_close_matches(name.lower(), columns, n=1)
    raise ExpressionError(
        f"{text!r} uses {name!r}, which is no column of the profile; "
        + (f"did you mean {near[0]!r}?" if near else "the guide to policies lists the columns")
    )


def _check_comparisons(tree: exp.Expr, columns: Mapping[str, pl.DataType], text: str) -> None:
    """Refuses comparisons of a column with text that it never is: scale = '规模以上', utility = '是'."""
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        operands = [node.this, *(node.expressions if isinstance(node, exp.In) else [node.expression])]
        names = [operand.name for operand in operands if isinstance(operand, exp.Column)]
        literals = [operand.name for operand in operands if isinstance(operand, exp.Literal) and operand.is_string]
        for name in names:
            if literals and columns[name] == pl.Boolean:
                raise ExpressionError(
                    f"{text!r} compares {name} with {literals[0]!r}, but it is yes or no; write {name} or NOT {name}"
                )
            choices = VOCABULARIES.get(name, ())
            for literal in literals:
                if choices and literal not in choices:
                    raise ExpressionError(
                        f"{text!r} compares {name} with {literal!r}, which it never is; "
                        f"it is one of {', '.join(choices)}"
                    )


@lru_cache(maxsize=1024)
def _parse(text: str) -> exp.Expr:
    """The checked tree of `text`."""
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as error:
        reason = str(error).splitlines()[0].split(" Line ")[0].rstrip(".")
        raise ExpressionError(f"{text!r} is not an SQL expression ({reason}); check quotes and brackets") from None
    if len(statements) != 1 or statements[0] is None:
        raise ExpressionError(f"{text!r} must be a single expression")
    tree = statements[0]
    for node in tree.walk():
        if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest") or node.args.get("field")):
            raise ExpressionError(f"{text!r}: IN takes a list of values, e.g. IN ('A', 'B')")
        if not isinstance(node, _ALLOWED):
            raise ExpressionError(
                f"{text!r} uses {type(node).__name__.upper()}, which a policy cannot say; it may compute with the "
                "columns of one enterprise, no sub-query, table, aggregate or function beyond COALESCE, CASE, ROUND …"
            )
    return tree


@lru_cache(maxsize=1024)
def _rewritten(text: str) -> str:
    """SQL that polars computes as meant: x / 0 is null, 0.1 is a double."""

    def safe(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Div | exp.Mod):
            node.set("expression", exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0)))
        elif isinstance(node, exp.Literal) and not node.is_string and not node.name.isdigit():
            return exp.cast(node.copy(), exp.DataType.Type.DOUBLE)
        return node

    # Innermost first: a rewritten node is not visited again.
    tree = _parse(text).copy()
    for node in reversed(list(tree.walk(bfs=True))):
        changed = safe(node)
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return str(tree.sql(dialect="duckdb", comments=False))
