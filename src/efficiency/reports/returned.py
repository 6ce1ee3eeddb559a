"""Return workbooks: the submitter's own file, its problem cells marked and commented, with a list of what to do.

Submitted files are untrusted. Macros are carried along unread, links are never followed, a file that
would exhaust memory is not opened, and nothing is written outside the folder that is named.
"""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

import openpyxl
import polars as pl

from efficiency.errors import EfficiencyError
from efficiency.reports.cached_values import cached_values, restore_cached_values
from efficiency.reports.problem_list import Heading, earlier_appearances, in_order, write_list
from efficiency.reports.returned_marks import MAX_COMMENTS, mark_cells, remove_marks
from efficiency.reports.workbook_package import losses, too_large
from schemas.intake import LIST_SHEET

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openpyxl.workbook.workbook import Workbook

MARKABLE: Final = (".xlsx", ".xlsm")
LIST_SUFFIX: Final = ".问题清单.xlsx"
_MAX_NAME_BYTES: Final = 240
_ADVICE_MARKED: Final = (
    "处理办法：改正标色单元格后按原文件名重新报送。红色实线框为错误，黄色虚线框为警告；"
    "点击“单元格”列可跳到该处，批注写明原因。"
)
_ADVICE_LISTED: Final = "处理办法：请按下表所列工作表和单元格，在原文件中改正后按原文件名重新报送。"
_FORBIDDEN: Final = str.maketrans(dict.fromkeys(('\\', ":", "*", "?", '"', "<", ">", "|", *map(chr, range(32))), "_"))


@dataclass(frozen=True)
class ReturnedFile:
    """One file given back: what it was called, where the return stands, and how it was made."""

    name: str
    """Path below the inbox, as submitted."""
    path: Path
    kind: Literal["workbook", "list"]
    """workbook: the submitter's own, marked; list: the list of problems alone."""
    errors: int
    warnings: int
    reason: str | None = None
    """Why only the list is given, in Chinese."""
    losses: tuple[str, ...] = ()
    """What the marked copy may lack or show differently, in Chinese."""


def write_all_returned(
    files: Sequence[tuple[Path, str]], problems: pl.DataFrame, directory: Path
) -> list[ReturnedFile]:
    """Gives back every file of `files` that has an error or a warning in `problems`.

    `files`: path and name (posix path below the inbox) of each file that was read; `problems`:
    PARSE_PROBLEMS shape, matched by `file_name`. The inbox's sub-folders are kept below `directory`
    (the folder 退回). Raises EfficiencyError when a place cannot be written.
    """
    wrong = set(problems.filter(pl.col("severity") != "note")["file_name"])
    made: list[ReturnedFile] = []
    taken: set[Path] = set()
    for path, name in files:
        if name not in wrong:
            continue
        target = target_below(directory, name)
        number = 1
        while target in taken:
            number += 1
            target = target_below(directory, name)
            target = target.with_name(f"{target.stem}({number}){target.suffix}")
        taken.add(target)
        made.append(write_returned(path, name, problems, target))
    return made


def write_returned(file: Path, name: str, problems: pl.DataFrame, target: Path) -> ReturnedFile:
    """Writes the return of one submitted file to `target`, or its list alone to `target` + `.问题清单.xlsx`.

    The workbook keeps its layout (.xlsx, .xlsm with its macros): cells of errors and warnings are
    coloured and commented, and a sheet 问题清单 in front lists every problem, replacing the one of
    an earlier round along with its marks. Other formats, files too large to open safely and files
    that cannot be opened get the list alone. `problems` (PARSE_PROBLEMS shape) may hold other
    files' too. Raises EfficiencyError when the place cannot be written.
    """
    found = in_order(problems.filter(pl.col("file_name") == name))
    counts = dict(found.group_by("severity").len().iter_rows())
    errors, doubts = counts.get("error", 0), counts.get("warning", 0)
    alone = target.with_name(_short(target.name, LIST_SUFFIX))
    target.parent.mkdir(parents=True, exist_ok=True)
    reason = _why_alone(file)
    if reason is None:
        try:
            lost = losses(file)
            workbook, cached = _marked(file, name, found, lost), cached_values(file)
            _save(workbook, cached, target)
            alone.unlink(missing_ok=True)
            return ReturnedFile(name, target, "workbook", errors, doubts, None, lost)
        except EfficiencyError:
            raise
        except Exception:  # openpyxl fails in many ways on odd files; every one of them ends in the list
            reason = "文件结构特殊，无法在原件上标注"
    _save(_list_alone(name, found, reason), {}, alone)
    target.unlink(missing_ok=True)
    return ReturnedFile(name, alone, "list", errors, doubts, reason)


