"""Facts and results in one DuckDB file: schema, publication, versions, lock, log of runs."""
