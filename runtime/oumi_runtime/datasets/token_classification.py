"""The user's own texts with a label for each token, from a jsonl or parquet file."""

from pathlib import Path
from typing import Any

from oumi_runtime.core.datasets import TaggedTexts
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.split_files import split_file
from oumi_runtime.datasets.tables import read_columns
from oumi_runtime.exceptions import DataError


@register_dataset("token_classification")
class TokenClassification(TaggedTexts):
    """Lists of tokens and of their labels, of one length in each row.

    Labels are whole numbers from 0, or names; the training split decides the order of
    names.
    """

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        token_column: str = "tokens",
        label_column: str = "labels",
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.jsonl, .json or .parquet), or a folder that holds one
                a split, such as `train.jsonl`.
            split: Which file of a folder; a file is read whole whatever the split.
            token_column: Name of the column with the lists of tokens.
            label_column: Name of the column with the lists of labels.

        Raises:
            DataError: The file, a column or a value is missing, or cannot be read.
        """
        path = split_file(Path(dataset_path), split)
        tokens, labels = read_columns(path, (token_column, label_column))
        kinds = {type(label) for row in labels for label in _list(row)}
        for number, row in enumerate(zip(tokens, labels, strict=True), start=1):
            where = f"{path}: row {number}"
            _require_all(row[0], str, f"{where}: {token_column!r}", "texts")
            kind, words = (str, "names") if kinds == {str} else (int, "whole numbers")
            _require_all(row[1], kind, f"{where}: {label_column!r}", words)
            if len(row[0]) != len(row[1]):
                raise DataError(
                    f"{where} has {len(row[0])} {token_column} but {len(row[1])} "
                    f"{label_column}"
                )
        super().__init__(tokens, labels)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _require_all(value: Any, kind: type, where: str, words: str) -> None:
    if not isinstance(value, list) or not all(isinstance(v, kind) for v in value):
        raise DataError(f"{where} is {value!r:.60}, not a list of {words}")
