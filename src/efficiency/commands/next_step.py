"""`efficiency` alone: where one stands, and what to do next."""

from __future__ import annotations

import argparse
from datetime import datetime


def run(options: argparse.Namespace) -> int:
    """Print it."""
    from efficiency.language import shown
    from efficiency.review.next_step import next_step_lines

    today = datetime.now().astimezone().date()
    print("\n".join(map(shown, next_step_lines(options.inbox, options.warehouse, options.policy, today))))
    return 0
