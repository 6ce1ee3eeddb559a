"""The schema of the DuckDB file: tables, views and comments, generated from the declarations in `schemas`."""

from __future__ import annotations

from efficiency.warehouse.schema.comments import comment_statements, table_comment_statements
from efficiency.warehouse.schema.tables import (
    TABLES,
    Contents,
    aware_utc,
    create_table,
    in_order,
    literal,
    naive_utc,
    qualified_sql,
    quoted,
)
from efficiency.warehouse.schema.views import all_views

__all__ = [
    "TABLES",
    "Contents",
    "all_views",
    "aware_utc",
    "comment_statements",
    "create_table",
    "in_order",
    "literal",
    "naive_utc",
    "qualified_sql",
    "quoted",
    "table_comment_statements",
]
