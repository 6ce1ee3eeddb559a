"""Finds cohorts of a policy that no enterprise can ever be in, so that they are refused before a run.

Conditions are evaluated on made-up enterprises: for each column that they compare with a constant, that constant, a
value below and one above it, a text that no condition names, and null. Two enterprises between the same constants
are treated alike, so these cover all. A part that computes (tax / land > 5, LIKE) is tried both true and false. So a
cohort is refused only when it is certain to be empty; one that is not refused can still be.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod
from typing import TYPE_CHECKING

import polars as pl
from sqlglot import exp

from efficiency.language import say
from efficiency.policy.expressions import PROFILE_COLUMNS, VOCABULARIES, parsed, predicate
from schemas.profile import PROFILE

if TYPE_CHECKING:
    from efficiency.policy.model import Cohort, Excluded

TRIED = 100_000
"""The most made-up enterprises: conditions that would need more are not checked."""
_OTHER = "其他"
_NULLABLE = {column.name: column.nullable for column in PROFILE.columns}
_COMPARING = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.In, exp.Between)
_ORDERING = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between)
_PLAIN = (exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.Neg, exp.Coalesce, exp.Is)


@dataclass
class _Made:
    """The columns of the made-up enterprises.

    `constants`: column of the profile → the constants that it is compared with. `free`: text of a part that computes
    → the yes/no column in its place.
    """

    constants: dict[str, set[str | float]] = field(default_factory=dict)
    free: dict[str, str] = field(default_factory=dict)

    def condition(self, text: str) -> str:
        """`text` with every part that computes replaced by its yes/no column."""
        return self._simplified(parsed(text).copy()).sql(dialect="duckdb")

    def _simplified(self, node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.And | exp.Or):
            parts = {name: self._simplified(node.args[name]) for name in ("this", "expression")}
            return type(node)(**parts)
        if isinstance(node, exp.Not | exp.Paren):
            return type(node)(this=self._simplified(node.this))
        columns = {column.name for column in node.find_all(exp.Column)}
        if _compares_plainly(node, columns):
            for name in columns:
                self.constants.setdefault(name, set()).update(_constants(node))
            return node
        spelled = node.sql(dialect="duckdb", normalize=True)
        return exp.column(self.free.setdefault(spelled, f"free_{len(self.free)}"))

    def enterprises(self) -> pl.DataFrame | None:
        """Every combination of the columns' values, one row each; None when there are more than TRIED."""
        columns = [
            pl.Series(name, _values(name, found), PROFILE_COLUMNS[name]) for name, found in self.constants.items()
        ]
        columns += [pl.Series(name, [True, False, None], pl.Boolean) for name in self.free.values()]
        if prod(map(len, columns)) > TRIED:
            return None
        frame = pl.DataFrame({"one": [0]})
        for column in columns:
            frame = frame.join(column.to_frame(), how="cross")
        return frame


def unreachable(cohorts: Sequence[Cohort], excluded: Iterable[Excluded]) -> Iterator[tuple[int, str]]:
    """Position of each cohort that can never match, and why, with the remedy. All conditions must be sound."""
    made = _Made()
    leaving = [made.condition(rule.when) for rule in excluded]
    joining = [made.condition(cohort.where) for cohort in cohorts]
    frame = made.enterprises()
    if frame is None:
        return

    def met(condition: pl.Expr) -> pl.Series:
        return frame.with_columns(condition.alias("met"))["met"]

    left = met(pl.any_horizontal(pl.lit(value=False), *map(predicate, leaving)))
    free = ~left
    for i, (cohort, condition) in enumerate(zip(cohorts, joining, strict=True)):
        meets = met(predicate(condition))
        own = {"id": cohort.id, "where": cohort.where}
        if not meets.any():
            yield i, say("cohort {id!r} can never match: {where!r} is always false; mend or remove it", **own)
        elif not (meets & ~left).any():
            yield (
                i,
                say(
                    "cohort {id!r} can never match: [[excluded]] takes everybody who meets {where!r}; mend one of them",
                    **own,
                ),
            )
        elif not (meets & free).any():
            takers = [
                repr(other.id)
                for other, its in zip(cohorts[:i], joining[:i], strict=True)
                if (met(predicate(its)) & meets).any()
            ]
            yield (
                i,
                say(
                    "cohort {id!r} can never match: everybody who meets {where!r} is taken before it by cohort "
                    "{takers}; put it first or change one of them",
                    **own,
                    takers=takers,
                ),
            )
        free &= ~meets


def _compares_plainly(node: exp.Expr, columns: set[str]) -> bool:
    """True for a yes/no column, a constant, or the comparison of one column with constants."""
    if isinstance(node, exp.Column | exp.Boolean | exp.Null):
        return True
    if len(columns) > 1 or not isinstance(node, (*_COMPARING, exp.Is)):
        return False
    if isinstance(node, _ORDERING) and any(PROFILE_COLUMNS[name] == pl.String() for name in columns):
        return False
    return all(isinstance(part, _PLAIN) for part in node.walk() if part is not node)


def _constants(node: exp.Expr) -> Iterator[str | float]:
    for literal in node.find_all(exp.Literal):
        if literal.is_string:
            yield literal.name
        else:
            yield from (float(literal.name), -float(literal.name))


def _values(name: str, constants: set[str | float]) -> list[object]:
    """Values of the column, one of every kind that comparisons with `constants` can distinguish."""
    null: list[object] = [None] if _NULLABLE[name] else []
    if PROFILE_COLUMNS[name] == pl.Boolean():
        return [True, False, *null]
    if PROFILE_COLUMNS[name] == pl.String():
        texts = sorted(text for text in constants if isinstance(text, str))
        return [*(VOCABULARIES.get(name) or (*texts, _OTHER)), *null]
    marks = sorted(number for number in constants if isinstance(number, float))
    least = min(marks, default=0.0)
    between = [(low + high) / 2 for low, high in pairwise(marks)]
    numbers = [least - 1, *marks, *between, max(marks, default=0.0) + 1]
    if PROFILE_COLUMNS[name] == pl.Int64():
        return [*sorted({round(number) for number in numbers}), *null]
    return [*numbers, *null]
