"""The runtime's logger: plain lines on stderr, unless logging is configured."""

import logging
import os
import sys

logger = logging.getLogger("oumi_runtime")


def show_log(level: str = "info", other_packages_level: str = "warning") -> None:
    """Logs to stderr, unless the calling program has configured logging.

    Args:
        level: The level of this package's messages: debug, info, warning, error or
            critical.
        other_packages_level: The level for torch, transformers, accelerate and
            datasets.
    """
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(level.upper())
    for package in ("torch", "transformers", "accelerate", "datasets"):
        logging.getLogger(package).setLevel(other_packages_level.upper())


def keep_bars_out_of_files() -> None:
    """Has packages of Hugging Face draw progress bars on terminals only.

    They read the environment when they are imported, so this has to come before that.
    """
    if not sys.stderr.isatty():
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
