"""What `efficiency status` prints: tables as wide as the terminal, in the operator's language."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text as Line

from efficiency.language import say, shown
from efficiency.reports.text import on_one_line
from schemas import FORMS
from schemas.profile import TIERS
from schemas.results import STATUS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import TextIO

    from efficiency.review.status.found import Status

NAMED = 30
"""Rows of a table before it is said how many more there are."""
WIDTH = 160
"""Columns where the output is no terminal."""
STATES = {"received": say("received"), "late": say("late"), "overdue": say("overdue"), "expected": say("not yet")}
"""State of a return → the word for it, the last two first."""


def print_status(found: Status, file: TextIO | None = None) -> None:
    """Print `found` to `file`, by default standard output."""
    console = Console(file=file, highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = WIDTH
    for line in _head(found):
        console.print(Line(shown(line)))
    for title, table in _tables(found):
        console.print()
        console.print(Line(shown(title), style="bold"))
        console.print(table)
    for line in _end(found):
        console.print(Line(shown(line)))


def _head(found: Status) -> Iterator[str]:
    place = on_one_line(str(found.warehouse))
    yield say(
        "Status of {period} ({policy_id}), {place}, {enterprises} enterprises in the register",
        period=found.period,
        policy_id=found.policy_id,
        place=place,
        enterprises=found.enterprises,
    )
    evaluation = found.evaluation
    if evaluation:
        tiers = " ".join(f"{tier}{evaluation['tiers'].get(tier, 0)}" for tier in TIERS)
        others = [f"{STATUS_NAMES[name]}{count}" for name, count in evaluation["statuses"].items() if name != "ranked"]
        yield say(
            "Evaluated last: {evaluation_id}, {made}: {tiers}; {others}{stale}",
            evaluation_id=evaluation["evaluation_id"],
            made=_local(evaluation["created_at"]),
            tiers=tiers,
            others=others or say("all ranked"),
            stale=say("; earlier months were evaluated anew since: run it again") if evaluation["stale"] else "",
        )
        verify = evaluation["verify"]
        yield say(
            "To be verified: {listed}; on lists by a narrow margin, to be looked at again: {borderline}",
            listed=verify["listed"],
            borderline=verify["borderline"],
        )
    if found.last_run:
        run = found.last_run
        who, ended = on_one_line(run["operator"]), _local(run["finished"])
        yield say(
            "Run last: {run_id}, {who}, {ended}, {files_new} new files",
            run_id=run["run_id"],
            who=who,
            ended=ended,
            files_new=run["files_new"],
        )
    yield say("Open problems: {error} errors, {warning} warnings, {note} notes", **found.problems)
    yield (
        say("At work: {holder}", holder=on_one_line(found.held_by))
        if found.held_by
        else say("Nobody works on the warehouse now")
    )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _tables(found: Status) -> Iterator[tuple[str, Table]]:
    yield say("By month (✓: of every enterprise; else how many are missing)"), _by_month(found)
    if found.towns.height:
        yield say("Enterprises that lack something, by town"), _by_town(found)
    if found.returns.height:
        yield say("Returns for {period}", period=found.period), _returns(found)
    if found.missing.height:
        yield say("Enterprises that lack something"), _missing(found)
    if found.out_of_scope.height:
        rows = [
            [row["name"] or "", row["uscc"], row["town"] or "", row["reason"]]
            for row in found.out_of_scope.head(NAMED).iter_rows(named=True)
        ]
        heads = [say("enterprise"), say("code"), say("town"), say("reason")]
        yield say("Enterprises outside of the evaluation"), _table(heads, rows)
    if found.refused.height:
        rows = [
            [row["file_name"], row["sheet"], _form(row["form"]), row["period_label"] or ""]
            for row in found.refused.head(NAMED).iter_rows(named=True)
        ]
        heads = [say("file"), say("sheet"), say("form"), say("period")]
        yield say("Refused sheets"), _table(heads, rows)


def _by_month(found: Status) -> Table:
    """One row a measure, one column a month."""
    months = [f"{month:%y-%m}" for month in found.months]
    heads = [say("form"), say("measure"), say("expected"), *months, say("refused"), say("late")]
    rows = []
    for _, own in found.coverage.group_by("form", "word", maintain_order=True):
        first = own.row(0, named=True)
        by_month = {row["month"]: row["missing"] for row in own.iter_rows(named=True)}
        cells = (
            [_lacking(by_month[month]) if month in by_month else "" for month in found.months]
            if None not in by_month
            else ["", *[""] * (len(found.months) - 2), _lacking(by_month[None])]
        )
        rows.append(
            [
                _form(first["form"]), first["title"], str(first["expected"]), *cells,
                _number(own["refused"].sum()), _number(own["late"].max()),
            ]
        )  # fmt: skip
    return _table(heads, rows, right=range(2, len(heads)))


def _lacking(missing: int) -> str:
    return str(missing) if missing else "✓"


def _number(count: object) -> str:
    return str(count) if count else ""


def _by_town(found: Status) -> Table:
    """One row a town, one column a form: how many enterprises lack anything."""
    forms = found.missing["form"].unique(maintain_order=True).to_list()
    counts = found.missing.group_by("town", "form").agg(pl.col("uscc").n_unique().alias("count"))
    by_town = {(row["town"], row["form"]): row["count"] for row in counts.iter_rows(named=True)}
    towns = found.missing["town"].unique().sort(nulls_last=True).to_list()
    rows = [
        [town or shown(say("not stated")), *(_number(by_town.get((town, form))) for form in forms)] for town in towns
    ]
    return _table([say("town"), *(_form(form) for form in forms)], rows, right=range(1, len(forms) + 1))


def _returns(found: Status) -> Table:
    """One row a return, those that did not come first."""
    worst = {"overdue": 0, "expected": 1, "late": 2, "received": 3}
    rank = pl.col("state").replace_strict(worst, return_dtype=pl.Int64)
    rows = [
        [
            row["department"] or "",
            row["series"].rpartition("/")[2],
            _form(row["form"]),
            shown(STATES[row["state"]]),
            f"{row['last']:%Y-%m}" if row["last"] else "",
            "" if row["usual"] is None else shown(say("day {day} after", day=row["usual"])),
            "" if row["after"] is None else shown(say("day {day} after", day=row["after"])),
            "" if row["days"] is None else shown(say("{days} days", days=row["days"])),
        ]
        for row in found.returns.sort(rank, maintain_order=True).head(NAMED).iter_rows(named=True)
    ]
    heads = [
        say("department"),
        say("return"),
        say("form"),
        say("state"),
        say("last month sent"),
        say("usually on"),
        say("this time on"),
        say("late by"),
    ]
    return _table(heads, rows)


def _missing(found: Status) -> Table:
    """One row an enterprise and form: what it lacks; measures that lack the same together."""
    keys = ["uscc", "name", "town", "form", "needed"]
    together = (
        found.missing.group_by(*keys, "text", maintain_order=True)
        .agg(pl.col("title").str.join("、"))
        .with_columns(pl.concat_str("title", "text").alias("lacks"))
        .group_by(keys, maintain_order=True)
        .agg(pl.col("lacks").str.join("；"))
    )
    rows = [
        [
            row["name"] or "",
            row["uscc"],
            row["town"] or "",
            _form(row["form"]),
            row["lacks"],
            shown(say("no tier")) if row["needed"] else "",
        ]
        for row in together.head(NAMED).iter_rows(named=True)
    ]
    if together.height > NAMED:
        rows.append(
            [shown(say("… and {number} more rows, see --output or --json", number=together.height - NAMED)), *[""] * 5]
        )
    heads = [say("enterprise"), say("code"), say("town"), say("form"), say("lacks"), say("effect")]
    return _table(heads, rows)


def _form(form: str | None) -> str:
    return FORMS[form].title if form in FORMS else shown(say("not recognised"))


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for position, head in enumerate(heads):
        table.add_column(shown(head), justify="right" if position in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Line(on_one_line(cell)) for cell in row))
    return table


def _end(found: Status) -> Iterator[str]:
    lacking = found.missing["uscc"].n_unique()
    yield say(
        "Total: {lacking} enterprises lack something, {refused} sheets are refused.",
        lacking=lacking,
        refused=found.refused.height,
    )
