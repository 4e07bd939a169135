"""`python -m oumi_scaffold`, the same as the command `oumi-scaffold`."""

import sys

from oumi_scaffold.cli import main

if __name__ == "__main__":
    sys.exit(main())
