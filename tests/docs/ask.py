"""Answers queries with whatever DuckDB this Python has; test_analyst_guide.py runs it with clients of other versions.

    python ask.py queries.json warehouse.duckdb

Standard output: the client's version, and for each question the rows as text, or the error.
"""

import json
import sys
from pathlib import Path

import duckdb


def main(queries: str, warehouse: str) -> None:
    asked = json.loads(Path(queries).read_text(encoding="utf-8"))
    answers: dict[str, list[list[str]] | str] = {}
    for question, query in asked.items():
        with duckdb.connect(warehouse, read_only=True) as connection:
            try:
                answers[question] = [[str(value) for value in row] for row in connection.execute(query).fetchall()]
            except duckdb.Error as error:
                answers[question] = f"{type(error).__name__}: {error}"
    print(json.dumps({"version": duckdb.__version__, "answers": answers}, ensure_ascii=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
