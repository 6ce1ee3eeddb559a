"""Return workbooks: the submitter's own file, its problem cells marked and commented, with a list of what to do.

Submitted files are untrusted. Macros are carried along unread, links are never followed, a file that
would exhaust memory is not opened, and nothing is written outside the folder that is named.
"""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from efficiency.errors import EfficiencyError, not_written
from efficiency.language import say
from efficiency.reports.submitters.marks import MAX_COMMENTS, cell_marks
from efficiency.reports.submitters.package import ReturnWorkbook, UnusualWorkbookError, too_large
from efficiency.reports.submitters.problem_list import in_order, problem_list

if TYPE_CHECKING:
    from collections.abc import Sequence

MARKABLE: Final = (".xlsx", ".xlsm")
LIST_SUFFIX: Final = ".问题清单.xlsx"
_MAX_NAME_BYTES: Final = 240
_MAX_PATH_BYTES: Final = 2_048
"""Of a name with its folders: systems end at 4 096 for the whole path."""
_ADVICE_MARKED: Final = (
    "处理办法：改正标色单元格后按原文件名重新报送。红色实线框为错误，黄色虚线框为警告；"
    "点击“单元格”列可跳到该处，批注写明原因。"
)
_ADVICE_LISTED: Final = "处理办法：请按下表所列工作表和单元格，在原文件中改正后按原文件名重新报送。"
_FORBIDDEN: Final = str.maketrans(dict.fromkeys(("\\", ":", "*", "?", '"', "<", ">", "|", *map(chr, range(32))), "_"))


@dataclass(frozen=True)
class ReturnedFile:
    """One file given back: its name, the path of the return, and how it was made."""

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
    """What the marked copy lacks, in Chinese: a signature, which no longer holds for a changed file."""


DAMAGED = (
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, LookupError, OverflowError, RuntimeError,
    NotImplementedError, EOFError, OSError,
)  # fmt: skip
"""What reading a damaged package may raise; writing the return comes after it and has errors of its own."""


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
    folders: set[Path] = {directory}
    for path, name in files:
        if name not in wrong:
            continue
        first = target_below(directory, name)
        if not taken.isdisjoint(first.parents):  # a file has the name of its folder
            first = directory / first.name
        target, number = first, 1
        while not (taken.isdisjoint(candidates := (target, _list_beside(target))) and folders.isdisjoint(candidates)):
            number += 1
            target = _numbered(first, number)
        taken.update(candidates)
        folders.update(target.parents)
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
    alone = _list_beside(target)
    unreadable = found.filter((pl.col("rule") == "unreadable") & (pl.col("sheet") == "")).height > 0
    reason = "文件无法读取，无法在原件上标注" if unreadable else _why_alone(file)
    if reason is None:
        try:
            content, lost = _marked(file, name, found)
        except UnusualWorkbookError as unusual:
            reason = f"{unusual}，无法在原件上标注"
        except DAMAGED:  # where no search for tags expects it
            reason = "文件结构特殊，无法在原件上标注"
        else:
            _save(content, target)
            alone.unlink(missing_ok=True)
            return ReturnedFile(name, target, "workbook", errors, doubts, None, lost)
    _save(_list_alone(name, found, reason), alone)
    target.unlink(missing_ok=True)
    return ReturnedFile(name, alone, "list", errors, doubts, reason)


def _list_beside(target: Path) -> Path:
    """The path of the list that is given back instead of `target`."""
    return target.with_name(_short(target.name, LIST_SUFFIX))


def _numbered(target: Path, number: int) -> Path:
    """`target` under a name of its own, short enough that its list has one too."""
    mark = f"({number}){target.suffix}"
    room = _MAX_NAME_BYTES - len(f"{mark}{LIST_SUFFIX}".encode())
    return target.with_name(target.stem.encode()[:room].decode(errors="ignore") + mark)


def target_below(directory: Path, name: str) -> Path:
    """The path of the return of the file called `name` below `directory`.

    Steps out of the folder (`..`, a root, a drive) and characters that no file name may have are taken out of
    `name`, and so are the outer folders of a path that would be too long. Raises EfficiencyError when a link within
    `directory` leads out of it all the same.
    """
    steps = (step.translate(_FORBIDDEN).strip() for step in PurePosixPath(name.replace("\\", "/")).parts)
    kept = [_short(step, "") for step in steps if step.strip("./ ")]
    while len("/".join(kept).encode()) > _MAX_PATH_BYTES:
        kept = kept[1:]
    target = directory.joinpath(*(kept or ["未命名"]))
    if not target.resolve().is_relative_to(directory.resolve()):
        raise EfficiencyError(
            say(
                "{target} leads out of {directory} by a symbolic link. Remove the link or choose another --output "
                "folder.",
                target=target,
                directory=directory,
            )
        )
    return target


def _why_alone(file: Path) -> str | None:
    """Why the file itself cannot be marked, in Chinese; None when it can be tried."""
    if file.suffix.lower() not in MARKABLE:
        return f"{file.suffix.lower()} 格式的文件不能在原件上标注"
    try:
        return too_large(file)
    except DAMAGED:  # truncated, encrypted, or no zip package
        return "文件无法打开"


def _marked(file: Path, name: str, problems: pl.DataFrame) -> tuple[bytes, tuple[str, ...]]:
    """The submitter's workbook with marks and list, and what it lacks."""
    with file.open("rb") as opened:
        workbook = ReturnWorkbook(opened)
        lost = ("原件的数字签名在标注后失效，已移除",) if workbook.signature_removed else ()
        marks, uncommented = cell_marks(workbook, problems)
        refused = workbook.mark(marks)
        remarks = [f"说明：{words}。" for words in lost]
        if uncommented:
            remarks.append(f"问题较多，前 {MAX_COMMENTS} 个单元格附批注，其余 {uncommented} 个只标色。")
        if refused:
            remarks.append(f"{refused} 个单元格已有批注对话，只标色，原因见下表。")
        workbook.add_list(problem_list(problems, name, advice=_ADVICE_MARKED, remarks=remarks))
        return workbook.saved(), lost


def _list_alone(name: str, problems: pl.DataFrame, reason: str) -> bytes:
    """A workbook of the list and nothing else."""
    workbook = ReturnWorkbook.empty()
    remarks = [f"说明：{reason}，本表只列出问题所在位置。"]
    workbook.add_list(problem_list(problems, name, advice=_ADVICE_LISTED, remarks=remarks))
    return workbook.saved()


def _save(content: bytes, target: Path) -> None:
    """Writes the workbook next to `target` and moves it there whole."""
    complete = target.with_name(f".{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            complete.write_bytes(content)
            complete.replace(target)
        finally:
            complete.unlink(missing_ok=True)
    except OSError as error:
        raise not_written(
            target, error, say("Close it in Excel or WPS, or make its folder writable, and run again.")
        ) from error


def _short(name: str, suffix: str) -> str:
    """`name` + `suffix`, the name's stem cut where a file system would refuse its length."""
    room = _MAX_NAME_BYTES - len(suffix.encode())
    if len(name.encode()) <= room:
        return name + suffix
    stem, dot, ending = name.rpartition(".")
    keep = room - len((dot + ending).encode())
    return stem.encode()[:keep].decode(errors="ignore") + dot + ending + suffix
