"""Lines of the running Python's standard library, each token labelled by its kind.

The kinds are those that editors use to highlight code. Some can be told from the token
alone; whether a name is called, defined, or an attribute depends on its neighbours.
"""

import keyword
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from oumi_runtime.core.datasets import TaggedTexts
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.split_files import check_number, check_split
from oumi_runtime.datasets.readers.stdlib_files import (
    package_files,
    require_samples,
    split_of,
)

KINDS = (
    "attribute",
    "call",
    "comment",
    "definition",
    "keyword",
    "name",
    "number",
    "operator",
    "string",
)
_PACKAGES = ("email", "http", "json", "logging", "unittest", "urllib", "xml")
_BY_TYPE = {
    tokenize.COMMENT: "comment",
    tokenize.NUMBER: "number",
    tokenize.OP: "operator",
    tokenize.STRING: "string",
}
_LONGEST = 24  # Tokens are cut to this length, so that docstrings don't fill a sample.


@register_dataset("stdlib_tokens")
class StdlibTokens(TaggedTexts):
    """About 15,000 logical lines of code; about a third of the tokens are operators.

    A line's split depends only on its text: eighty percent of the lines are for
    training, ten each for validation and test. Duplicates, and lines of fewer than four
    tokens, are left out.
    """

    def __init__(self, split: str = "train", num_classes: int = len(KINDS)) -> None:
        """Reads one split from the standard library's source.

        Args:
            split: train, validation or test.
            num_classes: How many kinds, in the order of their names; tokens of others
                are not labelled.

        Raises:
            DataError: The split is unknown, the number is out of range, or Python's
                source files are missing.
        """
        check_split("stdlib_tokens", split)
        check_number("stdlib_tokens", "num_classes", num_classes, 1, len(KINDS))
        lines = [line for line in _lines() if split_of(" ".join(line)) == split]
        require_samples(lines)
        labels = [
            [label if label < num_classes else -100 for label in _lines()[line]]
            for line in lines
        ]
        super().__init__(lines, labels, label_names=KINDS[:num_classes])


@cache
def _lines() -> dict[tuple[str, ...], list[int]]:
    """Returns every distinct line with the labels of its tokens, in file order."""
    seen: dict[tuple[str, ...], list[int]] = {}
    for package in _PACKAGES:
        for path in package_files(package):
            for line in _logical_lines(path):
                if len(line) >= 4:
                    texts = tuple(token.string[:_LONGEST] for token in line)
                    seen.setdefault(texts, _labels(line))
    return seen


def _logical_lines(path: Path) -> Iterator[list[tokenize.TokenInfo]]:
    line: list[tokenize.TokenInfo] = []
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type in _BY_TYPE or token.type == tokenize.NAME:
                line.append(token)
            elif token.type == tokenize.NEWLINE:
                yield line
                line = []


def _labels(line: list[tokenize.TokenInfo]) -> list[int]:
    texts = ["", *(token.string for token in line), ""]
    kinds = (
        _BY_TYPE.get(token.type) or _kind_of_name(*texts[number : number + 3])
        for number, token in enumerate(line)
    )
    return [KINDS.index(kind) for kind in kinds]


def _kind_of_name(before: str, name: str, after: str) -> str:
    if keyword.iskeyword(name):
        return "keyword"
    if before in ("def", "class"):
        return "definition"
    if after == "(":
        return "call"
    return "attribute" if before == "." else "name"
