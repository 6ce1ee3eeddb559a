"""Output folders: staged next to the target, then put there whole, so that nobody finds half a month's reports.

A folder of the month may hold files of the officials' own; only our files are replaced. The folders 退回 and 分镇办
are ours alone: each is replaced as a whole, so that neither a workbook that was corrected since nor a town's copy of
an earlier evaluation is left.
"""

from __future__ import annotations

import shutil
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from efficiency.errors import EfficiencyError
from efficiency.language import reason, say
from efficiency.processes import process_mark, process_of
from efficiency.reports.delivery.folders import PlaceError, reports_folder
from efficiency.system import alive, swapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

RETURNED = "退回"
"""Name of the folder with the submitters' own workbooks."""
TOWNS = "分镇办"
"""Name of the folder with the lists of each town (`--by town`)."""
OCCASIONAL = "核查单_[0-9][0-9][0-9][0-9]-[0-9][0-9].xlsx"
"""Documents of ours that not every evaluation has: one of an earlier evaluation must not be taken for this one's."""


class DeliveryError(EfficiencyError):
    """The warehouse is published, but a report could not be put in place; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One period's reports, staged in `staged` and meant for `target`."""

    staged: Path
    target: Path

    @property
    def files(self) -> tuple[Path, ...]:
        """The path that each staged file will have, in order."""
        return tuple(
            self.target / path.relative_to(self.staged) for path in sorted(self.staged.rglob("*")) if path.is_file()
        )


def _stage(output: Path, period: str, policy_id: str) -> Delivery:
    """An empty folder in which the reports of `period` can be staged; leftovers of dead runs are removed.

    Raises PlaceError when the output folder cannot be written, or has no folder for this policy.
    """
    target = reports_folder(output, period, policy_id)
    try:
        output.mkdir(parents=True, exist_ok=True)
        for leftover, pid in _staged_folders(output):
            if leftover.name.startswith(f".{period}.") or (pid is not None and not alive(pid)):
                shutil.rmtree(leftover)
        staged = output / f".{period}.{process_mark()}"
        staged.mkdir()
    except OSError as error:
        raise PlaceError(
            say(
                "The output folder {output} cannot be written ({reason}). Free it or name another with --output.",
                output=output,
                reason=reason(error),
            )
        ) from error
    return Delivery(staged, target)


def require_places(output: Path, periods: Sequence[str], policy_id: str) -> None:
    """Raises PlaceError unless a policy's reports of all `periods` can be put below `output`; leaves nothing there."""
    missing = [folder for folder in (output, *output.parents) if not folder.exists()]
    try:
        for period in periods:
            delivery = _stage(output, period, policy_id)
            delivery.staged.rmdir()
            _require_folders(delivery)
            if delivery.target.is_dir():
                _require_writable(delivery.target, delivery.staged.name)
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def _require_writable(target: Path, name: str) -> None:
    """Raises PlaceError unless a folder of this name can be made in `target`, and removes it."""
    try:
        (target / name).mkdir()
        (target / name).rmdir()
    except OSError as error:
        raise PlaceError(
            say(
                "The folder {target} cannot be written ({reason}). Make it writable, or name another with --output.",
                target=target,
                reason=reason(error),
            )
        ) from error


def require_replaceable(delivery: Delivery) -> None:
    """Raises PlaceError when something at the target of `delivery` is in the way of what is staged."""
    _require_folders(delivery)
    for path in delivery.staged.iterdir():
        place = delivery.target / path.name
        if path.is_file() and place.is_dir():
            raise PlaceError(
                say(
                    "{place} is a folder, and the report of this name cannot be put there. Remove or rename it, and "
                    "run again. Nothing was published.",
                    place=place,
                )
            )


def _require_folders(delivery: Delivery) -> None:
    """Raises PlaceError when a file has the name of a folder of reports."""
    for folder in (delivery.target, delivery.target / RETURNED, delivery.target / TOWNS):
        if folder.exists() and not folder.is_dir():
            raise PlaceError(
                say(
                    "{folder} is a file, and the folder of this name for the reports cannot be made. Remove or rename "
                    "it, or name another folder with --output. Nothing was published.",
                    folder=folder,
                )
            )


@contextmanager
def staging(output: Path, periods: Sequence[str], policy_id: str) -> Iterator[tuple[Delivery, ...]]:
    """A delivery for each of `periods`; what a failing block has staged is removed, unless `deliver` failed.

    Raises PlaceError when the output folder cannot be written, or has no folder for this policy.
    """
    deliveries: list[Delivery] = []
    try:
        for period in periods:
            deliveries.append(_stage(output, period, policy_id))
        yield tuple(deliveries)
    except DeliveryError:
        raise
    except BaseException:
        for delivery in deliveries:
            shutil.rmtree(delivery.staged, ignore_errors=True)
        raise


def _staged_folders(output: Path) -> Iterator[tuple[Path, int | None]]:
    """The staged folders below `output`, and the processes of this machine that made them."""
    for folder in output.glob(".[0-9][0-9][0-9][0-9]-[0-9][0-9].*"):
        yield folder, process_of(folder.name[len(".2026-10.") :])


def deliver(delivery: Delivery) -> tuple[Path, ...]:
    """Move the staged files to the target, replacing earlier ones; returns their paths.

    Raises DeliveryError naming the file that could not be replaced, for example one that is open in
    Excel on Windows.
    """
    files = delivery.files
    try:
        delivery.target.mkdir(exist_ok=True)
        for folder in (RETURNED, TOWNS):
            _replace_folder(delivery.staged / folder, delivery.target / folder)
        for path in delivery.target.glob(OCCASIONAL):
            if not (delivery.staged / path.name).exists():
                path.unlink()
        for path in sorted(delivery.staged.iterdir()):
            path.replace(delivery.target / path.name)
        delivery.staged.rmdir()
    except OSError as error:
        raise DeliveryError(
            say(
                "{file} cannot be replaced ({reason}); is it open in Excel? The warehouse is published; the new "
                "reports wait in {staged}. Close the file and run again.",
                file=error.filename2 or error.filename,
                reason=reason(error),
                staged=delivery.staged,
            )
        ) from error
    return files


def _replace_folder(new: Path, old: Path) -> None:
    """Replace `old` by `new`; without `new` the old one is only removed."""
    if not old.exists():
        if new.exists():
            new.replace(old)
        return
    aside = new.with_name(f"{new.name}.old")
    if new.exists():
        exchange(new, old)
        new.replace(aside)
    else:
        old.replace(aside)
    shutil.rmtree(aside)


def exchange(one: Path, other: Path) -> None:
    """Swap two folders on one file system.

    In one step where the system can; else by three renames, between which `other` is missing for an instant. Raises
    OSError as `Path.replace` does.
    """
    if swapped(one, other):
        return
    aside = one.with_name(f"{one.name}.old")
    other.replace(aside)
    one.replace(other)
    aside.replace(one)
