"""Fields that are read but have no effect yet; using one is a mistake, never ignored.

A field leaves this list in the change that gives it its effect.
"""

from typing import Any

_NOT_YET = "is not possible yet; leave it out"

UNFINISHED: dict[str, tuple[str, ...]] = {}


def unfinished_fields(section: Any) -> dict[str, str]:
    """The fields of a section that are set but have no effect yet, with a sentence."""
    names = UNFINISHED.get(type(section).__name__, ())
    return {name: _NOT_YET for name in names if getattr(section, name)}
