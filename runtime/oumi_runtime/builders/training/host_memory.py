"""Makes the C library keep the memory that a step frees for the next step.

By default glibc returns large blocks to the system, which has to zero them page by page
when the next step allocates them again. See mallopt(3).
"""

import ctypes
import os

import torch

from oumi_runtime.core.log import logger

KEPT_BYTES = 2**31 - 1
"""The maximum of freed memory to keep: the largest value that mallopt accepts."""

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # malloc.h
# The maximum in older releases of glibc.
_OLD_MMAP_THRESHOLD = 32 * 2**20


def keep_freed_memory(device: torch.device, choice: str) -> bool:
    """Makes this process keep freed memory from now on.

    Args:
        device: The device of the model.
        choice: on, off, or auto, which is on if the model is on the CPU and the user
            has not set malloc's environment variables.

    Returns:
        Whether this was done. It is possible only with glibc.
    """
    is_free = device.type == "cpu" and not any(map(_is_of_malloc, os.environ))
    if choice == "off" or (choice == "auto" and not is_free):
        return False
    library = _glibc()
    if library is None:
        if choice == "on":
            logger.warning("training.keep_freed_memory: this needs glibc; ignored")
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
