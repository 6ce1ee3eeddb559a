"""What differs between operating systems: processes, limits, locks on open files, the disk. One twin is chosen here.

`posix` (Linux, macOS) and `windows` define the same names with the same parameters; nothing else asks what runs.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from efficiency.system import windows as _own
else:
    from efficiency.system import posix as _own

ALONE = _own.ALONE
address_space = _own.address_space
alive = _own.alive
allow_reuse = _own.allow_reuse
bytes_of = _own.bytes_of
cause_of_end = _own.cause_of_end
held_open = _own.held_open
interrupt = _own.interrupt
language_of_menus = _own.language_of_menus
limited = _own.limited
readable = _own.readable
swapped = _own.swapped
sync_to_disk = _own.sync_to_disk
wait_until_left = _own.wait_until_left
