"""Tables from the user's own csv, parquet or JSON file."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.readers.column_names import feature_names
from oumi_runtime.datasets.readers.csv_files import text_columns
from oumi_runtime.datasets.readers.numbers import in_32_bits
from oumi_runtime.datasets.readers.split_files import with_training_file
from oumi_runtime.datasets.readers.table import Column, Table
from oumi_runtime.datasets.readers.table_features import (
    MAX_CATEGORIES,
    convert_column,
    describe_columns,
    make_numbers,
)
from oumi_runtime.datasets.readers.tables import read_table
from oumi_runtime.datasets.readers.tabular_stream import TabularStream
from oumi_runtime.exceptions import DataError

_ROWS_AT_ONCE = 8192


@register_dataset("tabular")
class Tabular(ColumnDataset):
    """Tables with feature columns and a label column.

    Columns: `features` (columns,) float32, in the order of `feature_names`: numbers, or
    for text the place in the column's categories, with NaN for missing values, as
    `table_columns` says; a run then encodes them with what it fits to its training
    split. `labels` () int64 where they are classes, float32 where they are fractions.
    Class names are numbered alphabetically; for a folder, those of the training split
    are used for all splits.
    """

    reads_split_files: ClassVar[bool] = True

    def __init__(
        self,
        dataset_path: str,
        split: str = "train",
        label_column: str = "label",
        feature_columns: list[str] | None = None,
        split_column: str | None = None,
        regression: bool = False,
        max_categories: int = MAX_CATEGORIES,
    ) -> None:
        """Reads one split.

        Args:
            dataset_path: A file (.csv, .parquet, .jsonl or .json), or a folder with
                one per split, such as `train.csv`.
            split: The file to read from a folder; for a single file, the rows whose
                `split_column` has this value, or all rows without such a column.
            label_column: The column to predict.
            feature_columns: The columns to predict it from; all others if None.
            split_column: The column with the split of each row.
            regression: Whether whole-number labels are quantities, not classes.
            max_categories: The maximum number of different texts in a feature column.

        Raises:
            DataError: The file or a column is missing, a label is, or a feature column
                is neither numbers nor categories.
        """
        path, train = with_training_file(Path(dataset_path), split)
        own = [name for name in (label_column, split_column) if name is not None]
        table = _read(path, train, feature_columns and [*feature_columns, *own])
        labels = table.require(label_column, "set dataset_kwargs.label_column")
        classes = None if regression else _class_names(labels)
        names = feature_names(
            path, table.columns, feature_columns, label_column, split_column
        )
        # Of all splits of the file, so that the number of features does not depend on
        # how many rows each split has.
        columns = describe_columns(table, names, max_categories, train)
        _keep_split(table, split, split_column)
        if classes is not None and train != path:
            others = read_table(train, [label_column])
            classes = _class_names(others.require(label_column, "add it"))
        for column in columns:
            convert_column(table, column)
        if classes is None:
            make_numbers(table, label_column)
        else:
            _check_classes(table, label_column, classes)
        self.dataset_name, self.dataset_path = "tabular", str(path)
        self.feature_names = list(names)
        features = _side_by_side([np.asarray(table.columns[name]) for name in names])
        super().__init__(
            {
                "features": torch.from_numpy(features),
                "labels": _to_labels(table.columns[label_column], classes, regression),
            },
            label_names=classes,
            table_columns=tuple(columns),
        )

    @classmethod
    def open_stream(
        cls,
        dataset_path: str,
        split: str = "train",
        label_column: str = "label",
        feature_columns: list[str] | None = None,
        split_column: str | None = None,
        regression: bool = False,
    ) -> TabularStream:
        """Streams the rows of a table of numbers; .arrow files are supported too."""
        path, train = with_training_file(Path(dataset_path), split)
        return TabularStream(
            path,
            split=split,
            label_column=label_column,
            feature_columns=feature_columns,
            split_column=split_column,
            regression=regression,
            classes_from=train,
        )


def _read(path: Path, train: Path, names: list[str] | None) -> Table:
    """Reads columns of a file, as text if they are text in the training split."""
    as_text = []
    if train != path and {path.suffix.lower(), train.suffix.lower()} == {".csv"}:
        as_text = text_columns(train)
    return read_table(path, names, as_text)


def _keep_split(table: Table, split: str, column: str | None) -> None:
    """Keeps the rows of a split, if there is a column that says which these are."""
    if column is not None:
        splits = table.require(column, "set dataset_kwargs.split_column")
        table.keep([row for row, name in enumerate(splits) if str(name) == split])
    if not len(table):
        raise DataError(f"{table.path} has no rows of the split {split!r}")


def _side_by_side(columns: list[npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
    """Returns a matrix of columns, (rows, columns)."""
    matrix = np.empty((len(columns[0]), len(columns)), np.float32)
    # A column at a time would go through all of the memory once for each.
    for start in range(0, len(matrix), _ROWS_AT_ONCE):
        rows = slice(start, start + _ROWS_AT_ONCE)
        for place, column in enumerate(columns):
            matrix[rows, place] = in_32_bits(column[rows])
    return matrix


def _class_names(values: Column) -> list[str] | None:
    """Returns the class names in order; None if the classes are numbers."""
    if not isinstance(values, list):
        return None
    names = {value for value in values if type(value) is str and value}
    return sorted(names) or None


def _check_classes(table: Table, name: str, classes: list[str]) -> None:
    known = set(classes)
    # Checks the set of labels first: a table may have many millions of them.
    if {*table.listed(name)} <= known:
        return

    def reason_of(value: Any) -> str | None:
        if value in known:
            return None
        if value in (None, ""):
            return f"has no {name!r}"
        return (
            f"{name!r} is {value!r:.40}, which is not one of the classes "
            f"{', '.join(classes)}"
        )

    table.check(reason_of, name)


def _to_labels(
    values: Column, classes: list[str] | None, regression: bool
) -> torch.Tensor:
    if classes is not None:
        ids = {class_name: number for number, class_name in enumerate(classes)}
        numbers = map(ids.__getitem__, values)
        return torch.from_numpy(np.fromiter(numbers, np.int64, len(values)))
    whole = np.asarray(values).dtype.kind in "biu" and not regression
    return torch.from_numpy(np.asarray(values, np.int64 if whole else np.float32))
