"""The runtime's logger: plain lines on stderr, unless the program set up logging."""

import logging

logger = logging.getLogger("oumi_runtime")


def show_log(level: str = "info", other_packages_level: str = "warning") -> None:
    """Makes the log visible where the program that calls us has not done so itself.

    Args:
        level: The least of our messages to show: debug, info, warning, error or
            critical.
        other_packages_level: The least of the messages of torch, transformers and
            datasets.
    """
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(level.upper())
    for package in ("torch", "transformers", "accelerate", "datasets"):
        logging.getLogger(package).setLevel(other_packages_level.upper())
