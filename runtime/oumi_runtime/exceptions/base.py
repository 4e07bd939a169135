"""The base class of every error, and words that many messages need."""

import difflib
from collections.abc import Iterable
from typing import ClassVar


class OumiRuntimeError(Exception):
    """Base class of the errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


class MissingExtraError(OumiRuntimeError, ModuleNotFoundError):
    """An optional library is needed but not installed."""

    exit_code = 2

    def __init__(self, package: str, asked_by: str, extra: str | None = None) -> None:
        super().__init__(
            f"{asked_by} needs {package}, which is not installed; run "
            f"pip install 'oumi-scaffold[{extra or package}]', or turn it off"
        )


def first_line(error: BaseException) -> str:
    """Returns the first line of another library's message, shortened, or its type."""
    lines = (line.strip() for line in str(error).splitlines())
    text = next(filter(None, lines), type(error).__name__)
    return text if len(text) <= 300 else f"{text[:300]} ..."


def nearest(given: str, allowed: Iterable[str]) -> str | None:
    """Returns the allowed name closest to a misspelt one, or None.

    The comparison ignores case and treats `_` and `-` as the same.
    """
    folded = {name.lower().replace("-", "_"): name for name in allowed}
    key = given.lower().replace("-", "_")
    found = difflib.get_close_matches(key, folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Returns " (did you mean 'x'?)" for the closest allowed name, or ""."""
    near = nearest(given, allowed)
    return f" (did you mean {str(near)!r}?)" if near else ""
