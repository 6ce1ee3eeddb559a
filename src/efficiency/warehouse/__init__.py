"""Facts and results in one DuckDB file: its tables, comments and views, its publication, and what it remembers."""
