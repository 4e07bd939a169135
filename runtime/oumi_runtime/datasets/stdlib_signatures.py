"""Functions of the running Python's standard library: signatures and summaries."""

import ast
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path

from oumi_runtime.core.datasets import TextPairs
from oumi_runtime.core.garbage_collection import without_collecting_garbage
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.split_files import check_split
from oumi_runtime.datasets.readers.stdlib_files import (
    PACKAGES,
    package_files,
    require_samples,
    split_of,
    statements,
    top_files,
)


@register_dataset("stdlib_signatures")
class StdlibSignatures(TextPairs):
    """About 4,000 functions: the signature, and the first line of the docstring.

    A pair's split depends only on its texts: eighty percent of the pairs are for
    training, ten each for validation and test. Duplicates are left out.
    """

    def __init__(self, split: str = "train") -> None:
        """Reads one split from the standard library's source.

        Args:
            split: train, validation or test.

        Raises:
            DataError: The split is unknown, or Python's source files are missing.
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
    """Returns every distinct pair, in file order."""
    files = chain(top_files(), *map(package_files, PACKAGES))
    return tuple(dict.fromkeys(chain.from_iterable(map(_pairs_of, files))))


def _pairs_of(path: Path) -> Iterator[tuple[str, str]]:
    for node in statements(path):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            summary = (ast.get_docstring(node) or "").partition("\n")[0].strip()
            # A single word, or a doctest that opens the docstring, is no summary.
            if len(summary.split()) > 1 and not summary.startswith(">>>"):
                yield f"{node.name}({ast.unparse(node.args)})", summary
