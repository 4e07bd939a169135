"""The errors of checks that fail, or do not apply."""

import contextlib
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

_FOREIGN = ("torch", "oumi_runtime", "transformers", "site-packages")


class CheckFailedError(AssertionError):
    """A model or dataset fails a check; the message says where to look."""


class FactoryError(CheckFailedError):
    """What makes the model, a batch or the dataset raises; no check can run.

    Attributes:
        factory: The name of the function that raises, such as `make_batch`.
    """

    def __init__(self, factory: str, message: str) -> None:
        super().__init__(message)
        self.factory = factory


class NotApplicableError(Exception):
    """A check does not apply; the message says why."""


@contextlib.contextmanager
def made_by(factory: str) -> Iterator[None]:
    """Names the function that makes things in the block, if it raises.

    Raises:
        FactoryError: It raises.
    """
    __tracebackhide__ = True
    try:
        yield
    except Exception as error:
        raise FactoryError(factory, described(error, factory)) from error


def described(error: Exception, what: str = "the model") -> str:
    """Describes, on one line, an error that a model raised and where it arose.

    Args:
        error: The error.
        what: What raised it, if it is something else.
    """
    text = " ".join(str(error).split()) or "no message"
    short = text if len(text) <= 300 else f"{text[:297]}..."
    return f"{what} raises {type(error).__name__}: {short}{_place(error)}"


def _place(error: Exception) -> str:
    """Returns the line of the user's own file in which an error arose."""
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if not _is_foreign(frame):
            path = Path(frame.f_code.co_filename)
            summary = traceback.FrameSummary(str(path), line, frame.f_code.co_name)
            source = f": {summary.line}" if summary.line else ""
            return f" ({path.name}:{line}{source})"
    return ""


def _is_foreign(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.split(".")[0] in _FOREIGN or "site-packages" in frame.f_code.co_filename
