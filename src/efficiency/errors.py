"""Failures that a user can mend: each names the thing, shows the offender and says the remedy.

The command line prints them as one or two plain lines and ends with their exit status.
"""


class EfficiencyError(Exception):
    """The run failed and nothing was published."""

    exit_status = 1


class UsageError(EfficiencyError):
    """Wrong usage, an unreadable policy or an empty inbox."""

    exit_status = 2


class StrictError(EfficiencyError):
    """With --strict: there were error-level problems."""

    exit_status = 3
