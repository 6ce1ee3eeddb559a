"""The process around `efficiency.cli.main`: the `efficiency` command, and `python -m efficiency`."""

import logging
import os
import sys

from efficiency.cli import main


def process() -> int:
    """Run the command line and end the process; returns the exit status where the interpreter is to end it.

    All that a command makes is closed when it returns. Taking apart what is left in memory, frame by frame, takes
    a twentieth of a run, so the system is left to do that, except where Prefect still has things to say at the end.
    """
    status = main()
    if "prefect" in sys.modules:
        return status
    logging.shutdown()
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader of our output has left, as `| head` does
        status = status or 1
    except OSError as error:
        os.write(sys.stderr.fileno(), f"efficiency: the output could not be written: {error}\n".encode())
        status = status or 1
    os._exit(status)


if __name__ == "__main__":
    sys.exit(process())
