"""Docstrings of the running Python's standard library, labelled by their package.

Real text that is available on every machine. The labels are the same for every Python
version; the texts differ between versions.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from oumi_runtime.core.datasets import TextDataset
from oumi_runtime.core.garbage_collection import without_collecting_garbage
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.split_files import check_number, check_split
from oumi_runtime.datasets.readers.stdlib_files import (
    PACKAGES,
    package_files,
    require_samples,
    split_of,
    statements,
)


@register_dataset("stdlib_docstrings")
class StdlibDocstrings(TextDataset):
    """About 2,800 docstrings of ten packages; about a quarter are tkinter's.

    A docstring's split depends only on its text: eighty percent of them are for
    training, ten each for validation and test. Duplicates are left out.
    """

    def __init__(self, split: str = "train", num_classes: int = 10) -> None:
        """Reads one split from the standard library's source.

        Args:
            split: train, validation or test.
            num_classes: How many packages, in the order of their names; the docstrings
                of others are left out.

        Raises:
            DataError: The split is unknown, the number is out of range, or Python's
                source files are missing.
        """
        check_split("stdlib_docstrings", split)
        check_number("stdlib_docstrings", "num_classes", num_classes, 1, len(PACKAGES))
        samples = [
            (text, label)
            for text, label in _docstrings()
            if label < num_classes and split_of(text) == split
        ]
        require_samples(samples)
        super().__init__(
            [text for text, _ in samples],
            [label for _, label in samples],
            label_names=PACKAGES[:num_classes],
        )


@cache
@without_collecting_garbage()
def _docstrings() -> tuple[tuple[str, int], ...]:
    """Returns every distinct docstring with its package's index, in file order."""
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
