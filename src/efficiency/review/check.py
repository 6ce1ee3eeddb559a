"""`efficiency check`: reads files as a run would and reports their problems; publishes nothing, writes no warehouse.

With a warehouse the files are judged as if they had arrived after everything that it keeps: by its register, against
its earlier months, and in place of what they state anew.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.intake.files import InboxFile, listed
from efficiency.intake.formats import read_grids
from efficiency.intake.layout import NO_MAPPING, draft_mapping, load_mapping
from efficiency.intake.parsing import span_labels, uscc
from efficiency.intake.problems import problems_frame
from efficiency.intake.resolution import PAIR, Stated, receipts, stated_pairs
from efficiency.job.execution import resolve_in_partitions, within_limits
from efficiency.job.ingest import Source, ingest_files, named_file, spreadsheets
from efficiency.language import Text, joined, say
from efficiency.partitions import Chunks
from efficiency.warehouse.schema import Contents
from efficiency.warehouse.staging import reading_scratch
from schemas import FORMS, PROBLEMS, STATED, SUBMISSIONS

NEEDS_REGISTER = ("enterprise_unknown", "enterprise_ambiguous")
"""Rules whose problems are left out where no register is among the files or in the warehouse."""
OF_IDENTITY = (*NEEDS_REGISTER, "uscc_invalid", "enterprise_missing", "name_mismatch", "code_renamed")
"""Rules that say which enterprise a row is about."""
_STAND_IN = "0000"
"""Beginning of the codes that stand in for those of enterprises of which only the name is stated; no code has it."""
NAMED = 20
"""Clean files that are named before it is said how many more there are."""


@dataclass(frozen=True)
class Checked:
    """What intake reads from the files, and the marked workbooks that were written."""

    files: tuple[InboxFile, ...]
    submissions: pl.DataFrame
    """Shape `schemas.SUBMISSIONS`, those of `files`, with `period`: what the sheet or its rows are about."""
    problems: pl.DataFrame
    """Shape `efficiency.intake.problems.PARSE_PROBLEMS`, those of `files`."""
    warehouse: Path | None
    """What the files were judged against besides each other."""
    enterprises: int
    """In the register that they were judged against; 0 where there is none."""
    of_others: pl.DataFrame
    """Likewise, what the files would change about those in the warehouse: figures that they replace, contradictions."""
    returned: tuple[Path, ...]
    draft: str
    """Text of a mapping file to edit, for the sheets that were not recognised."""

    @property
    def errors(self) -> int:
        """How many error-level problems there are."""
        return self.problems.filter(pl.col("severity") == "error").height


def check_paths(
    paths: Sequence[Path],
    output: Path | None = None,
    mapping_file: Path | None = None,
    warehouse: Path | None = None,
) -> Checked:
    """Read files and folders as a run would; with `output`, write the marked workbooks to that folder.

    They are judged against what `warehouse` keeps, where one is named. Without a register among the files or there,
    enterprises are not looked up: figures are checked, names are not. Raises UsageError for a path or a warehouse that
    does not exist or may not be read.
    """
    from efficiency.reports.submitters import write_all_returned

    if warehouse is not None and not warehouse.is_file():
        raise UsageError(
            say(
                "There is no warehouse {warehouse}. Name another file with --warehouse, or leave it out.",
                warehouse=warehouse,
            )
        )
    files, notes = _listed(paths)
    mapping = load_mapping(mapping_file) if mapping_file else NO_MAPPING
    with _folder(warehouse) as folder:
        source = Source(warehouse or folder / "none.duckdb", mapping, "check", datetime.now(UTC), folder)
        named = _as_in_warehouse(files, source.warehouse)
        ingested = ingest_files(list(named.values()), notes, source, anew=True)
        resolved = resolve_in_partitions(ingested.stated, folder)
        if not ingested.stated.rows["register"].height:
            resolved = replace(resolved, problems=_with_figures_compared(ingested.stated, resolved.problems, folder))
        ours = sorted({file.sha256[:12] for file in files} | set(notes["submission_id"]))
        shown = {known.name: name for name, known in named.items()}
        submissions, problems = (
            frame.filter(pl.col("submission_id").str.head(12).is_in(ours)).with_columns(
                pl.col("file_name").replace(shown)
            )
            for frame in (resolved.submissions, resolved.problems)
        )
        submissions = submissions.join(_periods(ingested.stated, submissions), on="submission_id", how="left")
        register = ingested.stated.rows["register"]
        enterprises = register.lazy().select(pl.col("uscc").n_unique()).collect().item() if register.height else 0
        of_others = _of_others(ingested.stored, resolved.problems, ours)
    if not enterprises:
        problems = problems.filter(~pl.col("rule").is_in(NEEDS_REGISTER))
    returned: list[Path] = []
    if output is not None:
        written = write_all_returned([(file.path, file.name) for file in files], problems, output)
        returned = [workbook.path for workbook in written]
    draft = _drafts(files, problems)
    return Checked(tuple(files), submissions, problems, warehouse, enterprises, of_others, tuple(returned), draft)


@contextmanager
def _folder(warehouse: Path | None) -> Iterator[Path]:
    """Folder for rows that memory should not hold: beside the warehouse, or a temporary one."""
    if warehouse is not None:
        with reading_scratch(warehouse) as folder:
            yield folder
    else:
        with tempfile.TemporaryDirectory(prefix="efficiency-check-") as name:
            yield Path(name)


def _with_figures_compared(stated: Stated, problems: pl.DataFrame, folder: Path) -> pl.DataFrame:
    """`problems`, found without a register, with those that figures have whoever their enterprise is (a conflict).

    For these, whatever enterprises are stated are taken for registered.
    """
    compared = resolve_in_partitions(replace(stated, rows={**stated.rows, "register": _stand_in(stated)}), folder)
    key = ["submission_id", "cell", "field", "rule"]
    more = compared.problems.filter(~pl.col("rule").is_in(OF_IDENTITY)).join(
        problems, on=key, how="anti", nulls_equal=True, maintain_order="left"
    )
    code = pl.when(~pl.col("uscc").str.starts_with(_STAND_IN)).then("uscc")
    return pl.concat([problems, more.with_columns(code.alias("uscc"))])


def _stand_in(stated: Stated) -> Chunks:
    """A register of every enterprise that is stated: by its code where that is valid, else by its name."""
    frames = [chunks.lazy().select(*PAIR).unique().collect() for chunks in stated.rows.values() if chunks.height]
    pairs = stated_pairs({str(number): frame for number, frame in enumerate(frames)}).with_columns(
        uscc.normalise(pl.col("uscc")).alias("uscc")
    )
    valid = uscc.is_valid(pl.col("uscc"))
    coded = pairs.filter(valid).sort("uscc", "name", nulls_last=True).unique("uscc", keep="first", maintain_order=True)
    named = pairs.filter(~valid & pl.col("name").is_not_null()).join(coded, on="name", how="anti")
    body = pl.lit(_STAND_IN) + pl.int_range(pl.len()).cast(pl.String).str.zfill(uscc.LENGTH - 1 - len(_STAND_IN))
    by_name = named.select("name").unique().sort("name").with_columns(body.alias("uscc"))
    by_name = by_name.with_columns((pl.col("uscc") + uscc.check_character(pl.col("uscc"))).alias("uscc"))
    both = pl.concat([coded.select("uscc", "name"), by_name.select("uscc", "name")])
    lineage = {"submission_id": pl.lit(_STAND_IN), "sheet": pl.lit(""), "block": pl.lit(0)}
    rows = both.with_columns(pl.col("name").fill_null(pl.col("uscc"))).with_row_index("row", offset=1)
    table = STATED["register"]
    return Chunks(table.empty(), (table.conform(rows.with_columns(**lineage)),))


def _as_in_warehouse(files: Sequence[InboxFile], warehouse: Path) -> dict[str, InboxFile]:
    """Name of each file → the file under the name of the only file in the warehouse whose path ends so, else its own.

    A file that is checked before it is put into the inbox is to be seen as the successor of the one that is there.
    """
    from efficiency.warehouse.read import load

    kept = load(warehouse, [SUBMISSIONS.qualified]) or Contents()
    paths = kept[SUBMISSIONS.qualified]["file_name"].unique().to_list()
    ends: dict[str, list[str]] = {}
    for path in paths:
        ends.setdefault(path.rpartition("/")[2], []).append(path)
    named: dict[str, InboxFile] = {}
    for file in files:
        alike = [
            path
            for path in ends.get(file.name.rpartition("/")[2], [])
            if path == file.name or path.endswith(f"/{file.name}")
        ]
        named[file.name] = replace(file, name=alike[0]) if len(alike) == 1 else file
    return named


def _periods(stated: Stated, submissions: pl.DataFrame) -> pl.DataFrame:
    """submission_id, period: as the sheet says, else the span of its rows (2026-01..2026-10), else null."""
    unsaid = submissions.filter(pl.col("period_label").is_null())
    found = [submissions.select("submission_id", pl.col("period_label").alias("period")).drop_nulls()]
    for (form,), own in unsaid.drop_nulls("form").group_by("form"):
        if FORMS[str(form)].flow:
            found.append(_of_rows(stated.rows[str(form)], own["submission_id"]))
    return pl.concat(found)


def _of_rows(rows: Chunks, submissions: pl.Series) -> pl.DataFrame:
    """submission_id, period of the rows of these submissions."""
    first, last = pl.col("span_start").min(), pl.col("span_end").max()
    return (
        rows.lazy()
        .filter(pl.col("submission_id").is_in(submissions.implode()))
        .group_by("submission_id")
        .agg(span_labels(first, last).alias("period"))
        .collect()
    )


def _of_others(stored: Contents, problems: pl.DataFrame, ours: Sequence[str]) -> pl.DataFrame:
    """The `problems` of other files that the warehouse does not know of: what the files change about them."""
    same = ["submission_id", "cell", "field", "rule", "message"]
    others = problems.filter(~pl.col("submission_id").str.head(12).is_in(ours))
    known = stored[PROBLEMS.qualified].select(same)
    return others.join(known, on=same, how="anti", nulls_equal=True, maintain_order="left")


def _drafts(files: Sequence[InboxFile], problems: pl.DataFrame) -> str:
    """Text of a mapping file with a layout for each sheet that was not recognised; empty if there is none."""
    unknown = set(problems.filter(pl.col("rule") == "form_unknown").select("file_name", "sheet").iter_rows())
    drafts: list[str] = []
    for file in files:
        if sheets := {sheet for name, sheet in unknown if name == file.name}:
            drafts += within_limits(file, drafts_of, sheets) or []
    return "\n".join(drafts)


def drafts_of(file: InboxFile, sheets: Set[str]) -> list[str]:
    """The layouts of those sheets of a file."""
    drafts = (draft_mapping(grid, file.name) for grid in read_grids(file.path) if grid.sheet in sheets)
    return [draft for draft in drafts if draft]


def _listed(paths: Sequence[Path]) -> tuple[list[InboxFile], pl.DataFrame]:
    """Every spreadsheet of `paths`, and the problems met while listing folders."""
    files: list[InboxFile] = []
    notes: list[pl.DataFrame] = [problems_frame([])]
    for path in paths:
        if path.is_dir():
            found, problems = spreadsheets(path)
            files.extend(found)
            notes.append(problems)
        elif path.is_file():
            file = named_file(path)
            found, aside = listed(file) if file.path.suffix.lower() == ".zip" else ([file], [])
            files.extend(found)
            notes.append(problems_frame(aside))
        else:
            raise UsageError(say("{path} is neither a file nor a folder. Check the name.", path=path))
    return files, pl.concat(notes)


def checked_as_json(checked: Checked) -> dict[str, Any]:
    """Submissions and problems as the object that `--json` prints.

    Without a register it is not known whose rows would count: the numbers of accepted, rejected and superseded rows
    are null, and so is the status of a sheet unless it is refused in any case.
    """
    periods = checked.submissions["period"].to_list()
    submissions = [
        {**one, "period": period} for one, period in zip(receipts(checked.submissions), periods, strict=True)
    ]
    levels = dict(checked.problems.group_by("severity").len().iter_rows())
    return {
        "files": len(checked.files),
        "warehouse": str(checked.warehouse) if checked.warehouse else None,
        "enterprises_looked_up": checked.enterprises > 0,
        "counts": {
            "files": len(checked.files),
            "submissions": checked.submissions.height,
            "rows_total": int(checked.submissions["rows_total"].sum()),
            "problems": checked.problems.height,
            **{f"problems_{level}": levels.get(level, 0) for level in ("error", "warning", "note")},
        },
        "submissions": submissions if checked.enterprises else [_without_register(one) for one in submissions],
        "problems": checked.problems.drop("row").to_dicts(),
        "problems_of_earlier_files": checked.of_others.drop("row").to_dicts(),
        "mapping_draft": checked.draft,
        "paths": {"returned": [str(path) for path in checked.returned]},
    }


def _without_register(receipt: dict[str, Any]) -> dict[str, Any]:
    """The receipt of a sheet whose enterprises were not looked up, with null for what that leaves unknown."""
    of_enterprises = ("rows_accepted", "rows_rejected", "rows_superseded")
    refused = receipt["rows_unusable"] == sum(receipt[name] for name in of_enterprises)
    return receipt if refused else receipt | dict.fromkeys((*of_enterprises, "status"))


def checked_lines(checked: Checked) -> Iterator[str]:
    """The lines that the command prints: sheets and what was recognised in them, problems by file, and the totals.

    The problems are in the submitters' language.
    """
    from efficiency.reports.submitters import problem_table
    from efficiency.reports.text import on_one_line

    for row in checked.submissions.iter_rows(named=True):
        yield _sheet_line(row, looked_up=bool(checked.enterprises))
    if table := problem_table(checked.problems):
        yield f"\n{table}\n"
    wrong = set(checked.problems["file_name"])
    clean = [on_one_line(file.name) for file in checked.files if file.name not in wrong]
    yield from (say("{name}  no problems", name=name) for name in clean[:NAMED])
    if len(clean) > NAMED:
        yield say("{number} more files without problems", number=len(clean) - NAMED)
    if checked.of_others.height:
        yield joined(["", say("For files sent earlier:"), problem_table(checked.of_others), ""], "\n")
    if checked.draft:
        draft = say("A mapping file states the layout of sheets that were not recognised; edit this one for --mapping:")
        yield joined([draft, ""], "\n")
        yield checked.draft
    yield from (say("Returned: {path}", path=on_one_line(str(path))) for path in checked.returned)
    if not checked.enterprises:
        yield say("There is no register: figures are checked, enterprises are not.")
    elif checked.warehouse:
        yield say(
            "Checked against the register ({enterprises} enterprises) and the earlier figures in {warehouse}.",
            enterprises=checked.enterprises,
            warehouse=on_one_line(str(checked.warehouse)),
        )
    yield say(
        "Total: {files} files, {sheets} sheets, {rows} rows read; {problems}.",
        files=len(checked.files),
        sheets=checked.submissions.height,
        rows=int(checked.submissions["rows_total"].sum()),
        problems=problem_counts(checked.problems) or say("no problems"),
    )


def problem_counts(problems: pl.DataFrame) -> list[Text]:
    """How many problems there are of each severity, those without any left out."""
    levels = dict(problems.group_by("severity").len().iter_rows())
    words = {
        "error": say("{number} errors", number=levels.get("error", 0)),
        "warning": say("{number} warnings", number=levels.get("warning", 0)),
        "note": say("{number} notes", number=levels.get("note", 0)),
    }
    return [words[level] for level in words if level in levels]


def _sheet_line(row: dict[str, Any], *, looked_up: bool) -> Text:
    """What was recognised in a sheet and what became of its rows; `looked_up`: there is a register."""
    from efficiency.reports.text import on_one_line

    if looked_up or row["form"] == "register":
        outcome = say(
            "{accepted} accepted, {rejected} rejected, {superseded} superseded or repeated, {totals} totals, "
            "{notes} notes, {blank} blank",
            **{
                name: row[f"rows_{name}"] for name in ("accepted", "rejected", "superseded", "totals", "notes", "blank")
            },
        )
    else:
        outcome = say("enterprises not looked up")
    place = on_one_line(row["file_name"]) + (f" [{on_one_line(row['sheet'])}]" if row["sheet"] else "")
    if not row["form"]:
        return say(
            "{place}: not recognised, {rows} rows read ({outcome})",
            place=place,
            rows=row["rows_total"],
            outcome=outcome,
        )
    return say(
        "{place}: {form} ({title}), {period}, {rows} rows read ({outcome})",
        place=place,
        form=row["form"],
        title=FORMS[row["form"]].title,
        period=row["period"] or say("no period"),
        rows=row["rows_total"],
        outcome=outcome,
    )
