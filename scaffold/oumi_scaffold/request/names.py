"""Checks the names of models, and derives module names from them.

A name must match the allowed form and not break the generated files: Python's own
names, names that generated files import, and names that pytest would collect are
refused. The caller supplies the names that are already registered.
"""

import builtins
import keyword
import re
import sys
from collections.abc import Iterable
from importlib.machinery import PathFinder
from typing import NamedTuple

from oumi_scaffold.exceptions import InvalidNameError, NameTakenError
from oumi_scaffold.request.torch_names import TORCH_NAMES
from oumi_templates.filters import snake_case

MAX_LENGTH = 64

_ALLOWED = re.compile(r"[A-Z][A-Za-z0-9_]*", re.ASCII)
_PROJECT = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*", re.ASCII)
_PROJECT_FORM = (
    "it must be words of lower-case ASCII letters and digits, joined by -, "
    f"at most {MAX_LENGTH} characters in all"
)
_FORM = (
    "it must be a capital letter followed by ASCII letters, digits or _, "
    f"at most {MAX_LENGTH} characters in all"
)

# What generated files import or could, and modules that pytest or Windows would open.
_USED_BY_GENERATED_CODE = frozenset(
    """
    baseiterabledataset basemapdataset basemodel iterator
    f nn np numpy oumi oumi_runtime pytest registry tensor torch torchmetrics
    torchvision transformers conftest vocab_size num_classes num_features
    aux con nul prn com1 com2 com3 com4 lpt1 lpt2 lpt3 lpt4
    """.split()  # noqa: SIM905 - a list of quoted words is harder to read
)


_USED_BY_PROJECTS = frozenset(
    {"configs", "data", "datasets", "models", "mypy", "outputs", "ruff", "tests"}
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


def package_name(project: str) -> str:
    """Returns the import package of a project: `my_project` for `my-project`."""
    return project.replace("-", "_")


def check_project_name(name: str) -> None:
    """Checks that a project can have this name.

    Raises:
        InvalidNameError: It cannot; the message says why, and suggests a valid name.
    """
    reason = _objection_to_project(name)
    if reason:
        words = re.findall(r"[a-z0-9]+", name[:MAX_LENGTH].lower(), re.ASCII)
        candidates = ("-".join(words), f"my-{'-'.join(words)}")
        suggestion = next((c for c in candidates if not _objection_to_project(c)), None)
        raise InvalidNameError(name, reason, suggestion, noun="project")


def _objection_to_project(name: str) -> str | None:
    package = package_name(name)
    if len(name) > MAX_LENGTH or not _PROJECT.fullmatch(name):
        return _PROJECT_FORM
    if package in _KEYWORDS or package in _STANDARD_LIBRARY:
        return "Python has something of that name"
    if package in _USED_BY_GENERATED_CODE | _USED_BY_PROJECTS:
        return "the project uses it for something else"
    if package.startswith("test_"):
        return "pytest would collect it as tests"
    found = PathFinder.find_spec(package)
    if found is not None and found.origin is not None:
        return "an installed package has that name"
    return None


def _objection(name: str) -> str | None:
    if len(name) > MAX_LENGTH or not _ALLOWED.fullmatch(name):
        return _FORM
    lowered = name.lower()
    if lowered in _KEYWORDS:
        return "it is a Python keyword (case does not count)"
    if lowered in _BUILTINS:
        return "it is a Python builtin (case does not count)"
    if {lowered, module_name(name)} & _STANDARD_LIBRARY:
        return "it is a module of the standard library (case does not count)"
    if {lowered, module_name(name)} & _USED_BY_GENERATED_CODE:
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


def _lowered(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word.lower() for word in words)


_KEYWORDS = _lowered([*keyword.kwlist, *keyword.softkwlist])
_BUILTINS = _lowered(dir(builtins))
_STANDARD_LIBRARY = _lowered(sys.stdlib_module_names)
