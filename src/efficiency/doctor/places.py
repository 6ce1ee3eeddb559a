"""The places of a zone: whether they are there, can be read and written, and have room."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.doctor.check import Check
from efficiency.errors import EfficiencyError
from efficiency.intake.files import inbox_paths
from efficiency.language import message_of, reason, say
from efficiency.warehouse.errors import WarehouseError
from efficiency.warehouse.lock import holder
from efficiency.warehouse.versions import describe

if TYPE_CHECKING:
    from collections.abc import Iterator

LEAST_FREE = 1 << 30
"""Bytes that a month with a thousand enterprises leaves to spare, reports and versions included."""
NAMED = 5
"""Files that are named."""
COPIES = 3
"""The new warehouse, the one that is kept as a version, and what stands aside meanwhile."""


def inbox(folder: Path) -> Check:
    """Whether the inbox is there and every file in it can be opened."""
    subject = say("inbox")
    if not folder.is_dir():
        remedy = say("Make the folder, or name another (inbox in efficiency.toml, or --inbox).")
        return Check("inbox", subject, say("{folder} is no folder", folder=folder), remedy)
    try:
        files = inbox_paths(folder)
        closed = [path for path in files if not _opens(path)]
    except OSError as error:
        remedy = say("Let this user read the folder.")
        return Check(
            "inbox", subject, say("{folder} cannot be read ({reason})", folder=folder, reason=reason(error)), remedy
        )
    if closed:
        remedy = say("Let this user read them.")
        found = say(
            "{folder}: {number} files cannot be opened: {names}", folder=folder, number=len(closed), names=closed[:5]
        )
        return Check("inbox", subject, found, remedy)
    return Check("inbox", subject, say("{folder}, {number} spreadsheets", folder=folder, number=len(files)))


def warehouse_file(path: Path) -> Iterator[Check]:
    """Whether the warehouse can be read, and a new one put in its place."""
    subject = say("warehouse")
    if path.exists():
        try:
            version = describe(path)
        except EfficiencyError as error:
            yield Check("warehouse", subject, say("{path} cannot be read", path=path), message_of(error))
            return
        yield Check(
            "warehouse",
            subject,
            say(
                "{path}, {size} MB, {number} current evaluations",
                path=path,
                size=f"{version.size / 1e6:.1f}",
                number=len(version.evaluations),
            ),
        )
    else:
        yield Check("warehouse", subject, say("{path} is not there yet; the first run makes it", path=path))
    yield _writable("warehouse_folder", say("folder of the warehouse"), path.absolute().parent)


def lock_of(path: Path) -> Check:
    """Who works on the warehouse now; that somebody does is no fault."""
    subject = say("lock")
    try:
        by = holder(path)
    except WarehouseError as error:
        return Check("lock", subject, say("not known"), message_of(error))
    return Check("lock", subject, say("held by {by}", by=by) if by else say("nobody works on the warehouse"))


def output(folder: Path) -> Check:
    """Whether reports can be put into the output folder."""
    return _writable("output", say("output folder"), folder.absolute())


def disk(warehouse: Path, out: Path) -> Iterator[Check]:
    """Room on the disks of warehouse, reports and temporary files, each disk once."""
    size = warehouse.stat().st_size if warehouse.is_file() else 0
    needed = LEAST_FREE + COPIES * size
    seen: set[int] = set()
    for key, subject, place in (
        ("disk_warehouse", say("disk of the warehouse"), _standing(warehouse.absolute().parent)),
        ("disk_output", say("disk of the output folder"), _standing(out.absolute())),
        ("disk_temporary", say("disk of temporary files"), Path(tempfile.gettempdir())),
    ):
        free = shutil.disk_usage(place).free
        device = place.stat().st_dev
        if device in seen:
            continue
        seen.add(device)
        found = say("{free} GB free at {place}", free=f"{free / 1e9:.1f}", place=place)
        short = say("Free some space: a run may need {needed} GB.", needed=f"{needed / 1e9:.1f}")
        yield Check(key, subject, found, short if free < needed else None)


def _standing(folder: Path) -> Path:
    """`folder`, or the nearest above it that is there."""
    return next(place for place in (folder, *folder.parents) if place.is_dir())


def _opens(path: Path) -> bool:
    try:
        with path.open("rb"):
            return True
    except OSError:
        return False


def _writable(key: str, subject: str, folder: Path) -> Check:
    """Whether a file can be made in `folder`, or in the place where the folder is to be made; it is removed at once."""
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not there.is_dir():
        remedy = say("Remove or rename it, or name another place in efficiency.toml.")
        return Check(key, subject, say("{place} is a file and no folder", place=there), remedy)
    place = _standing(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".efficiency-doctor-"):
            pass
    except OSError as error:
        remedy = say("Make it writable for this user, or name another place in efficiency.toml.")
        return Check(
            key, subject, say("{place} cannot be written ({reason})", place=place, reason=reason(error)), remedy
        )
    if place == folder:
        return Check(key, subject, say("{folder}, can be written", folder=folder))
    return Check(key, subject, say("{folder} is not there yet and can be made", folder=folder))
