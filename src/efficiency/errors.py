"""Failures that a user can mend: each names the thing, shows the offender and says the remedy.

The command line prints them as one or two plain lines and ends with their exit status.
"""

import errno

from efficiency.language import reason, say


class EfficiencyError(Exception):
    """The run failed and nothing was published."""

    exit_status = 1
    passing = False
    """Whether the same command may succeed a little later although nobody changes anything."""


class UsageError(EfficiencyError):
    """Wrong usage, an unreadable policy or an empty inbox."""

    exit_status = 2


class StrictError(EfficiencyError):
    """With --strict: there were error-level problems."""

    exit_status = 3


_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_PERMANENT = _FULL | {
    errno.EACCES,
    errno.EPERM,
    errno.EROFS,
    errno.EISDIR,
    errno.ENOTDIR,
    errno.ENAMETOOLONG,
}
"""Errors of the system that stay until somebody removes their cause."""


def may_pass(error: BaseException) -> bool:
    """Whether another attempt later may succeed: a share may answer again, wrong data stays wrong."""
    if isinstance(error, EfficiencyError):
        return error.passing or (isinstance(error.__cause__, OSError) and may_pass(error.__cause__))
    return isinstance(error, OSError) and error.errno not in _PERMANENT


def not_written(path: object, error: Exception, remedy: str) -> EfficiencyError:
    """The error to raise when `error` occurred while writing `path`; for a full disk it names its own remedy."""
    cause = next((one for one in (error, *error.args) if isinstance(one, OSError)), None)
    if cause is not None and cause.errno in _FULL:
        remedy = say("The disk is full or a size limit is reached: free some space and run again.")
    return EfficiencyError(say("{path} cannot be written ({error}). {remedy}", path=path, error=error, remedy=remedy))


_EXHAUSTED = (
    ("can't start new thread", "resource temporarily unavailable"),
    ("cannot allocate memory", "memory allocation of", "out of memory", "could not allocate", "unable to allocate"),
)


def exhausted(error: BaseException) -> EfficiencyError | None:
    """`error` as a message with its remedy where the system refused memory, threads or processes; else None."""
    text = " ".join(str(error).lower().split())
    threads, memory = (any(words in text for words in kind) for kind in _EXHAUSTED)
    if isinstance(error, MemoryError) or memory or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return EfficiencyError(
            say(
                "The system refused more memory. Nothing was published. Close other programs, or raise the limits "
                "(`ulimit -v`, those of the container or service), and run again."
            )
        )
    if threads or (isinstance(error, OSError) and error.errno == errno.EAGAIN):
        return EfficiencyError(
            say(
                "The system refused another thread or process. Nothing was published. Raise the limit (`ulimit "
                "-u`, TasksMax= of the service) or close other programs, and run again."
            )
        )
    return None


def ending(error: BaseException, trace: str, folder: str | None) -> EfficiencyError | None:
    """`error`, which ends a command, as the plain lines that are printed of it with their exit status.

    `trace` says how its traceback is had; `folder` is the current folder, if it is there. None for what is
    to go on as it is, such as the end of the process.
    """
    if isinstance(error, EfficiencyError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return EfficiencyError(say("stopped. What is published is whole; run again."))
    if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # of polars or calamine
        return None
    if refused := exhausted(error):
        return refused
    if isinstance(error, OSError) and (named := _of_a_folder(error, folder)):
        return EfficiencyError(named)
    message = " ".join(str(error).split()) or say("no message")
    return EfficiencyError(
        say(
            "{name}: {message}\nNothing was published. This is a fault of the program; {trace} and report it.",
            name=type(error).__name__,
            message=message,
            trace=trace,
        )
    )


def _of_a_folder(error: OSError, folder: str | None) -> str | None:
    """The message of an error for which a folder is the cause: full, not to be written, or gone; else None."""
    if error.errno in _FULL:
        return say(
            "{file} cannot be written ({reason}). Nothing was published. Free space on that disk, or name "
            "another folder for temporary files with TMPDIR, and run again.",
            file=error.filename or say("A file"),
            reason=reason(error),
        )
    if "No usable temporary directory" in str(error):
        return say(
            "No folder for temporary files can be written. Nothing was published. Name one with TMPDIR and run again."
        )
    if isinstance(error, FileNotFoundError) and folder is None:
        return say("the current folder has been removed. Change to another and run again.")
    return None
