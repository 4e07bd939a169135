"""Has the C library keep what a step frees, for the next one.

By default glibc gives large pieces of freed memory back to the system, which then fills
them with zeros, page by page, when the next step asks for them again. See mallopt(3).
"""

import ctypes
import os

import torch

from oumi_runtime.core.log import logger

KEPT_BYTES = 2**31 - 1
"""Freed memory that is kept at most: the largest number that mallopt takes."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
# Older releases of glibc take no larger one.
_OLD_MMAP_THRESHOLD = 32 * 2**20


def keep_freed_memory(device: torch.device, choice: str) -> bool:
    """Sets how this process gives memory back, until it ends.

    Args:
        device: Where the model is.
        choice: on, off, or auto, which is on where the model is in the main memory and
            the user has not set the environment variables of malloc.

    Returns:
        Whether it was done. Only glibc can do it.
    """
    is_free = device.type == "cpu" and not any(map(_is_of_malloc, os.environ))
    if choice == "off" or (choice == "auto" and not is_free):
        return False
    library = _glibc()
    if library is None:
        if choice == "on":
            logger.warning("training.keep_freed_memory: only glibc can do it")
        return False
    library.mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
    if not library.mallopt(_MMAP_THRESHOLD, KEPT_BYTES):
        library.mallopt(_MMAP_THRESHOLD, _OLD_MMAP_THRESHOLD)
    return True


def _is_of_malloc(variable: str) -> bool:
    return variable.startswith("MALLOC_") or variable == "GLIBC_TUNABLES"


def _glibc() -> ctypes.CDLL | None:
    library = ctypes.CDLL(None)
    return library if hasattr(library, "gnu_get_libc_version") else None
