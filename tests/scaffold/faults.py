"""Makes each call that changes the disk fail, be interrupted, or be the last one."""

import os
import signal
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

# What changes the disk: the functions of `os` that all of Python's own go through.
CHANGES = [
    *("open", "write", "mkdir", "rmdir", "link", "symlink", "unlink", "remove"),
    *("rename", "replace", "chmod", "utime", "truncate", "ftruncate"),
]

Call = Callable[..., object]


@contextmanager
def intercepted(
    instead: Callable[[int, str, Call, tuple, dict], object],
) -> Generator[list[str]]:
    """Hands every such call over, with its number from 1 and what it would do.

    Yields the names of the calls that were made.
    """
    made: list[str] = []

    def wrapper(name: str, real: Call) -> Call:
        def call(*args: object, **kwargs: object) -> object:
            if name == "open" and not _creates(args, kwargs):
                return real(*args, **kwargs)
            made.append(name)
            return instead(len(made), name, real, args, kwargs)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for name in CHANGES:
            patch.setattr(os, name, wrapper(name, getattr(os, name)))
        yield made


def changes_of(action: Callable[[], object]) -> list[str]:
    """Carries an action out, and returns the calls it made."""
    with intercepted(lambda n, name, real, args, kwargs: real(*args, **kwargs)) as made:
        action()
    return made


def refusing(number: int, code: int) -> Callable[..., object]:
    """Makes one call fail, with an error of the system's."""

    def instead(n: int, name: str, real: Call, args: tuple, kwargs: dict) -> object:
        if n == number:
            raise OSError(code, os.strerror(code), str(args[0]))
        return real(*args, **kwargs)

    return instead


def killed(action: Callable[[], object], number: int, *, torn: bool = False) -> bool:
    """Carries an action out in a process that ends with a call, and not otherwise.

    Args:
        action: What to do.
        number: The last call; 0 lets none be made.
        torn: Whether only half of that call is done, if it writes.

    Returns:
        Whether the process got as far as that call.
    """

    def last(n: int, name: str, real: Call, args: tuple, kwargs: dict) -> object:
        if n < number:
            return real(*args, **kwargs)
        if n == number:
            if torn and name == "write":
                handle, content = args
                args = (handle, bytes(content)[: len(content) // 2])
            real(*args, **kwargs)
        os.kill(os.getpid(), signal.SIGKILL)
        return None

    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        try:
            with intercepted(last):
                action()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def _creates(args: tuple, kwargs: dict) -> bool:
    flags = kwargs.get("flags", args[1] if len(args) > 1 else 0)
    return bool(flags & (os.O_CREAT | os.O_WRONLY | os.O_RDWR))
