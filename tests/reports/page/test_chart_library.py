"""The charts' JavaScript is kept whole for the runs to come, or not at all."""

import errno
import hashlib
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from unittest.mock import Mock

import pytest

from efficiency.reports.page import chart_library


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "efficiency"


@pytest.fixture
def fresh() -> Iterator[None]:
    """As in a new process: what an earlier page has read or made is not known."""
    functions = (chart_library.begin_chart_library, chart_library.chart_library, chart_library._kept_bundle)
    for function in functions:
        function.cache_clear()
    yield
    for function in functions:
        function.cache_clear()


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


def test_the_installed_version_gives_the_bundle_that_is_stated(cache: Path, fresh: None) -> None:
    text = chart_library.chart_library()
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert chart_library._is_verified(text.encode()), f'"{version("vl-convert-python")}" = "{digest}"'
    assert chart_library._kept().read_text(encoding="utf-8") == text


def test_a_cache_of_other_bytes_is_not_used(cache: Path, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever could write there once would else write into every page."""
    cache.mkdir()
    chart_library._kept().write_text("window.vegaEmbed = evil;")
    assert chart_library._kept_bundle() is None
    process = Mock(returncode=0)
    process.communicate.return_value = (b"window.vegaEmbed = vegaEmbed;", b"")
    monkeypatch.setattr(chart_library, "begin_chart_library", lambda: process)
    assert chart_library.chart_library() == "window.vegaEmbed = vegaEmbed;"
    assert "evil" in chart_library._kept().read_text()  # nothing unverified is put there either
