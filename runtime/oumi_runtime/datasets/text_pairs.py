"""Pairs of texts from the user's own jsonl, csv or parquet file."""

from pathlib import Path
from typing import ClassVar

from oumi_runtime.core.datasets import TextPairs
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.file_streams import TextPairStream
from oumi_runtime.datasets.readers.split_files import split_file
from oumi_runtime.datasets.readers.tables import read_columns


@register_dataset("text_pairs")
class TextPairsFile(TextPairs):
    """Pairs of matching texts, one per row."""

    reads_split_files: ClassVar[bool] = True

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        text_column: str = "text",
        target_column: str = "target",
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.jsonl, .json, .csv or .parquet), or a folder with
                one per split, such as `train.csv`.
            split: The file to read from a folder; a single file serves every split.
            text_column: The column with the texts.
            target_column: The column with the matching texts.

        Raises:
            DataError: The file, a column or a value is missing, or cannot be read.
        """
        path = split_file(Path(dataset_path), split)
        table = read_columns(path, (text_column, target_column))
        for name in (text_column, target_column):
            table.check_kind(name, {str}, "text")
        super().__init__(table.listed(text_column), table.listed(target_column))

    @classmethod
    def open_stream(
        cls,
        dataset_path: str,
        split: str = "train",
        text_column: str = "text",
        target_column: str = "target",
    ) -> TextPairStream:
        """Streams the same rows; .arrow files are supported too."""
        return TextPairStream(
            split_file(Path(dataset_path), split),
            {"text_column": text_column, "target_column": target_column},
            dataset_name="text_pairs",
        )
