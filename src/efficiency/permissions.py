"""What this software writes is for its owner and the owner's group: warehouse, workbooks, returned forms, logs."""

from __future__ import annotations

import os

OTHERS = 0o027
"""Permissions that nobody but the owner gets: writing for the group, anything for others."""


def keep_private() -> None:
    """From here on this process makes files 0640 and folders 0750, or narrower where the user's umask says so."""
    os.umask(os.umask(OTHERS) | OTHERS)
