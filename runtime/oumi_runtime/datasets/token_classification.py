"""Texts with a label for each token, from the user's own jsonl or parquet file."""

from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from oumi_runtime.core.datasets import TaggedTexts
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.file_streams import TaggedTextStream, tags_mistake
from oumi_runtime.datasets.readers.split_files import split_file
from oumi_runtime.datasets.readers.tables import read_columns


@register_dataset("token_classification")
class TokenClassification(TaggedTexts):
    """Rows with a list of tokens and an equally long list of labels.

    Labels are integers from 0, or names, ordered as in the training split.
    """

    reads_split_files: ClassVar[bool] = True

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        token_column: str = "tokens",
        label_column: str = "labels",
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.jsonl, .json or .parquet), or a folder with one per
                split, such as `train.jsonl`.
            split: The file to read from a folder; a single file serves every split.
            token_column: The column with the lists of tokens.
            label_column: The column with the lists of labels.

        Raises:
            DataError: The file, a column or a value is missing, or cannot be read.
        """
        path = split_file(Path(dataset_path), split)
        table = read_columns(path, (token_column, label_column))
        kinds = {
            type(label) for row in table.listed(label_column) for label in _list(row)
        }
        kind = str if kinds == {str} else int
        names = [token_column, label_column]
        table.check(partial(tags_mistake, kind=kind, names=names), *names)
        super().__init__(table.listed(token_column), table.listed(label_column))

    @classmethod
    def open_stream(
        cls,
        dataset_path: str,
        split: str = "train",
        token_column: str = "tokens",
        label_column: str = "labels",
    ) -> TaggedTextStream:
        """Streams the same rows; .arrow files are supported too."""
        return TaggedTextStream(
            split_file(Path(dataset_path), split),
            {"token_column": token_column, "label_column": label_column},
            dataset_name="token_classification",
        )


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
