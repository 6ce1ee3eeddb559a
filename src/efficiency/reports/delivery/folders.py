"""Which folder the reports of an evaluation go to: one policy's never replace another's.

A folder says itself whose evaluation it holds: each of our workbooks but the public notice states the policy among its
properties, which stay when it is copied, renamed with its folder, or saved by Excel or WPS. Workbooks of versions that
did not write the property state the evaluation at the foot of their pages.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from efficiency.errors import EfficiencyError
from efficiency.language import say
from efficiency.reports.workbook import EVALUATION_PROPERTY, POLICY_PROPERTY, custom_properties, unique_parts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FIRST = "能耗产出效益评价_"
"""Of the workbook that says whose folder it is, before any other; the rest of its name is the period."""
_MOST = 8 << 20
"""Bytes of a worksheet that are looked at."""


class PlaceError(EfficiencyError):
    """The reports cannot be put where they should go; nothing was published. The message says where and what to do."""


def reports_folder(output: Path, period: str, policy_id: str) -> Path:
    """The folder below `output` for the reports of `period` (YYYY-MM) by this policy.

    It is `output`/<period>, or, where that holds another policy's evaluation, `output`/<period>-<policy id>. Raises
    PlaceError when the latter holds another policy's too, for example since somebody has renamed a folder.
    """
    usual = output / period
    if policy_in(usual, period) in {None, policy_id}:
        return usual
    own = output / f"{period}-{unique_parts([policy_id])[0]}"
    other = policy_in(own, period)
    if other not in {None, policy_id}:
        raise PlaceError(
            say(
                "The folders {usual} and {own} both hold evaluations by other policies, the second by {other}, and are "
                "not to be overwritten by {policy_id}. Rename the second, or name another folder with --output.",
                usual=usual,
                own=own,
                other=other,
                policy_id=policy_id,
            )
        )
    return own


def policy_in(folder: Path, period: str) -> str | None:
    """The id of the policy whose evaluation of `period` stands in `folder`; None where no workbook there says it.

    The officials' workbook is asked first, then the others, so that one copied from elsewhere does not decide.
    """
    workbooks = sorted(folder.glob(f"*_{period}.xlsx"), key=lambda path: (not path.name.startswith(_FIRST), path.name))
    return next((policy for path in workbooks if (policy := _policy_of(path, period)) is not None), None)


def _policy_of(workbook: Path, period: str) -> str | None:
    """The id of the policy that a workbook of ours states; None for one that is not ours, or cannot be read."""
    stated = custom_properties(workbook).get(POLICY_PROPERTY)
    return stated or next(filter(None, (_in_footer(sheet, period) for sheet in _sheets(workbook))), None)


def _sheets(workbook: Path) -> Iterator[bytes]:
    """The worksheets of a workbook as they stand in its package, each up to a bound."""
    try:
        with zipfile.ZipFile(workbook) as package:
            for name in sorted(package.namelist()):
                if name.startswith("xl/worksheets/sheet"):
                    with package.open(name) as part:
                        yield part.read(_MOST)
    except (OSError, zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError):
        # With a password, damaged, or packed in a way that Python does not know: another workbook may say it.
        return


def _in_footer(sheet: bytes, period: str) -> str | None:
    """The policy of the evaluation whose id stands at the foot of the pages of a worksheet."""
    found = re.search(rf"{EVALUATION_PROPERTY} {period}-([A-Za-z0-9_.-]+)-[0-9a-f]{{8}}".encode(), sheet)
    return found[1].decode() if found else None
