"""Functions of the running Python's standard library: signatures and summaries."""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from oumi_runtime.core.datasets import TextPairs
from oumi_runtime.core.garbage_collection import without_collecting_garbage
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.stdlib_files import (
    PACKAGES,
    check_split,
    package_files,
    require_samples,
    split_of,
    statements,
    top_files,
)


@register_dataset("stdlib_signatures")
class StdlibSignatures(TextPairs):
    """About 4,000 functions: the signature, and the first line of the docstring.

    A pair's split follows from its texts alone: eight in ten are for training, one each
    for validation and test. A pair that occurs more than once counts once.
    """

    def __init__(self, split: str = "train") -> None:
        """Reads one split from the standard library's source.

        Args:
            split: train, validation or test.

        Raises:
            DataError: An unknown split, or a Python without its library's source.
        """
        check_split("stdlib_signatures", split)
        pairs = [pair for pair in _pairs() if split_of("\n".join(pair)) == split]
        require_samples(pairs)
        super().__init__(
            [signature for signature, _ in pairs], [summary for _, summary in pairs]
        )


@cache
@without_collecting_garbage()
def _pairs() -> tuple[tuple[str, str], ...]:
    """Every pair once, in the order of the files."""
    files = chain(top_files(), *map(package_files, PACKAGES))
    return tuple(dict.fromkeys(chain.from_iterable(map(_pairs_of, files))))


def _pairs_of(path: Path) -> Iterator[tuple[str, str]]:
    for node in statements(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            summary = (ast.get_docstring(node) or "").partition("\n")[0].strip()
            # A lone sign, and a doctest that opens the docstring, say nothing.
            if len(summary.split()) > 1 and not summary.startswith(">>>"):
                yield f"{node.name}({ast.unparse(node.args)})", summary
