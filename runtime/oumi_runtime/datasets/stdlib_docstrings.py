"""Docstrings of the running Python's standard library, labelled by their package.

Real text that every machine has. The labels are the same for every Python version; the
texts follow the version.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from oumi_runtime.core.datasets import TextDataset
from oumi_runtime.core.garbage_collection import without_collecting_garbage
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.stdlib_files import (
    PACKAGES,
    check_split,
    package_files,
    require_samples,
    split_of,
    statements,
)


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
        check_split("stdlib_docstrings", split)
        samples = [
            (text, label) for text, label in _docstrings() if split_of(text) == split
        ]
        require_samples(samples)
        super().__init__(
            [text for text, _ in samples],
            [label for _, label in samples],
            label_names=PACKAGES,
        )


@cache
@without_collecting_garbage()
def _docstrings() -> tuple[tuple[str, int], ...]:
    """Every docstring once, with its package's number, in the order of the files."""
    seen: dict[str, int] = {}
    for label, package in enumerate(PACKAGES):
        for path in package_files(package):
            for text in _docstrings_of(path):
                seen.setdefault(text, label)
    return tuple(seen.items())


def _docstrings_of(path: Path) -> Iterator[str]:
    for node in statements(path):
        if isinstance(
            node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
        ) and (text := ast.get_docstring(node)):
            yield text
