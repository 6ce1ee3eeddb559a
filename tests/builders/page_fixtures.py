"""One report with names that no page would like, its page, and a browser to look at it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders.browser import Tab, browser
from builders.pages import NAMES
from builders.reports import renamed, sample_report

from efficiency.reports.page import page_file_name, write_page
from efficiency.reports.report import Report


@pytest.fixture(scope="session")
def report() -> Report:
    """A report of 120 enterprises, the first five of which have names that no page would like."""
    made = sample_report(120, unrated=6)
    first = made.scores.sort("rank", "uscc", nulls_last=True)["uscc"].head(len(NAMES)).to_list()
    return renamed(made, dict(zip(first, NAMES, strict=True)))


@pytest.fixture(scope="session")
def page(report: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page of `report` stands."""
    path = tmp_path_factory.mktemp("page") / page_file_name(report.period)
    write_page(path, report)
    return path


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    if shutil.which("chromium") is None and not os.environ.get("CI"):
        pytest.skip("no chromium here; CI installs it and never skips")
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture
def tab(chromium: Tab, page: Path) -> Tab:
    """The page, freshly opened on a desktop's screen."""
    chromium.complaints.clear()
    chromium.asked.clear()
    chromium.open(page.as_uri())
    return chromium
