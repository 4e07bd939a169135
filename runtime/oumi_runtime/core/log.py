"""The runtime's logger: plain lines on stderr, unless the program set up logging."""

import logging

logger = logging.getLogger("oumi_runtime")


def show_log() -> None:
    """Makes the log visible where the program that calls us has not done so itself."""
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
