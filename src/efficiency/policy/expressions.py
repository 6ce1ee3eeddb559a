"""A policy's expressions: SQL predicates and scalars over the columns of one enterprise's profile.

sqlglot parses the text, and every node must be of an allowed kind: sub-queries, tables, aggregates, windows and
aliases are refused. The text is then rewritten so that polars computes what SQL and Excel mean: division and
remainder by zero are null, numbers with a decimal point are doubles (polars reads exact decimals), ROUND rounds a
half away from zero, and IS TRUE is false for null.
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

from efficiency.language import say
from efficiency.policy.limits import DEEPEST_EXPRESSION, LONGEST_EXPRESSION, MOST_DECIMALS, MOST_PARTS
from schemas.profile import PROFILE, TIERS
from schemas.register import REGISTER
from schemas.survey import FORM_SURVEY

PROFILE_COLUMNS: Final[dict[str, pl.DataType]] = {
    column.name: column.dtype for column in PROFILE.columns if column.name != "d_streak_before"
}
"""The columns that every expression may use, with their types; `d_streak` replaces `d_streak_before` after scoring."""

SHOWN: Final = 200
"""Characters of an expression, or of a library's message about it, that a message shows."""
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


_COMPARISONS: Final = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
_INSTEAD: Final[dict[type[exp.Expr], str]] = {
    exp.IntDiv: say("write FLOOR(a / b)"),
    exp.Pow: say("write the multiplication out, e.g. tax * tax"),
    exp.Cast: say("nothing needs conversion: text stands in quotes, figures do not"),
    exp.TryCast: say("nothing needs conversion: text stands in quotes, figures do not"),
    **dict.fromkeys((exp.RegexpLike, exp.SimilarTo, exp.Glob, exp.Contains), say("write LIKE, e.g. name LIKE '%钢%'")),
    exp.Escape: say("LIKE knows % and _ only"),
    exp.Bracket: say("write SUBSTRING(industry, 1, 2)"),
    **dict.fromkeys(
        (exp.CurrentDate, exp.CurrentTimestamp),
        say("the period is all the time there is, e.g. months_since_commissioned"),
    ),
}
"""Kind of node that is not allowed → what to write instead."""
_ANYTHING_ELSE: Final = say(
    "it may compare and compute with the columns of one enterprise (AND, OR, NOT, IN, BETWEEN, LIKE, "
    "IS NULL, CASE, IF, COALESCE, NULLIF, LEAST, GREATEST, ABS, ROUND, FLOOR, CEIL, LENGTH, LOWER, "
    "UPPER, TRIM, SUBSTRING, LEFT, RIGHT, CONCAT, STARTS_WITH, ENDS_WITH); no sub-query, table or "
    "aggregate"
)


class ExpressionError(ValueError):
    """An expression that cannot be used; the message gives the reason and what to write instead."""


def scored_columns(indicators: Iterable[str]) -> dict[str, pl.DataType]:
    """The columns that [[override]] may use: the profile, scores and tiers, value_<id> and score_<id>."""
    ids = list(indicators)
    return {
        **PROFILE_COLUMNS,
        **_SCORING,
        **{f"value_{name}": pl.Float64() for name in ids},
        **{f"score_{name}": pl.Float64() for name in ids},
    }


def candidate_columns(indicators: Iterable[str]) -> dict[str, pl.DataType]:
    """The columns that [[candidate]] and [partners] may use: those of [[override]], and what follows.

    These are known only when every tier is.
    """
    return {
        **scored_columns(indicators),
        "d_streak": pl.Int64(),
        "protected": pl.Boolean(),
        "tier_confidence": pl.Float64(),
        "agreement": pl.Float64(),
    }


def verification_columns(indicators: Iterable[str]) -> dict[str, pl.DataType]:
    """The columns that [[verification]] may use: those of [[candidate]], and what is known only when every list is."""
    return {**candidate_columns(indicators), "list_agreement": pl.Float64()}


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
        raise ExpressionError(
            say("{quoted} is not a condition; write a comparison, e.g. {text} > 0", quoted=_quoted(text), text=text)
        )


