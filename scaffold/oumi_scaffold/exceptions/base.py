"""The base class of every error, and how text from outside is shown in one."""

from typing import ClassVar

_SHOWN_LENGTH = 60
REASON_LENGTH = 500


class ScaffoldError(Exception):
    """Base class of the errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


def printable(text: str) -> str:
    """Returns text with control characters escaped, except white space."""
    return "".join(
        c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text
    )


def shown(text: str) -> str:
    """Returns text from outside as a short, quoted, printable ASCII string."""
    if len(text) > _SHOWN_LENGTH:
        return f"{text[:_SHOWN_LENGTH]!a}... ({len(text)} characters)"
    return ascii(text)
