"""The process around `efficiency.cli.main`: the `efficiency` command, and `python -m efficiency`.

Whatever else is needed is imported after the current folder is taken from the places of imports. Python itself looks
there for the package that `python -m efficiency` names; `python -P -m efficiency` and the command do not.
"""

import os
import sys

from efficiency.interpreter import import_installed_only, write_chinese_names


def process() -> int:
    """Run the command line and end the process; returns the exit status where the interpreter ends it.

    Every file that a command opens is closed when it returns. Freeing the memory frame by frame takes a twentieth of a
    run, so the process ends without it, except where Prefect has handlers that run at exit.
    """
    import_installed_only()
    write_chinese_names()
    import logging

    from efficiency.cli import main
    from efficiency.processes import remove_temporary
    from efficiency.streams import flush, make_streams_lenient

    make_streams_lenient(native="--debug" in sys.argv)
    status = main()
    if "prefect" in sys.modules:
        return status
    logging.shutdown()
    remove_temporary()
    flush()
    os._exit(status)


if __name__ == "__main__":
    sys.exit(process())
