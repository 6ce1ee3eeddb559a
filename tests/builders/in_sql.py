"""Facts, and evaluations of them, in a database in memory with all tables and views of the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
from builders.evaluations import as_published

from efficiency.job.evaluate import evaluate_period
from efficiency.job.policy_tables import with_policy_tables
from efficiency.partitions import one_partition
from efficiency.warehouse.history import add_evaluation
from efficiency.warehouse.schema import (
    TABLES,
    Contents,
    all_views,
    create_table,
    naive_utc,
    qualified_sql,
)
from schemas import FACTS

if TYPE_CHECKING:
    from builders.stated import Resolved

    from efficiency.policy.model import Policy

TOTALS = """
SELECT i.evaluation_id, i.uscc, i.indicator, w.word, w.total, l.summed, l.counted
FROM (
  SELECT evaluation_id, uscc, indicator, numerator_expression AS word, numerator AS total FROM results.indicators
  UNION ALL SELECT evaluation_id, uscc, indicator, denominator_expression, denominator FROM results.indicators
) AS w
JOIN results.indicators AS i USING (evaluation_id, uscc, indicator)
LEFT JOIN (
  SELECT evaluation_id, uscc, indicator, measure, sum(sign * factor * value) AS summed, count(sign) AS counted
  FROM lineage GROUP BY ALL
) AS l ON l.evaluation_id = i.evaluation_id AND l.uscc = i.uscc AND l.indicator = i.indicator AND l.measure = w.word
"""
"""Each numerator and denominator of the evaluations that is a word, and what the view lineage sums up to."""


class Analyst:
    """A connection to a database that has the tables and views of the warehouse, for one set of contents at a time."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        for schema in dict.fromkeys(table.schema for table in TABLES.values()):
            self._connection.execute(f"CREATE SCHEMA {schema}")
        for table in TABLES.values():
            self._connection.execute(create_table(table))
        for view in all_views():
            self._connection.execute(view.create())

    def take(self, contents: Contents) -> None:
        """Have exactly the rows of `contents`."""
        for name, table in TABLES.items():
            self._connection.execute(f"DELETE FROM {qualified_sql(table)}")
            if contents.height(name):
                self._connection.register("incoming", naive_utc(contents[name]).to_arrow())
                self._connection.execute(f"INSERT INTO {qualified_sql(table)} BY NAME SELECT * FROM incoming")
                self._connection.unregister("incoming")

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What a query answers."""
        return self._connection.sql(sql).fetchall()


def evaluated(result: Resolved, policy: Policy, *periods: str) -> Contents:
    """The contents of a warehouse with what was resolved and the evaluations of `periods` under `policy`."""
    facts = {FACTS[form].qualified: rows for form, rows in result.facts.items()}
    contents = Contents({**facts, "intake.submissions": result.submissions, "intake.columns": result.columns})
    for period in periods:
        judged = evaluate_period(
            one_partition(result.facts), policy, period, contents, submissions=result.submissions, composed=True
        )
        contents = add_evaluation(contents, as_published(judged, policy, period))
    return with_policy_tables(contents, policy)
