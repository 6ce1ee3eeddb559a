"""The officials' workbook, its copies by town, and the public notice."""

from __future__ import annotations

from efficiency.reports.officials import overview
from efficiency.reports.officials.efficiencies import DIMENSION_NAMES
from efficiency.reports.officials.lists import PROPOSAL, CandidateList, candidate_lists
from efficiency.reports.officials.method import COUNTS, STATEMENT
from efficiency.reports.officials.movers import PARTS_NOTE, mover_lines, parts_in_words
from efficiency.reports.officials.notice import notice_file_name, write_notice
from efficiency.reports.officials.overview import (
    GROUP_NOTE,
    NOT_STATED,
    SUBMISSION_STATUSES,
    dividing_lines,
    extent,
    lines_in_words,
    ranked,
    with_previous_tier,
)
from efficiency.reports.officials.rankings import DIMENSION_TITLES, UNRATED_NOTE, cohort_names, ranking, unrated
from efficiency.reports.officials.towns import write_towns
from efficiency.reports.officials.workbook import officials_file_name, write_officials

__all__ = [
    "COUNTS",
    "DIMENSION_NAMES",
    "DIMENSION_TITLES",
    "GROUP_NOTE",
    "NOT_STATED",
    "PARTS_NOTE",
    "PROPOSAL",
    "STATEMENT",
    "SUBMISSION_STATUSES",
    "UNRATED_NOTE",
    "CandidateList",
    "candidate_lists",
    "cohort_names",
    "dividing_lines",
    "extent",
    "lines_in_words",
    "mover_lines",
    "notice_file_name",
    "officials_file_name",
    "overview",
    "parts_in_words",
    "ranked",
    "ranking",
    "unrated",
    "with_previous_tier",
    "write_notice",
    "write_officials",
    "write_towns",
]
