"""COMMENT ON statements for every table, view and column, generated from their declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from efficiency.warehouse.schema.tables import TABLES, literal, qualified_sql, quoted
from schemas import FACTS, FORMS, STATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from efficiency.warehouse.schema.views import View
    from schemas.column import Column, Table

_FORM_OF = {table.qualified: FORMS[form] for tables in (FACTS, STATED) for form, table in tables.items()}
_OF_THIS_SOFTWARE = {"submission_id", "superseded", "block"}
_RESULT_SOURCES = {
    "results.evaluations": "the run that made the evaluation",
    "results.scores": "the evaluation of the facts under its policy",
    "results.indicators": "the evaluation of the facts under its policy",
    "results.candidates": "the evaluation of the facts under its policy",
    "results.verifications": "the evaluation of the facts under its policy",
    "results.variants": "the evaluation of the facts under the variants of its policy",
    "results.variant_effects": "the evaluation of the facts under the variants of its policy",
    "results.movements": "the evaluation and the one before it under the same policy, scored again step by step",
    "results.data_errors": "the facts that later files or corrections replaced, and those that count instead",
    "results.compositions": "the facts as they were when the evaluation was made or found unchanged last",
    "results.coefficients": "the evaluation's policy and the carriers table",
    "results.cohorts": "the evaluation's policy",
    "intake.submissions": "the submitted file and the run that read it",
    "intake.columns": "the header of the submitted sheet",
    "intake.problems": "the run that read the submitted sheet",
    "intake.withdrawals": "the command withdraw",
    "intake.watch": "the last run that was about to evaluate the period",
    "intake.objections": "submitted sheets of form corrections (申诉更正), and the evaluations before and after",
    "audit.runs": "the run itself",
    "audit.run_files": "the inbox as the run found it",
    "audit.run_evaluations": "the run itself",
}


def comment_statements(views: Iterable[View]) -> Iterator[str]:
    """COMMENT ON statements for all tables and `views`, each followed by those of its columns."""
    for table in TABLES.values():
        yield from table_comment_statements(table)
    for view in views:
        name = f"main.{quoted(view.name)}"
        yield f"COMMENT ON VIEW {name} IS {literal(view.meaning)}"
        for column, _ in view.columns:
            yield f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {literal(describe(column))}"


def table_comment_statements(table: Table) -> Iterator[str]:
    """COMMENT ON statements for `table` and each of its columns."""
    name = qualified_sql(table)
    yield f"COMMENT ON TABLE {name} IS {literal(table_comment(table))}"
    for column in table.columns:
        yield f"COMMENT ON COLUMN {name}.{quoted(column.name)} IS {literal(column_comment(column, table))}"


def table_comment(table: Table) -> str:
    """Meaning of one row of the table, its key, and the source of its rows."""
    form = _FORM_OF.get(table.qualified)
    key = f" · key: {', '.join(table.key)}" if table.key else ""
    if form is not None:
        counting = " among rows that are not superseded" if key and table.schema == "facts" else ""
        return f"{form.title} · {table.meaning}{key}{counting} · source: submitted sheets of form {form.id}"
    return f"{table.meaning}{key} · source: {_RESULT_SOURCES[table.qualified]}"


def column_comment(column: Column, table: Table) -> str:
    """Chinese title, English meaning, unit and source of a table's column."""
    form = _FORM_OF.get(table.qualified)
    if form is None:
        source = _RESULT_SOURCES[table.qualified]
    elif column.name in _OF_THIS_SOFTWARE:
        source = "assigned on intake"
    else:
        source = f"submitted sheets of form {form.id} ({form.title})"
    return f"{describe(column)} · source: {source}"


def describe(column: Column) -> str:
    """Chinese title, English meaning and unit of a column."""
    unit = f" · unit {column.unit}" if column.unit else ""
    zone = " (UTC)" if column.kind == "timestamp" else ""
    return f"{column.title} · {column.meaning}{zone}{unit}"
