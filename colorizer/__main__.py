"""`python -m colorizer`: the command line, see `colorizer.cli`."""

import sys

from colorizer.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
