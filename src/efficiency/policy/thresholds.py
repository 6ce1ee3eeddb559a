"""The thresholds at which a policy treats enterprises differently, as its expressions state them.

A threshold is a comparison (<, <=, >, >=, BETWEEN) of a figure of the enterprise with a constant: land >= 3,
months_since_commissioned < 24. Cuts between tiers are no expressions and are not among them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from efficiency.policy.expressions import ExpressionError, candidate_columns, check_scalar, parsed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from efficiency.policy.model import Policy


@dataclass(frozen=True, slots=True)
class Threshold:
    """A figure of the enterprise and the constant that it is compared with."""

    rules: tuple[str, ...]
    """The rules that state it, in Chinese."""
    expression: str
    """The figure, a scalar expression; a COALESCE around it is left out, so that unknown stays unknown."""
    value: float
    belongs_above: bool
    """Whether `value` itself is on the upper side: for >= and <."""
    given: tuple[str, ...]
    """The other conditions of the first rule, which must hold for this one to decide: predicates joined by AND."""

    @property
    def condition(self) -> str:
        """The predicate that holds on the upper side."""
        return f"{self.expression} {'>=' if self.belongs_above else '>'} {self.value:g}"


def thresholds(policy: Policy) -> list[Threshold]:
    """Every threshold of `policy`, each once, in the order of its rules."""
    columns = candidate_columns(policy.indicator_ids)
    found: dict[tuple[str, float, bool], Threshold] = {}
    for rule, text in _rules(policy):
        for one in _of_expression(rule, text):
            try:
                check_scalar(one.expression, columns)
            except ExpressionError:
                continue  # text, or a yes/no column: there is no below and above
            key = (one.expression, one.value, one.belongs_above)
            known = found.get(key)
            if known is None:
                found[key] = one
            elif rule not in known.rules:
                found[key] = replace(known, rules=(*known.rules, rule))
    return list(found.values())


def _rules(policy: Policy) -> Iterator[tuple[str, str]]:
    """Every rule of the policy that has an expression: its name in Chinese, and the expression."""
    for excluded in policy.excluded:
        yield f"不纳入排名：{excluded.label}", excluded.when
    for cohort in policy.cohort:
        yield f"评价组范围：{cohort.label}", cohort.where
        yield f"修正系数：{cohort.label}", cohort.factor
    for adjustment in policy.adjustment:
        yield f"加减分：{adjustment.label}", adjustment.when
    for override in policy.override:
        yield f"调档：{override.label}", override.when
    for candidate in policy.candidate:
        yield f"清单：{candidate.title}", candidate.when
    for verification in policy.verification:
        yield f"核查：{verification.label}", verification.when
    yield "并转承接企业", policy.partners.where
    for other in policy.surcharge.other if policy.surcharge else ():
        yield f"电价加价：{other.label}", other.when


def _of_expression(rule: str, text: str) -> Iterator[Threshold]:
    """The thresholds of one expression of `rule`."""
    conjuncts = list(_conjuncts(parsed(text)))
    for position, conjunct in enumerate(conjuncts):
        others = conjuncts[:position] + conjuncts[position + 1 :]
        given = tuple(other.sql(dialect="duckdb") for other in others)
        for node in conjunct.find_all(exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between):
            for figure, value, belongs_above in _comparisons(node):
                yield Threshold((rule,), figure.sql(dialect="duckdb"), value, belongs_above, given)


def _conjuncts(node: exp.Expr) -> Iterator[exp.Expr]:
    """The conditions that are joined by AND, outermost."""
    if isinstance(node, exp.Paren):
        yield from _conjuncts(node.this)
    elif isinstance(node, exp.And):
        yield from _conjuncts(node.this)
        yield from _conjuncts(node.expression)
    else:
        yield node


def _comparisons(node: exp.Expr) -> Iterator[tuple[exp.Expr, float, bool]]:
    """(figure, constant, whether the constant belongs to the upper side) of a comparison; none between two figures."""
    if isinstance(node, exp.Between):
        sides = [(node.this, node.args["low"], True), (node.this, node.args["high"], False)]
    elif _constant(node.expression) is not None:
        sides = [(node.this, node.expression, isinstance(node, exp.GTE | exp.LT))]
    else:
        sides = [(node.expression, node.this, isinstance(node, exp.LTE | exp.GT))]
    for figure, constant, belongs_above in sides:
        value, plain = _constant(constant), _plain(figure)
        if value is not None and plain.find(exp.Column):
            yield plain, value, belongs_above


def _constant(node: exp.Expr) -> float | None:
    """The number that `node` is; None where it is no constant."""
    if isinstance(node, exp.Paren):
        return _constant(node.this)
    if isinstance(node, exp.Neg):
        inner = _constant(node.this)
        return None if inner is None else -inner
    return float(node.name) if isinstance(node, exp.Literal) and not node.is_string else None


def _plain(figure: exp.Expr) -> exp.Expr:
    """`figure` without brackets, and without a constant that stands for a missing one."""
    if isinstance(figure, exp.Paren):
        return _plain(figure.this)
    if isinstance(figure, exp.Coalesce) and all(_constant(one) is not None for one in figure.expressions):
        return _plain(figure.this)
    return figure
