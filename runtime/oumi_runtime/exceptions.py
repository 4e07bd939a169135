"""Every error that the runtime raises, and how it words its sentence.

An error takes facts and writes one line from them: what was given, what is allowed,
what to do. `exit_code` is what the command line returns for it.
"""

import difflib
from collections.abc import Iterable
from typing import ClassVar


class OumiRuntimeError(Exception):
    """Base class of the errors that this package raises on purpose."""

    exit_code: ClassVar[int] = 1


def suggestion(given: str, allowed: Iterable[str]) -> str:
    """Returns " (did you mean 'x'?)" for the nearest allowed name, or "".

    Names are compared without regard to case, `_` or `-`.
    """
    folded = {name.lower().replace("-", "_"): name for name in allowed}
    key = given.lower().replace("-", "_")
    nearest = difflib.get_close_matches(key, folded, n=1, cutoff=0.6)
    return f" (did you mean {folded[nearest[0]]!r}?)" if nearest else ""
