"""The user's own texts, for language modelling."""

from pathlib import Path
from typing import Any, ClassVar

from torch.utils.data import Dataset

from oumi_runtime.core.datasets import PlainTexts
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.file_streams import PlainTextStream
from oumi_runtime.datasets.readers.split_files import SPLIT_NAMES, split_file
from oumi_runtime.datasets.readers.tables import read_columns
from oumi_runtime.datasets.readers.text_file import TextFileStream, read_text


@register_dataset("text_lm")
class TextLm(PlainTexts):
    """Plain texts: a .txt file is one text, a table has one per row."""

    reads_split_files: ClassVar[bool] = True

    def __init__(
        self, dataset_path: str, split: str = "train", text_column: str = "text"
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.txt, .jsonl, .json, .csv or .parquet), or a folder
                with one per split, such as `train.txt`.
            split: The file to read from a folder; a single file serves every split.
            text_column: The column with the texts, if the file is a table.

        Raises:
            DataError: The file, a column or a value is missing, or cannot be read.
        """
        path = _text_file(Path(dataset_path), split)
        if path is not None:
            super().__init__([read_text(path)])
            return
        path = split_file(Path(dataset_path), split)
        table = read_columns(path, (text_column,))
        table.check_kind(text_column, {str}, "text")
        super().__init__(table.listed(text_column))

    @classmethod
    def open_stream(
        cls, dataset_path: str, split: str = "train", text_column: str = "text"
    ) -> Dataset[Any]:
        """Streams the rows of a table, or the parts of a .txt file.

        Each part is a text of its own. It has 65,536 characters, and more up to the end
        of the line.
        """
        text_file = _text_file(Path(dataset_path), split)
        if text_file is not None:
            return TextFileStream(text_file, dataset_name="text_lm")
        path = split_file(Path(dataset_path), split)
        columns = {"text_column": text_column}
        return PlainTextStream(path, columns, dataset_name="text_lm")


def _text_file(path: Path, split: str) -> Path | None:
    """Returns the .txt file itself, or the one in a folder named for the split."""
    if path.is_file():
        return path if path.suffix.lower() == ".txt" else None
    stems = SPLIT_NAMES.get(split, (split,))
    found = (path / f"{stem}.txt" for stem in stems)
    return next((file for file in found if file.is_file()), None)
