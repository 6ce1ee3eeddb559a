"""How well each enterprise of a region turns land and energy into output: judged fairly, explained, traceable."""

__version__ = "0.1.0"
