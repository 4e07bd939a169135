"""Trains without log messages, and restores the settings of the log and of torch."""

import contextlib
import logging
from collections.abc import Generator

import torch

from oumi_runtime.core.log import logger


@contextlib.contextmanager
def quiet() -> Generator[None]:
    """Silences the training log within the block."""
    level, handlers = logger.level, list(logger.handlers)
    threads = torch.get_num_threads()
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
        logger.setLevel(level)
        logger.handlers[:] = handlers
        torch.set_num_threads(threads)
