"""What stands in the DuckDB file: tables, views, and their comments."""

from __future__ import annotations

from efficiency.warehouse.schema.comments import statements
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
    "create_table",
    "in_order",
    "literal",
    "naive_utc",
    "qualified_sql",
    "quoted",
    "statements",
]
