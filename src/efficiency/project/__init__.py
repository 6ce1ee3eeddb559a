"""A zone's project: its file `efficiency.toml`, what that says, and the folder that `efficiency init` makes."""

from __future__ import annotations

from efficiency.project.file import (
    CONFIG,
    NAME,
    keep_project_file,
    project_file,
    require_none_inside,
    settings_are_stated,
)
from efficiency.project.language import chosen_language

__all__ = [
    "CONFIG",
    "NAME",
    "chosen_language",
    "keep_project_file",
    "project_file",
    "require_none_inside",
    "settings_are_stated",
]
