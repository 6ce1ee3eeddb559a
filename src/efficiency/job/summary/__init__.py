"""What a completed run says of itself: to programs (JSON), to its operator (closing lines), and beside the reports."""

from efficiency.job.summary.as_json import as_json, counted, watched
from efficiency.job.summary.closing_lines import closing_lines, first_to_open
from efficiency.job.summary.in_a_file import run_summary_file_name, write_run_summaries

__all__ = [
    "as_json",
    "closing_lines",
    "counted",
    "first_to_open",
    "run_summary_file_name",
    "watched",
    "write_run_summaries",
]
