"""The command line: one command a file, one place prints, one handles errors."""

from oumi_scaffold.cli.app import main

__all__ = ["main"]
