"""Failures that a user can mend: each names the thing, shows the offender and says the remedy.

The command line prints them as one or two plain lines and ends with their exit status.
"""

import errno


class EfficiencyError(Exception):
    """The run failed and nothing was published."""

    exit_status = 1
    passing = False
    """Whether the same thing may succeed a little later although nobody mends anything."""


class UsageError(EfficiencyError):
    """Wrong usage, an unreadable policy or an empty inbox."""

    exit_status = 2


class StrictError(EfficiencyError):
    """With --strict: there were error-level problems."""

    exit_status = 3


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LASTING = _FULL | {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
}
"""What the system refuses until somebody mends it."""


def may_pass(error: BaseException) -> bool:
    """Whether trying again later may help: a share that does not answer may be back, wrong data stays wrong."""
    if isinstance(error, EfficiencyError):
        return error.passing or (isinstance(error.__cause__, OSError) and may_pass(error.__cause__))
    return isinstance(error, OSError) and error.errno not in _LASTING


def not_written(path: object, error: Exception, remedy: str) -> EfficiencyError:
    """`error`, met while writing `path`, as a message with its `remedy`; a full disk has a remedy of its own."""
    cause = next((one for one in (error, *error.args) if isinstance(one, OSError)), None)
    if cause is not None and cause.errno in _FULL:
        remedy = "The disk is full or a size limit is reached: free some space and run again."
    return EfficiencyError(f"{path} cannot be written ({error}). {remedy}")