def target_below(directory: Path, name: str) -> Path:
    """Where the return of the file called `name` stands below `directory`.

    Steps out of the folder (`..`, a root, a drive) and characters that no file name may have are taken out of
    `name`. Raises EfficiencyError when a link within `directory` leads out of it all the same.
    """
    steps = (step.translate(_FORBIDDEN).strip() for step in PurePosixPath(name.replace("\\", "/")).parts)
    kept = [_short(step, "") for step in steps if step.strip("./ ")]
    target = directory.joinpath(*(kept or ["未命名"]))
    if not target.resolve().is_relative_to(directory.resolve()):
        raise EfficiencyError(
            f"{target} leads out of {directory} by a symbolic link. Remove the link or choose another --output folder."
        )
    return target


def _why_alone(file: Path) -> str | None:
    """Why the file itself cannot be marked, in Chinese; None when it can be tried."""
    if file.suffix.lower() not in MARKABLE:
        return f"{file.suffix.lower()} 格式的文件不能在原件上标注"
    try:
        return too_large(file)
    except Exception:  # truncated, encrypted, not a zip package, or damaged within
        return "文件无法打开"


def _marked(file: Path, name: str, problems: pl.DataFrame, lost: tuple[str, ...]) -> Workbook:
    """The submitter's workbook with marks and list."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what openpyxl drops is said on the list sheet
        # Extensions in capitals are refused by name, so the file is handed over open.
        with file.open("rb") as opened:
            workbook = openpyxl.load_workbook(opened, keep_vba=file.suffix.lower() == ".xlsm", rich_text=True)
    remove_marks(workbook, earlier_appearances(workbook))
    if LIST_SHEET in workbook.sheetnames:
        del workbook[LIST_SHEET]
    marked = mark_cells(workbook, problems)
    remarks = []
    if lost:
        remarks.append(
            f"本件由程序标注，下列内容可能缺失或与原件不同：{'、'.join(lost)}。需要保留的，请在原文件中对照改正后报送。"
        )
    if marked.uncommented:
        remarks.append(f"问题较多，前 {MAX_COMMENTS} 个单元格附批注，其余 {marked.uncommented} 个只标色。")
    links = frozenset(workbook.sheetnames)
    sheet = workbook.create_sheet(LIST_SHEET, 0)
    heading = Heading(name, _ADVICE_MARKED, tuple(remarks))
    write_list(sheet, problems, heading, links=links, before=marked.before)
    workbook.active = 0
    for other in workbook.worksheets[1:]:
        # Two selected sheets would be edited together.
        other.sheet_view.tabSelected = False
    return workbook


def _list_alone(name: str, problems: pl.DataFrame, reason: str) -> Workbook:
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = LIST_SHEET
    heading = Heading(name, _ADVICE_LISTED, (f"说明：{reason}，本表只列出问题所在位置。",))
    write_list(sheet, problems, heading, links=frozenset(), before={})
    return workbook


def _save(workbook: Workbook, cached: dict[str, dict[str, tuple[str, str]]], target: Path) -> None:
    """Writes the workbook beside its place and moves it there whole."""
    saved = target.with_name(f".{os.getpid()}.saved.tmp")
    complete = target.with_name(f".{os.getpid()}.complete.tmp")
    try:
        workbook.save(saved)
        if cached:
            restore_cached_values(saved, complete, cached)
            saved.unlink()
        else:
            saved.replace(complete)
        try:
            complete.replace(target)
        except OSError as error:
            raise EfficiencyError(
                f"{target} cannot be written ({error}). Close it in Excel or WPS and run again."
            ) from error
    finally:
        saved.unlink(missing_ok=True)
        complete.unlink(missing_ok=True)


def _short(name: str, suffix: str) -> str:
    """`name` + `suffix`, the name's stem cut where a file system would refuse its length."""
    room = _MAX_NAME_BYTES - len(suffix.encode())
    if len(name.encode()) <= room:
        return name + suffix
    stem, dot, ending = name.rpartition(".")
    keep = room - len((dot + ending).encode())
    return stem.encode()[:keep].decode(errors="ignore") + dot + ending + suffix
