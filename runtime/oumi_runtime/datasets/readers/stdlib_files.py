"""Finds the source files of the running Python's standard library, and splits texts.

Real text and code that is available on every machine, under Python's own licence.
"""

import ast
import hashlib
import sysconfig
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from oumi_runtime.exceptions import DataError

# The attributes that hold nested statements, in the order of the syntax tree.
_BODIES = ("body", "handlers", "orelse", "finalbody", "cases")

# The packages with the most docstrings, among those in every Python from 3.11 on.
PACKAGES = (
    "asyncio",
    "email",
    "http",
    "importlib",
    "logging",
    "multiprocessing",
    "tkinter",
    "unittest",
    "urllib",
    "xml",
)


def package_files(package: str) -> list[Path]:
    """Returns the modules of a package, without its tests, sorted by path."""
    return [
        path
        for path in sorted((_library_folder() / package).rglob("*.py"))
        if not {"test", "tests", "__pycache__"} & set(path.parts)
    ]


def top_files() -> list[Path]:
    """Returns the top-level modules, sorted by name."""
    return sorted(_library_folder().glob("*.py"))


def module_of(path: Path) -> str:
    """Returns a file's path relative to the library's folder, with slashes."""
    return path.relative_to(_library_folder()).as_posix()


def statements(path: Path) -> Iterator[ast.AST]:
    """Yields the module of a file and its statements, in the order of `ast.walk`.

    Expressions, nine in ten of the nodes, are left out, since they define nothing.
    """
    rest = deque[ast.AST]([ast.parse(path.read_bytes())])
    while rest:
        node = rest.popleft()
        yield node
        for name in _BODIES:
            rest.extend(getattr(node, name, ()))


def require_samples(samples: Sequence[object]) -> None:
    """Refuses a Python installation without the source of its library.

    Raises:
        DataError: There are no samples.
    """
    if not samples:
        raise DataError(
            "this Python has no source files of its standard library in "
            f"{_library_folder()}; use another Python, or another dataset"
        )


def split_of(text: str, parts: int = 10) -> str:
    """Returns the split of a text, which depends only on the text itself.

    Args:
        text: The text.
        parts: Number of parts: one is for validation, one for test, the others for
            training.
    """
    part = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % parts
    return {0: "test", 1: "validation"}.get(part, "train")


def _library_folder() -> Path:
    return Path(sysconfig.get_path("stdlib"))