def check_scalar(text: str, columns: Mapping[str, pl.DataType], *, scored: Iterable[str] = ()) -> None:
    """Raises ExpressionError unless `text` is a number over `columns`; `scored` names columns of a later stage."""
    if not _check(text, columns, scored).is_numeric():
        raise ExpressionError(
            say("{quoted} is not a number; use columns with figures, e.g. tax or revenue - tax", quoted=_quoted(text))
        )


def column_names(text: str) -> set[str]:
    """The columns that `text` names."""
    return {column.name for column in parsed(text).find_all(exp.Column)}


def numbers(text: str) -> tuple[float, ...]:
    """The numbers in the expression, ascending: those that its figures may be compared with."""
    literals = [node for node in parsed(text).find_all(exp.Literal) if not node.is_string]
    return tuple(sorted({-float(n.name) if isinstance(n.parent, exp.Neg) else float(n.name) for n in literals}))


def _check(text: str, columns: Mapping[str, pl.DataType], scored: Iterable[str]) -> pl.DataType:
    """The type of `text` over `columns`: that of its result on one row of nulls."""
    if len(text) > LONGEST_EXPRESSION:
        raise ExpressionError(
            say(
                "{quoted} has {number} characters; write it with up to {longest_expression}",
                quoted=_quoted(text),
                number=len(text),
                longest_expression=LONGEST_EXPRESSION,
            )
        )
    try:
        return _type(text, tuple(columns.items()), tuple(scored))
    except RecursionError:
        raise _too_deep(text) from None


def _quoted(text: str) -> str:
    """`text` as messages show it, cut where it is long."""
    return repr(text if len(text) <= SHOWN else f"{text:.{SHOWN}}…")


def _too_deep(text: str) -> ExpressionError:
    return ExpressionError(
        say(
            "{quoted} is nested too deeply; write it with fewer brackets, a long chain of OR as IN ('…', '…')",
            quoted=_quoted(text),
        )
    )


def _size(tree: exp.Expr) -> tuple[int, int]:
    """(parts, levels) of `tree` as rewritten: of what a ROUND rounds there are three copies, five levels deeper."""
    size: dict[int, tuple[int, int]] = {}
    for node in reversed(list(tree.walk(bfs=True))):
        below = [size[id(child)] for child in node.iter_expressions()]
        inner, levels = sum(count for count, _ in below), max((depth for _, depth in below), default=0)
        rounds = isinstance(node, exp.Round)
        size[id(node)] = (3 * inner + 1, levels + 5) if rounds else (inner + 1, levels + 1)
    return size[id(tree)]


def _check_size(tree: exp.Expr, text: str) -> None:
    """Refuses what would take polars long to plan, before it is rewritten and planned."""
    count, levels = _size(tree)
    if levels > DEEPEST_EXPRESSION:
        raise _too_deep(text)
    if count > MOST_PARTS:
        raise ExpressionError(
            say(
                "{quoted} takes {count} steps to compute, more than {most_parts}; write ROUND once, outermost",
                quoted=_quoted(text),
                count=count,
                most_parts=MOST_PARTS,
            )
        )


@lru_cache(maxsize=4096)
def _type(text: str, known: tuple[tuple[str, pl.DataType], ...], scored: tuple[str, ...]) -> pl.DataType:
    """The type of `text` over the columns `known`; kept, since the variants of a policy share most expressions."""
    tree, columns = parsed(text), dict(known)
    _check_size(tree, text)
    for column in tree.find_all(exp.Column):
        _check_column(column, columns, scored, text)
    _check_comparisons(tree, columns, text)
    used = {column.name for column in tree.find_all(exp.Column)}
    row = pl.DataFrame({name: pl.Series([None], dtype=columns[name]) for name in used})
    try:
        return row.select(pl.sql_expr(_rewritten(text)).alias("value")).schema["value"]
    except PolarsError as error:
        reason = f"{str(error).splitlines()[0]:.{SHOWN}}"
        raise ExpressionError(
            say(
                "{quoted} cannot be computed: {reason}; compare text with 'text', figures with figures, yes/no "
                "columns with TRUE or FALSE",
                quoted=_quoted(text),
                reason=reason,
            )
        ) from None


