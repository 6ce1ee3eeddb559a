"""Builds what sheets state, a few lines at a time: the input of everything that resolves."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from efficiency.intake.parsing import uscc
from efficiency.intake.problems import EMPTY, problem, problems_frame
from efficiency.intake.resolution import ResolutionResult, Stated, resolve
from efficiency.partitions import Chunks
from schemas import COLUMN_MAP, FACTS, FORMS, STATED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BODIES = {letter: f"91370303MA3C0000{number}" for number, letter in enumerate("ABCDEF")}
CODES = {letter: body + str(pl.select(uscc.check_character(pl.lit(body))).item()) for letter, body in _BODIES.items()}
"""Valid codes of made-up enterprises."""
NAMES = {"A": "淄博甲陶瓷有限公司", "B": "淄博乙机械有限公司", "C": "淄博丙化工有限公司"}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Row = dict[str, Any]


@dataclass(frozen=True)
class Resolved:
    """What resolving gives, with the facts of each form as one frame."""

    submissions: pl.DataFrame
    columns: pl.DataFrame
    problems: pl.DataFrame
    facts: dict[str, pl.DataFrame]


@dataclass
class Sheet:
    """One sheet: its rows, each a dict of fields; `at` is the sheet's row, by default counted from 2."""

    form: str
    rows: Sequence[Row]
    id: str = "s"
    filled_on: date | None = None
    arrival: int = 0
    totals: int = 0
    notes: int = 0
    blank: int = 0
    unusable: int = 0
    factors: dict[str, float] = field(default_factory=dict)
    file: str = ""
    """Name of its file, by default made of its id."""
    bytes: str = ""
    """Digest of its file, by default its id."""
    run: str = "run"
    label: str | None = None
    """The period of its heading."""


def month(year: int, number: int) -> Row:
    """The span of one month."""
    return {"span_start": date(year, number, 1), "span_end": date(year, number, 1)}


def year_to_date(year: int, number: int) -> Row:
    """The span from January to a month."""
    return {"span_start": date(year, 1, 1), "span_end": date(year, number, 1)}


def enterprise(letter: str, **more: Any) -> Row:
    """A register row."""
    return {"uscc": CODES[letter], "name": NAMES[letter], **more}


def register(*letters: str, id: str = "register") -> Sheet:  # noqa: A002
    """The register of these enterprises."""
    return Sheet("register", [enterprise(letter) for letter in letters], id=id)


def stated(*sheets: Sheet, problems: Iterable[dict[str, Any]] = ()) -> Stated:
    """Everything these sheets state; they arrive in this order unless they say otherwise."""
    submissions, columns, rows = [], [], {form: [table.empty()] for form, table in STATED.items()}
    for position, sheet in enumerate(sheets, start=1):
        made = [
            {
                "submission_id": sheet.id,
                "sheet": "Sheet1",
                "row": row.get("at", number),
                "block": 0,
                **{name: value for name, value in row.items() if name != "at"},
            }
            for number, row in enumerate(sheet.rows, start=2)
        ]
        table = STATED[sheet.form]
        rows[sheet.form].append(
            pl.DataFrame(
                made,
                schema={n: t for n, t in table.polars_schema.items() if any(n in row for row in made)},
                orient="row",
            ).pipe(table.conform)
            if made
            else table.empty()
        )
        used = len({row["row"] for row in made})
        submissions.append(
            {
                "submission_id": sheet.id,
                "file_name": sheet.file or f"{sheet.id}.xlsx",
                "sha256": sheet.bytes or sheet.id,
                "form": sheet.form,
                "sheet": "Sheet1",
                "period_label": sheet.label,
                "filled_on": sheet.filled_on,
                "rows_total": used + sheet.totals + sheet.notes + sheet.blank + sheet.unusable,
                "rows_totals": sheet.totals,
                "rows_notes": sheet.notes,
                "rows_blank": sheet.blank,
                "rows_rejected": sheet.unusable,
                "arrival": sheet.arrival or position,
                "run_id": sheet.run,
                "received_at": datetime(2026, 11, 5, tzinfo=UTC),
            }
        )
        for block in {row["block"] for row in made}:
            columns += [
                {
                    "submission_id": sheet.id,
                    "block": block,
                    "field": name,
                    "column": LETTERS[place],
                    "header": name,
                    "unit": None,
                    "factor": sheet.factors.get(name),
                    "unit_assumed": False,
                }
                for place, name in enumerate(FORMS[sheet.form].names)
            ]
    found = list(problems)
    return Stated(
        pl.DataFrame(
            submissions,
            schema_overrides={
                "period_label": pl.String,
                "filled_on": pl.Date,
                "received_at": pl.Datetime("us", "UTC"),
            },
        ),
        pl.DataFrame(columns, schema=COLUMN_MAP.polars_schema, orient="row"),
        problems_frame(found) if found else EMPTY,
        {form: Chunks(STATED[form].empty(), (pl.concat(frames),)) for form, frames in rows.items()},
    )


def resolved(*sheets: Sheet, problems: Iterable[dict[str, Any]] = ()) -> Resolved:
    """What resolving these sheets gives."""
    return whole(resolve(stated(*sheets, problems=problems)))


def whole(result: ResolutionResult) -> Resolved:
    """`result` with its facts in memory."""
    facts = {form: result.facts.table(form).whole() for form in FACTS}
    return Resolved(result.submissions, result.columns, result.problems, facts)


def refused(rule: str, sheet: Sheet, row: int, field: str) -> dict[str, Any]:
    """A problem that reading found in a sheet's row."""
    cell = f"{LETTERS[FORMS[sheet.form].names.index(field)]}{row}"
    return problem(
        rule,
        submission_id=sheet.id,
        file_name=f"{sheet.id}.xlsx",
        sheet="Sheet1",
        row=row,
        cell=cell,
        field=field,
        value="abc",
    )


def counting(result: Resolved, form: str) -> pl.DataFrame:
    """The facts of a form that count."""
    return result.facts[form].filter(~pl.col("superseded"))


def problem_cells(result: Resolved, rule: str) -> list[tuple[str, str | None]]:
    """File and cell of each problem of a rule."""
    return [
        (str(file), cell)
        for file, cell in result.problems.filter(pl.col("rule") == rule).select("file_name", "cell").iter_rows()
    ]


def message(result: Resolved, rule: str) -> str:
    """The message of the only problem of a rule."""
    return str(result.problems.filter(pl.col("rule") == rule)["message"].item())
