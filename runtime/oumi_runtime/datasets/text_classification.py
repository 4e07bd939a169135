"""Labelled texts from the user's own jsonl, csv or parquet file."""

from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from oumi_runtime.core.datasets import TextDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.split_files import split_file
from oumi_runtime.datasets.readers.table import Table
from oumi_runtime.datasets.readers.tables import read_columns
from oumi_runtime.datasets.readers.text_streams import TextStream, stream_text_file


@register_dataset("text_classification")
class TextClassification(TextDataset):
    """Labelled texts, one per row.

    Classes are numbers from 0, or names, ordered as in the training split.
    """

    reads_split_files: ClassVar[bool] = True

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        text_column: str = "text",
        label_column: str = "label",
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.jsonl, .json, .csv or .parquet), or a folder with
                one per split, such as `train.csv`.
            split: The file to read from a folder; a single file serves every split.
            text_column: The column with the texts.
            label_column: The column with the classes: integers, names, or false and
                true for 0 and 1.

        Raises:
            DataError: The file, a column or a value is missing, or cannot be read.
        """
        path = split_file(Path(dataset_path), split)
        table = read_columns(path, (text_column, label_column))
        table.check_kind(text_column, {str}, "text")
        _check_classes(table, label_column)
        labels = table.listed(label_column)
        super().__init__(
            table.listed(text_column),
            [int(label) if isinstance(label, bool) else label for label in labels],
        )

    @classmethod
    def open_stream(
        cls,
        dataset_path: str,
        split: str = "train",
        text_column: str = "text",
        label_column: str = "label",
    ) -> TextStream:
        """Streams the same rows; .arrow files are supported too."""
        path = split_file(Path(dataset_path), split)
        return stream_text_file(
            path, text_column, label_column, dataset_name="text_classification"
        )


def _check_classes(table: Table, column: str) -> None:
    """Rejects rows whose label is not of the same type as most labels."""
    kinds = Counter(map(type, table.listed(column)))
    are_names = kinds[str] and kinds[str] >= kinds[int] + kinds[bool]
    kind = str if are_names else int
    if kinds.keys() <= {kind, bool} and "" not in table.listed(column):
        return  # The usual case: no need to check each row.

    def reason_of(label: Any) -> str | None:
        if label == "":
            return f"has no {column!r}"
        if isinstance(label, kind):
            return None
        return (
            f"{column!r} is {label!r:.40}; classes must be all integers, or all names"
        )

    table.check(reason_of, column)