def _check_column(column: exp.Column, columns: Mapping[str, pl.DataType], scored: Iterable[str], text: str) -> None:
    name = column.name
    if column.table:
        raise ExpressionError(
            say("{quoted} names a table; write the column alone: {name}", quoted=_quoted(text), name=name)
        )
    if name in columns:
        return
    if name == "list_agreement":
        raise ExpressionError(
            say(
                "{quoted} uses {name!r}, which is known only when every list is, in [[verification]]; agreement, "
                "that of the tier, may be used before",
                quoted=_quoted(text),
                name=name,
            )
        )
    if name in ("d_streak", "d_streak_before", "protected", "tier_confidence", "agreement"):
        shown = "d_streak" if name == "d_streak_before" else name
        raise ExpressionError(
            say(
                "{quoted} uses {name!r}; {shown} is known only in [[candidate]] and after it",
                quoted=_quoted(text),
                name=name,
                shown=shown,
            )
        )
    if name in scored:
        raise ExpressionError(
            say(
                "{quoted} uses {name!r}, which is known only after scoring, in [[override]] and [[candidate]]",
                quoted=_quoted(text),
                name=name,
            )
        )
    near = get_close_matches(name.lower(), columns, n=1)
    raise ExpressionError(
        say(
            "{quoted} uses {name!r}, which is no column of the profile; {remedy}",
            quoted=_quoted(text),
            name=name,
            remedy=say("did you mean {near!r}?", near=near[0])
            if near
            else say("the guide to policies lists the columns"),
        )
    )


def _check_comparisons(tree: exp.Expr, columns: Mapping[str, pl.DataType], text: str) -> None:
    """Refuses comparisons of a column with a text that it never has: scale = '规模以上', utility = '是'."""
    for node in tree.find_all(exp.EQ, exp.NEQ, exp.In):
        operands = [node.this, *(node.expressions if isinstance(node, exp.In) else [node.expression])]
        names = [operand.name for operand in operands if isinstance(operand, exp.Column)]
        literals = [operand.name for operand in operands if isinstance(operand, exp.Literal) and operand.is_string]
        for name in names:
            if literals and columns[name] == pl.Boolean:
                raise ExpressionError(
                    say(
                        "{quoted} compares {name} with {literals!r}, but it is yes or no; write {name} or NOT {name}",
                        quoted=_quoted(text),
                        name=name,
                        literals=literals[0],
                    )
                )
            choices = VOCABULARIES.get(name, ())
            for literal in literals:
                if choices and literal not in choices:
                    raise ExpressionError(
                        say(
                            "{quoted} compares {name} with {literal!r}, which it never is; it is one of {choices}",
                            quoted=_quoted(text),
                            name=name,
                            literal=literal,
                            choices=choices,
                        )
                    )


@lru_cache(maxsize=1024)
def parsed(text: str) -> exp.Expr:
    """The checked tree of `text`, to be read and not changed. Raises ExpressionError for what is not allowed."""
    try:
        statements = sqlglot.parse(text, dialect="duckdb")
    except SqlglotError as error:
        reason = f"{str(error).splitlines()[0].split(' Line ')[0].rstrip('.'):.{SHOWN}}"
        raise ExpressionError(
            say(
                "{quoted} is not an SQL expression ({reason}); check quotes and brackets",
                quoted=_quoted(text),
                reason=reason,
            )
        ) from None
    if len(statements) != 1 or statements[0] is None:
        raise ExpressionError(say("{quoted} must be a single expression", quoted=_quoted(text)))
    tree = statements[0]
    for node in tree.walk():
        if isinstance(node, exp.In) and (node.args.get("query") or node.args.get("unnest") or node.args.get("field")):
            raise ExpressionError(say("{quoted}: IN takes a list of values, e.g. IN ('A', 'B')", quoted=_quoted(text)))
        if not isinstance(node, _ALLOWED):
            remedy = _INSTEAD.get(type(node), _ANYTHING_ELSE)
            raise ExpressionError(
                say(
                    "{quoted} uses {name}, which a policy cannot say; {remedy}",
                    quoted=_quoted(text),
                    name=type(node).__name__.upper(),
                    remedy=remedy,
                )
            )
        if isinstance(node, _COMPARISONS) and any(isinstance(n, _COMPARISONS) for n in (node.this, node.expression)):
            raise ExpressionError(
                say("{quoted} chains comparisons; write them apart, e.g. land > 3 AND land < 10", quoted=_quoted(text))
            )
        if isinstance(node, exp.Round) and _decimals(node) is None:
            raise ExpressionError(
                say(
                    "{quoted}: ROUND takes a whole number of decimals up to {most_decimals}, e.g. ROUND(land, 2)",
                    quoted=_quoted(text),
                    most_decimals=MOST_DECIMALS,
                )
            )
    return tree


