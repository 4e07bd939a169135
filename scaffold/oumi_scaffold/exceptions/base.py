"""The base class of every error, and how text from outside is shown in one."""

from typing import ClassVar

_SHOWN_LENGTH = 60
_REASON_LENGTH = 500


class ScaffoldError(Exception):
    """Base class of the errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


def one_line(text: str) -> str:
    """Returns text from outside as one printable line of limited length."""
    printable = "".join(
        c if c.isprintable() or c.isspace() else ascii(c)[1:-1] for c in text
    )
    return " ".join(printable[:_REASON_LENGTH].split())


def shown(text: str) -> str:
    """Returns text from outside as a short, quoted, printable ASCII string."""
    if len(text) > _SHOWN_LENGTH:
        return f"{text[:_SHOWN_LENGTH]!a}... ({len(text)} characters)"
    return ascii(text)
