"""Two folders exchange their places in one step, so that at no moment one of them is missing."""

from __future__ import annotations

import ctypes
import errno
import os
from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
"""Of Linux: linux/fcntl.h and linux/fs.h."""
_CANNOT = {errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EPERM}
"""What systems and file systems say that do not know the call."""


def exchange(one: Path, other: Path) -> None:
    """Put each of two folders on one file system in the place of the other.

    In one step where the system can (renameat2, Linux 3.15 on its common file systems); else by three renames, between
    which `other` is missing for an instant. Raises OSError as `Path.replace` does.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if os.name == "posix" else None
    if rename is not None:
        if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
            return
        code = ctypes.get_errno()
        if code not in _CANNOT:
            raise OSError(code, os.strerror(code), str(one), None, str(other))
    aside = one.with_name(f"{one.name}.old")
    other.replace(aside)
    one.replace(other)
    aside.replace(one)
