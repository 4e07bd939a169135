"""The user's own labelled texts, from a jsonl, csv or parquet file."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from oumi_runtime.core.datasets import TextDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.exceptions import DataError

if TYPE_CHECKING:
    import pyarrow as pa

_SUFFIXES = (".jsonl", ".json", ".csv", ".parquet")
_SPLIT_NAMES = {"validation": ("validation", "valid", "val", "dev")}


@register_dataset("text_classification")
class TextClassification(TextDataset):
    """Texts and their classes, a row each.

    Classes are numbers from 0, or names; the training split decides the order of names.
    """

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        text_column: str = "text",
        label_column: str = "label",
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.jsonl, .json with a row a line, .csv or .parquet), or
                a folder that holds one a split, such as `train.csv`.
            split: Which file of a folder; a file is read whole whatever the split.
            text_column: Name of the column with the texts.
            label_column: Name of the column with the classes.

        Raises:
            DataError: The file, a column or a value is missing, or cannot be read.
        """
        path = _file_of(Path(dataset_path), split)
        table = _read_table(path)
        texts = _column(table, text_column, path)
        labels = _column(table, label_column, path)
        if not all(isinstance(label, int) for label in labels) and not all(
            isinstance(label, str) for label in labels
        ):
            raise DataError(
                f"{path}: column {label_column!r} must hold class numbers or names, "
                f"not {table.schema.field(label_column).type}"
            )
        super().__init__([str(text) for text in texts], labels)


def _file_of(path: Path, split: str) -> Path:
    """The file itself, or the one of a folder that is named for the split."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise DataError(
            f"no file or folder at {path}; set dataset_path to a "
            f"{', '.join(_SUFFIXES)} file, or to a folder that holds train.csv or such"
        )
    stems = _SPLIT_NAMES.get(split, (split,))
    for name in (stem + suffix for stem in stems for suffix in _SUFFIXES):
        if (path / name).is_file():
            return path / name
    raise DataError(
        f"{path} holds no {split} split; name a file {split}.jsonl, {split}.csv or "
        f"{split}.parquet"
    )


def _read_table(path: Path) -> "pa.Table":
    import pyarrow as pa

    try:
        if path.suffix == ".csv":
            from pyarrow import csv

            # A text may hold line breaks inside its quotes.
            return csv.read_csv(
                path, parse_options=csv.ParseOptions(newlines_in_values=True)
            )
        if path.suffix == ".parquet":
            from pyarrow import parquet

            return parquet.read_table(path)
        if path.suffix in (".jsonl", ".json"):
            from pyarrow import json

            return json.read_json(path)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path} is not valid {path.suffix[1:]}: {reason}") from error
    raise DataError(
        f"{path} is not of a known kind; give one of {', '.join(_SUFFIXES)}"
    )


def _column(table: "pa.Table", name: str, path: Path) -> list[Any]:
    if name not in table.column_names:
        raise DataError(
            f"{path} has no column {name!r}, only {', '.join(table.column_names)}; "
            "name it in dataset_kwargs (text_column, label_column)"
        )
    values: list[Any] = table.column(name).to_pylist()
    if None in values:
        raise DataError(f"{path}: row {values.index(None) + 1} has no {name!r}")
    return values
