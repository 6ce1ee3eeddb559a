"""The charts' JavaScript is kept whole for the runs to come, or not at all."""

import errno
import os
from pathlib import Path

import pytest

from efficiency.reports.page import chart_library


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "efficiency"


def test_the_bundle_is_on_the_disk_before_it_is_in_place(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the power fails, an empty one would leave every later page without charts."""
    settled = []
    fsync = os.fsync

    def noted(handle: int) -> None:
        settled.append(list(cache.glob("charts-*")))
        fsync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    chart_library._keep("window.vegaEmbed = 1;")
    assert settled == [[]]
    assert chart_library._kept().read_text() == "window.vegaEmbed = 1;"


def test_a_full_disk_leaves_no_part_of_a_bundle(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    chart_library._keep("window.vegaEmbed = 1;")
    assert list(cache.iterdir()) == []
