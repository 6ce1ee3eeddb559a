"""The data dictionary of `docs/analyst.md`: every table and view with its columns, from their declarations.

    python -m efficiency.warehouse.schema.dictionary docs/analyst.md

replaces the part of the document between its two marks; a test compares it with the declarations.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.warehouse.schema.comments import table_comment
from efficiency.warehouse.schema.tables import SQL_TYPES, TABLES
from efficiency.warehouse.schema.views import all_views

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from schemas.column import Column

BEGIN, END = "<!-- dictionary: begin -->", "<!-- dictionary: end -->"


def dictionary() -> str:
    """Markdown of the data dictionary: views, then tables, each with its meaning and one row per column."""
    return "\n".join([*_views(), *_tables()])


def renewed(document: str) -> str:
    """`document` with the current dictionary between its marks. Raises ValueError when a mark is missing."""
    if document.count(BEGIN) != 1 or document.count(END) != 1:
        raise ValueError(f"the document must have the marks {BEGIN} and {END} once each")
    before, rest = document.split(BEGIN)
    return f"{before}{BEGIN}\n{dictionary()}\n{END}{rest.split(END)[1]}"


def _views() -> Iterator[str]:
    yield "\n### Views: the current evaluation of each period\n"
    for view in all_views():
        yield from _section(f"main.{view.name}", view.meaning, (column for column, _ in view.columns))


def _tables() -> Iterator[str]:
    yield "\n### Tables\n"
    for qualified, table in TABLES.items():
        yield from _section(qualified, table_comment(table), table.columns)


def _section(name: str, meaning: str, columns: Iterable[Column]) -> Iterator[str]:
    yield f"#### `{name}`\n\n{_cell(meaning)}\n"
    yield "| column | type | unit | 名称 | meaning |\n|---|---|---|---|---|"
    for column in columns:
        unit = column.unit or ("UTC" if column.kind == "timestamp" else "")
        missing = "" if column.nullable else " NOT NULL"
        known = f" One of: {', '.join(f'`{choice}`' for choice in column.choices)}." if column.choices else ""
        meaning = f"{column.meaning}.{known}" if known else column.meaning
        yield f"| `{column.name}` | {SQL_TYPES[column.kind]}{missing} | {unit} | {column.title} | {_cell(meaning)} |"
    yield ""


def _cell(text: str) -> str:
    """`text` on one line with `|` escaped, as a Markdown table cell."""
    return " ".join(text.split()).replace("|", "\\|")


def main(paths: Iterable[str]) -> None:
    """Replace the dictionary in each of the documents at `paths`; exits with the usage when none is named."""
    named = tuple(map(Path, paths))
    if not named:
        sys.exit("no document is named. To do: python -m efficiency.warehouse.schema.dictionary docs/analyst.md")
    for path in named:
        path.write_text(renewed(path.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
