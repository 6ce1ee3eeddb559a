"""What differs between operating systems: processes, limits, locks on open files, the disk. One twin is chosen here.

`posix` (Linux, macOS) and `windows` define the same names with the same parameters; nothing else asks what runs.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from efficiency.system.windows import (
        ALONE,
        address_space,
        alive,
        allow_reuse,
        bytes_of,
        cause_of_end,
        held_open,
        interrupt,
        language_of_menus,
        limited,
        readable,
        swapped,
        sync_to_disk,
        wait_until_left,
    )
else:
    from efficiency.system.posix import (
        ALONE,
        address_space,
        alive,
        allow_reuse,
        bytes_of,
        cause_of_end,
        held_open,
        interrupt,
        language_of_menus,
        limited,
        readable,
        swapped,
        sync_to_disk,
        wait_until_left,
    )

__all__ = [
    "ALONE",
    "address_space",
    "alive",
    "allow_reuse",
    "bytes_of",
    "cause_of_end",
    "held_open",
    "interrupt",
    "language_of_menus",
    "limited",
    "readable",
    "swapped",
    "sync_to_disk",
    "wait_until_left",
]
