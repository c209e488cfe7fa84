"""`python -m colorizer`, or `colorizer` once the package is installed: the command line, see `colorizer.cli`."""

import sys

from colorizer.cli import main


def run() -> int:
    """Return the command line with the arguments of this process."""
    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(run())
