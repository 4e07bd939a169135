"""Checks the names of classes, models or datasets, and derives module names from them.

A name must match the allowed form and not break the generated files: Python's own
names, names that generated files import, and names that pytest would collect are
refused. The caller supplies the names that are already registered.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from oumi_scaffold.exceptions import InvalidNameError, NameTakenError
from oumi_scaffold.request.reserved_names import (
    BUILTINS,
    KEYWORDS,
    STANDARD_LIBRARY,
    USED_BY_GENERATED_CODE,
)
from oumi_scaffold.request.torch_names import TORCH_NAMES
from oumi_templates.filters import snake_case

MAX_LENGTH = 64

_ALLOWED = re.compile(r"[A-Z][A-Za-z0-9_]*", re.ASCII)
_FORM = (
    "it must be a capital letter followed by ASCII letters, digits or _, "
    f"at most {MAX_LENGTH} characters in all"
)


class TakenName(NamedTuple):
    """A model name that is registered already, and where."""

    name: str
    where: str


def module_name(name: str) -> str:
    """Returns the module name for a model class: `my_net` for `MyNet`."""
    return snake_case(name)


def check_name(name: str) -> None:
    """Checks that a model can have this name.

    Raises:
        InvalidNameError: It cannot; the message says why, and suggests a valid name.
    """
    reason = _objection(name)
    if reason:
        raise InvalidNameError(name, reason, _suggestion(name))


def check_available(name: str, taken: Iterable[TakenName]) -> None:
    """Checks that no model has this name, ignoring case.

    Raises:
        NameTakenError: The name is taken; the message says where.
    """
    for other in taken:
        if other.name.lower() == name.lower():
            raise NameTakenError(name, other.name, other.where)


def _objection(name: str) -> str | None:
    if len(name) > MAX_LENGTH or not _ALLOWED.fullmatch(name):
        return _FORM
    lowered = name.lower()
    if lowered in KEYWORDS:
        return "it is a Python keyword (case does not count)"
    if lowered in BUILTINS:
        return "it is a Python builtin (case does not count)"
    if {lowered, module_name(name)} & STANDARD_LIBRARY:
        return "it is a module of the standard library (case does not count)"
    if {lowered, module_name(name)} & USED_BY_GENERATED_CODE:
        return "generated files use it for something else (case does not count)"
    if lowered in TORCH_NAMES:
        return "torch has a class or module of that name (case does not count)"
    if name.startswith("Test") or module_name(name).endswith("_test"):
        return "pytest would collect the class or its file as a test"
    return None


def _suggestion(name: str) -> str | None:
    import unicodedata

    # NFKD separates accents from letters, so that they can be dropped.
    text = unicodedata.normalize("NFKD", name[: 4 * MAX_LENGTH])
    text = "".join(c for c in text if not unicodedata.combining(c))
    words = re.findall(r"[A-Za-z0-9]+", text, re.ASCII)
    joined = "".join(word[0].upper() + word[1:] for word in words)[:MAX_LENGTH]
    if not joined:
        return None
    candidates = [joined, f"{joined}Model", f"My{joined}"]
    if joined.endswith("Model"):
        del candidates[1]
    return next((each for each in candidates if _is_usable(each, name)), None)


def _is_usable(candidate: str, given: str) -> bool:
    return candidate != given and _objection(candidate) is None
