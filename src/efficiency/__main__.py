"""`python -m efficiency` is the `efficiency` command."""

import sys

from efficiency.cli import main

if __name__ == "__main__":
    sys.exit(main())
