"""The source files of the running Python's standard library, and how they are split.

Real text and code that every machine has; it is under the licence of Python itself.
"""

import ast
import hashlib
import sysconfig
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

from oumi_runtime.exceptions import DataError, suggestion

SPLITS = ("train", "validation", "test")

# What holds the statements of a statement, in the order of the syntax tree.
_BODIES = ("body", "handlers", "orelse", "finalbody", "cases")

# The largest packages by docstrings that every Python from 3.11 on has.
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
    """The modules of a package, without its tests, by their paths."""
    return [
        path
        for path in sorted((_library_folder() / package).rglob("*.py"))
        if not {"test", "tests", "__pycache__"} & set(path.parts)
    ]


def top_files() -> list[Path]:
    """The modules that are in no package, by their names."""
    return sorted(_library_folder().glob("*.py"))


def module_of(path: Path) -> str:
    """A file's path from the library's folder, with slashes."""
    return path.relative_to(_library_folder()).as_posix()


def statements(path: Path) -> Iterator[ast.AST]:
    """The module of a file and its statements, in the order of `ast.walk`.

    Expressions, nine in ten of the nodes, are left out: they define nothing.
    """
    rest = deque[ast.AST]([ast.parse(path.read_bytes())])
    while rest:
        node = rest.popleft()
        yield node
        for name in _BODIES:
            rest.extend(getattr(node, name, ()))


def check_split(dataset: str, split: str) -> None:
    """Refuses a split that there is not.

    Raises:
        DataError: It is not one of `SPLITS`.
    """
    if split not in SPLITS:
        raise DataError(
            f"{dataset} has no split {split!r}{suggestion(split, SPLITS)}; take one of "
            f"{', '.join(SPLITS)}"
        )


def require_samples(samples: Sequence[object]) -> None:
    """Refuses a Python that comes without the source of its library.

    Raises:
        DataError: There is no sample.
    """
    if not samples:
        raise DataError(
            "this Python has no source files of its standard library in "
            f"{_library_folder()}; use another Python, or another dataset"
        )


def split_of(text: str, parts: int = 10) -> str:
    """The split that a text is in, which follows from it alone.

    Args:
        text: The text.
        parts: One part each is for validation and test, the rest for training.
    """
    part = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % parts
    return {0: "test", 1: "validation"}.get(part, "train")


def _library_folder() -> Path:
    return Path(sysconfig.get_path("stdlib"))
