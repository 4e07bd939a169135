"""Functions of the running Python's standard library as a table: syntax, and length.

The task is to predict a function's length in lines from the node counts of its syntax
tree, which do not show comments, blank lines and long expressions.
"""

import ast
import math
from collections import Counter
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

import torch

from oumi_runtime.core.datasets import ColumnDataset
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

# The nodes to count in each function, by their names in Python's syntax tree.
FEATURES = (
    "arg",
    "Assign",
    "Attribute",
    "BinOp",
    "Call",
    "Compare",
    "Constant",
    "For",
    "If",
    "Name",
    "Raise",
    "Return",
)

_Row = tuple[tuple[int, ...], float]


@register_dataset("stdlib_functions")
class StdlibFunctions(ColumnDataset):
    """About 4,500 functions of ten packages.

    Columns: `features` (num_features,) float32, the counts of `FEATURES`; `labels` ()
    float32, the base-2 logarithm of the number of lines. A function's split depends
    only on its source: eighty percent are for training, ten each for validation and
    test.
    """

    def __init__(self, split: str = "train", num_features: int = len(FEATURES)) -> None:
        """Reads one split from the standard library's source.

        Args:
            split: train, validation or test.
            num_features: How many counts, the first of `FEATURES`.

        Raises:
            DataError: The split is unknown, the number is out of range, or Python's
                source files are missing.
        """
        check_split("stdlib_functions", split)
        check_number("stdlib_functions", "num_features", num_features, 1, len(FEATURES))
        rows = [row for row, own in _functions() if own == split]
        require_samples(rows)
        features, labels = zip(*rows, strict=True)
        self.feature_names = list(FEATURES[:num_features])
        super().__init__(
            {
                "features": torch.tensor(features)[:, :num_features].float(),
                "labels": torch.tensor(labels, dtype=torch.float32),
            }
        )


@cache
@without_collecting_garbage()
def _functions() -> tuple[tuple[_Row, str], ...]:
    """Returns the row and the split of every function, in file order."""
    files = chain.from_iterable(map(package_files, PACKAGES))
    return tuple(chain.from_iterable(map(_functions_of, files)))


def _functions_of(path: Path) -> Iterator[tuple[_Row, str]]:
    for node in statements(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            counts = Counter(type(inner).__name__ for inner in ast.walk(node))
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            row = tuple(counts[name] for name in FEATURES), math.log2(lines)
            yield row, split_of(ast.dump(node))