def _decimals(node: exp.Round) -> int | None:
    """The number of decimals to which a ROUND rounds; None when that is no literal whole number up to MOST_DECIMALS."""
    decimals = node.args.get("decimals")
    if decimals is None:
        return 0
    digits = decimals.this if isinstance(decimals, exp.Neg) else decimals
    if not isinstance(digits, exp.Literal) or not digits.name.isdecimal() or len(digits.name) > len(str(MOST_DECIMALS)):
        return None
    places = int(digits.name)
    if places > MOST_DECIMALS:
        return None
    return -places if isinstance(decimals, exp.Neg) else places


@lru_cache(maxsize=1024)
def _rewritten(text: str) -> str:
    """`text` as SQL that polars computes as the docstring of this module describes."""
    tree = parsed(text).copy()
    # From the leaves upwards: a rewritten node is not visited again.
    for node in reversed(list(tree.walk(bfs=True))):
        changed = _as_meant(node)
        if changed is not node:
            if node is tree:
                tree = changed
            else:
                node.replace(changed)
    return str(tree.sql(dialect="duckdb", comments=False))


def _as_meant(node: exp.Expr) -> exp.Expr:
    """`node`, or its replacement where polars would compute something else."""
    if isinstance(node, exp.Div | exp.Mod):
        node.set("expression", exp.Nullif(this=node.expression.copy(), expression=exp.Literal.number(0)))
    elif isinstance(node, exp.Literal) and not node.is_string and not node.name.isdigit():
        return exp.cast(node.copy(), exp.DataType.Type.DOUBLE)
    elif isinstance(node, exp.Is) and isinstance(node.expression, exp.Boolean):
        wanted = bool(node.expression.this)
        known = exp.Coalesce(this=node.this.copy(), expressions=[exp.Boolean(this=not wanted)])
        return exp.Paren(this=known if wanted else exp.Not(this=known))
    elif isinstance(node, exp.Round):
        return _half_away(node.this, _decimals(node) or 0)
    return node


def _half_away(value: exp.Expr, decimals: int) -> exp.Expr:
    """`value` rounded as DuckDB and Excel do, a half away from zero; polars rounds it to the even neighbour."""
    unit = exp.cast(exp.Literal.number(10 ** abs(decimals)), exp.DataType.Type.DOUBLE)
    half = exp.cast(exp.Literal.number("0.5"), exp.DataType.Type.DOUBLE)
    larger, smaller = (exp.Mul, exp.Div) if decimals >= 0 else (exp.Div, exp.Mul)

    def scaled() -> exp.Expr:
        return exp.Paren(this=larger(this=exp.Paren(this=value.copy()), expression=unit.copy()))

    whole = exp.Case(
        ifs=[
            exp.If(
                this=exp.LT(this=scaled(), expression=exp.Literal.number(0)),
                true=exp.Ceil(this=exp.Sub(this=scaled(), expression=half.copy())),
            )
        ],
        default=exp.Floor(this=exp.Add(this=scaled(), expression=half.copy())),
    )
    return exp.Paren(this=smaller(this=whole, expression=unit))
