"""How well each enterprise of a region turns land and energy into output: judged fairly, explained, traceable."""

import os

__version__ = "2026.12.1"

# Read when polars is loaded: its allocator keeps what is freed for ten seconds instead of half a second, so that large
# frames which follow one another do not each fetch their memory from the system anew (half of the system's time).
os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:10000,muzzy_decay_ms:10000")
