"""Docstrings of the running Python's standard library, labelled by their package.

Real text that every machine has. The labels are the same for every Python version; the
texts follow the version.
"""

import ast
import hashlib
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from oumi_runtime.core.datasets import TextDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.exceptions import DataError, suggestion

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
_SPLITS = ("train", "validation", "test")


@register_dataset("stdlib_docstrings")
class StdlibDocstrings(TextDataset):
    """About 2,800 docstrings of ten packages; about a quarter are tkinter's.

    A docstring's split follows from its text alone: eight in ten are for training, one
    each for validation and test. A text that occurs more than once counts once.
    """

    def __init__(self, split: str = "train") -> None:
        """Reads one split from the standard library's source.

        Args:
            split: train, validation or test.

        Raises:
            DataError: An unknown split, or a Python without its library's source.
        """
        if split not in _SPLITS:
            raise DataError(
                f"stdlib_docstrings has no split {split!r}"
                f"{suggestion(split, _SPLITS)}; take one of {', '.join(_SPLITS)}"
            )
        samples = [
            (text, label) for text, label in _docstrings() if _split_of(text) == split
        ]
        if not samples:
            raise DataError(
                "this Python has no source files of its standard library in "
                f"{_library_folder()}; use another Python, or another dataset"
            )
        super().__init__(
            [text for text, _ in samples],
            [label for _, label in samples],
            label_names=PACKAGES,
        )


@cache
def _docstrings() -> tuple[tuple[str, int], ...]:
    """Every docstring once, with its package's number, in the order of the files."""
    seen: dict[str, int] = {}
    for label, package in enumerate(PACKAGES):
        for path in sorted((_library_folder() / package).rglob("*.py")):
            if not {"test", "tests", "__pycache__"} & set(path.parts):
                for text in _docstrings_of(path):
                    seen.setdefault(text, label)
    return tuple(seen.items())


def _docstrings_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and (text := ast.get_docstring(node)):
            yield text


def _library_folder() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _split_of(text: str) -> str:
    tenth = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[0] % 10
    return {0: "test", 1: "validation"}.get(tenth, "train")
