"""Pauses of Python's garbage collector where it would only cost time."""

import gc
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def without_collecting_garbage() -> Generator[None]:
    """Pauses the search for unreachable circles of objects, and leaves it as it was.

    For code that makes many objects of which hardly one is garbage: each search goes
    through everything that torch has loaded, which takes about 80 ms.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
