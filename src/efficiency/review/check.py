"""`efficiency check`: reads files as a run would and reports their problems; publishes nothing, opens no warehouse."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from efficiency.errors import UsageError
from efficiency.intake.files import InboxFile, listed
from efficiency.intake.formats import read_grids
from efficiency.intake.layout import NO_MAPPING, draft_mapping, load_mapping
from efficiency.intake.problems import problems_frame
from efficiency.intake.resolution import ResolutionResult, Stated, receipts, resolve
from efficiency.job.execution import read_files
from efficiency.job.ingest import arrived, named_file, repeated, spreadsheets

NEEDS_REGISTER = ("enterprise_unknown", "enterprise_ambiguous")
"""Rules whose problems are left out where no register is among the files."""


@dataclass(frozen=True)
class Checked:
    """What intake reads from the files, and the marked workbooks that were written."""

    files: tuple[InboxFile, ...]
    resolved: ResolutionResult
    has_register: bool
    returned: tuple[Path, ...]
    draft: str
    """Text of a mapping file to edit, for the sheets that were not recognised."""


def check_paths(paths: Sequence[Path], output: Path | None, mapping_file: Path | None = None) -> Checked:
    """Read files and folders as a run would; with `output`, write the marked workbooks to that folder.

    Without a register among the files, enterprises are not looked up: figures are checked, names are not. Raises
    UsageError for a path that does not exist or may not be read.
    """
    from efficiency.reports.submitters import write_all_returned

    files, notes = _listed(paths)
    mapping = load_mapping(mapping_file) if mapping_file else NO_MAPPING
    distinct = {file.sha256: file for file in reversed(files)}
    parsed = read_files([file for file in files if distinct[file.sha256] is file], mapping, lambda done, total: None)
    problems = pl.concat([parsed.problems, *notes, repeated(files)], how="diagonal")
    resolved = resolve(
        Stated(
            submissions=arrived(parsed, 0, "check", datetime.now(UTC)),
            columns=parsed.columns,
            problems=problems,
            rows=parsed.chunks,
        )
    )
    has_register = parsed.chunks["register"].height > 0
    if not has_register:
        meaningful = ~pl.col("rule").is_in(NEEDS_REGISTER)
        resolved = replace(resolved, problems=resolved.problems.filter(meaningful))
    returned: list[Path] = []
    if output is not None:
        written = write_all_returned([(file.path, file.name) for file in files], resolved.problems, output)
        returned = [workbook.path for workbook in written]
    return Checked(tuple(files), resolved, has_register, tuple(returned), _drafts(files, resolved.problems))


def _drafts(files: Sequence[InboxFile], problems: pl.DataFrame) -> str:
    """Text of a mapping file with a layout for each sheet that was not recognised; empty if there is none."""
    unknown = set(problems.filter(pl.col("rule") == "form_unknown").select("file_name", "sheet").iter_rows())
    return "\n".join(
        draft
        for file in files
        if any(name == file.name for name, _ in unknown)
        for grid in read_grids(file.path)
        if (file.name, grid.sheet) in unknown and (draft := draft_mapping(grid, file.name))
    )


def _listed(paths: Sequence[Path]) -> tuple[list[InboxFile], list[pl.DataFrame]]:
    """Every spreadsheet of `paths`, and frames of the problems met while listing folders."""
    files: list[InboxFile] = []
    notes: list[pl.DataFrame] = []
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
            raise UsageError(f"{path} is neither a file nor a folder. Check the name.")
    return files, notes


def checked_as_json(checked: Checked) -> dict[str, Any]:
    """Submissions and problems as the object that `--json` prints.

    Without a register it is not known whose rows would count: the numbers of accepted, rejected and superseded rows
    are null, and so is the status of a sheet unless it is refused in any case.
    """
    resolved = checked.resolved
    submissions = receipts(resolved.submissions)
    return {
        "files": len(checked.files),
        "enterprises_looked_up": checked.has_register,
        "submissions": submissions if checked.has_register else [_without_register(one) for one in submissions],
        "problems": resolved.problems.drop("row").to_dicts(),
        "mapping_draft": checked.draft,
        "paths": {"returned": [str(path) for path in checked.returned]},
    }


def _without_register(receipt: dict[str, Any]) -> dict[str, Any]:
    """The receipt of a sheet whose enterprises were not looked up, with null for what that leaves unknown."""
    of_enterprises = ("rows_accepted", "rows_rejected", "rows_superseded")
    refused = receipt["rows_unusable"] == sum(receipt[name] for name in of_enterprises)
    return receipt if refused else receipt | dict.fromkeys((*of_enterprises, "status"))


def checked_lines(checked: Checked) -> Iterator[str]:
    """The lines that the command prints: sheets and what was recognised in them, problems, marked workbooks."""
    from efficiency.reports.submitters import problem_table
    from efficiency.reports.text import on_one_line

    for row in checked.resolved.submissions.iter_rows(named=True):
        sheet = f" [{on_one_line(row['sheet'])}]" if row["sheet"] else ""
        read = f"{row['rows_total']} rows = " + " + ".join(
            f"{row[f'rows_{name}']} {name}"
            for name in ("accepted", "rejected", "superseded", "totals", "notes", "blank")
        )
        if not checked.has_register and row["form"] != "register":
            read = f"{row['rows_total']} rows read"
        form, period = row["form"] or "not recognised", row["period_label"] or "no period"
        yield f"{on_one_line(row['file_name'])}{sheet}: {form}, {period}, {read}"
    if not checked.has_register:
        yield "No register among the files: figures were checked, enterprises were not looked up."
    yield problem_table(checked.resolved.problems)
    if checked.draft:
        yield "A mapping for the sheets that were not recognised, to edit and hand to --mapping:\n"
        yield checked.draft
    yield from (f"To give back: {on_one_line(str(path))}" for path in checked.returned)
