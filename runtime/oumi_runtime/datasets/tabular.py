"""Numeric tables from the user's own csv, parquet or JSON file."""

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.numbers import (
    LEAVE_OUT_COLUMN,
    in_32_bits,
    reason_against,
)
from oumi_runtime.datasets.split_files import split_file
from oumi_runtime.datasets.table import Column, Table
from oumi_runtime.datasets.tables import read_table
from oumi_runtime.datasets.tabular_stream import TabularStream
from oumi_runtime.exceptions import DataError

_ROWS_AT_ONCE = 8192


@register_dataset("tabular")
class Tabular(ColumnDataset):
    """Tables with numeric feature columns and a label column.

    Columns: `features` (features,) float32, in the order of `feature_names`; `labels`
    () int64 where they are classes, float32 where they are fractions. Class names are
    numbered alphabetically; for a folder, those of the training split are used for all
    splits.
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

        Raises:
            DataError: The file, a column or a value is missing, or is not a number.
        """
        path = split_file(Path(dataset_path), split)
        own = [name for name in (label_column, split_column) if name is not None]
        table = read_table(path, feature_columns and [*feature_columns, *own])
        labels = table.require(label_column, "set dataset_kwargs.label_column")
        classes = None if regression else _class_names(labels)
        if split_column is not None:
            splits = table.require(split_column, "set dataset_kwargs.split_column")
            table.keep([row for row, name in enumerate(splits) if name == split])
        names = feature_columns
        if names is None:
            names = [name for name in table.columns if name not in own]
        for name in names:
            table.require(name, "set dataset_kwargs.feature_columns")
        if not names:
            raise DataError(f"{path} has no column besides {label_column!r}")
        if not len(table):
            raise DataError(f"{path} has no rows of the split {split!r}")
        if classes is not None and Path(dataset_path).is_dir() and split != "train":
            file = split_file(Path(dataset_path), "train")
            train = read_table(file, [label_column])
            classes = _class_names(train.require(label_column, "add it"))
        for name in names:
            _make_numbers(table, name, LEAVE_OUT_COLUMN)
        if classes is None:
            _make_numbers(table, label_column)
        else:
            _check_classes(table, label_column, classes)
        self.dataset_name, self.dataset_path = "tabular", str(path)
        self.feature_names = list(names)
        features = _side_by_side([_array_of(table, name) for name in names])
        super().__init__(
            {
                "features": torch.from_numpy(features),
                "labels": _to_labels(table.columns[label_column], classes, regression),
            },
            label_names=classes,
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
        """Streams the same rows; .arrow files are supported too."""
        path = split_file(Path(dataset_path), split)
        train = path
        if Path(dataset_path).is_dir() and split != "train":
            train = split_file(Path(dataset_path), "train")
        return TabularStream(
            path,
            split=split,
            label_column=label_column,
            feature_columns=feature_columns,
            split_column=split_column,
            regression=regression,
            classes_from=train,
        )


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
    names = {value for value in values if type(value) is str}
    return sorted(names) or None


def _make_numbers(table: Table, name: str, remedy: str = "") -> None:
    """Converts a column to an array, and rejects rows without a number in it.

    A single word makes a whole csv column text; numbers in such columns are converted
    back.
    """
    values = table.columns[name]
    if isinstance(values, list):
        if table.path.suffix.lower() == ".csv" and str in {*map(type, values)}:
            table.columns[name] = [_as_number(value) for value in values]
        table.check_kind(name, {int, float, bool}, f"a number{remedy}")
        table.columns[name] = _as_array(table.columns[name])
    if not np.isfinite(in_32_bits(_array_of(table, name))).all():
        table.check(lambda value: reason_against(name, value, remedy), name)


def _array_of(table: Table, name: str) -> npt.NDArray[Any]:
    return np.asarray(table.columns[name])


def _as_array(values: Column) -> npt.NDArray[Any]:
    array = np.array(values)
    # Integers of more than 64 bits are objects.
    return array if array.dtype.kind in "biuf" else array.astype(np.float64)


def _as_number(value: Any) -> Any:
    """Parses a text as a number; None if it is empty, unchanged if it is not one."""
    try:
        number = float(value or "nan")
    except (TypeError, ValueError):
        return value
    return None if math.isnan(number) else number


def _check_classes(table: Table, name: str, classes: list[str]) -> None:
    known = set(classes)
    # Checks the set of labels first: a table may have many millions of them.
    if {*table.listed(name)} <= known:
        return

    def reason_of(value: Any) -> str | None:
        if value in known:
            return None
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
