"""Which code this is: the version, with a digest of the sources that tells two states of one version apart."""

from __future__ import annotations

import hashlib
import os
from functools import cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from efficiency import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKAGES = ("efficiency", "schemas", "flows")
SUFFIXES = (".py", ".toml", ".csv", ".js", ".html", ".css")
DIGITS = 12
"""Hexadecimal digits of the digest."""


@cache
def code_version() -> str:
    """Version and digest of the code that runs, such as "2026.11.0+1a2b3c4d5e6f"."""
    digest = hashlib.sha256()
    for name, path in sorted(_sources()):
        with open(path, "rb") as file:  # noqa: PTH123  # 300 files: Path would double the time
            # As checked out on Windows, a file has other line ends and is the same code.
            content = file.read().replace(b"\r\n", b"\n")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return f"{__version__}+{digest.hexdigest()[:DIGITS]}"


def _sources() -> Iterator[tuple[str, str]]:
    """Name and path of every source file of the package."""
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        for root in spec.submodule_search_locations or ():
            for folder, _, files in os.walk(root):
                for file in files:
                    if file.endswith(SUFFIXES):
                        path = f"{folder}{os.sep}{file}"
                        yield f"{package}{path[len(root) :].replace(os.sep, '/')}", path
