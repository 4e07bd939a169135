"""The user's own table of numbers, from a csv, parquet or JSON file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.registry import register_dataset
from oumi_runtime.datasets.split_files import split_file
from oumi_runtime.datasets.tables import read_table
from oumi_runtime.datasets.tabular_stream import TabularStream
from oumi_runtime.exceptions import DataError, suggestion

_Table = Mapping[str, Sequence[Any]]


@register_dataset("tabular")
class Tabular(ColumnDataset):
    """Columns of numbers as the features of a row, and one column as its label.

    Columns: `features` (features,) float32, in the order of `feature_names`; `labels`
    () int64 where they are classes, float32 where they are fractions. Classes that are
    names are numbered in the order of the alphabet; those of a folder's training split
    count for all its splits.
    """

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
            dataset_path: A file (.csv, .parquet, .jsonl or .json), or a folder that
                holds one a split, such as `train.csv`.
            split: Which file of a folder; of a file, the rows whose `split_column` is
                this, or all where it has no such column.
            label_column: Name of the column to predict.
            feature_columns: Names of the columns to predict it from; all others if
                None.
            split_column: Name of the column that holds the split of each row.
            regression: Whether labels that are whole numbers are amounts, not classes.

        Raises:
            DataError: The file, a column or a value is missing, or is not a number.
        """
        path = split_file(Path(dataset_path), split)
        table = _read(path, label_column)
        if split_column is not None and split_column not in table:
            raise _no_column(path, split_column, table, "split_column")
        names = feature_columns
        if names is None:
            names = [n for n in table if n not in (label_column, split_column)]
        for name in names:
            if name not in table:
                raise _no_column(path, name, table, "feature_columns")
        if not names:
            raise DataError(f"{path} has no column besides {label_column!r}")
        rows = list(range(len(table[label_column])))
        if split_column is not None:
            rows = [row for row in rows if table[split_column][row] == split]
        if not rows:
            raise DataError(f"{path} has no rows of the split {split!r}")
        classes = _class_names(table[label_column])
        if classes is not None and Path(dataset_path).is_dir() and split != "train":
            train = split_file(Path(dataset_path), "train")
            classes = _class_names(_read(train, label_column)[label_column])
        self.dataset_name, self.dataset_path = "tabular", str(path)
        self.feature_names = list(names)
        features = [_numbers(table[name], rows, name, path) for name in names]
        super().__init__(
            {
                "features": torch.tensor(features, dtype=torch.float32).T.contiguous(),
                "labels": _labels(
                    table[label_column], rows, label_column, path, classes, regression
                ),
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
        """Reads the same rows as they are used; a .arrow file will do, too."""
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


def _read(path: Path, label_column: str) -> dict[str, list[Any]]:
    table = read_table(path)
    if label_column not in table:
        raise _no_column(path, label_column, table, "label_column")
    return table


def _no_column(path: Path, name: str, table: _Table, argument: str) -> DataError:
    return DataError(
        f"{path} has no column {name!r}{suggestion(name, table)}, only "
        f"{', '.join(table)}; set dataset_kwargs.{argument}"
    )


def _class_names(values: Sequence[Any]) -> list[str] | None:
    """The classes where they are names, else None."""
    names = {value for value in values if isinstance(value, str)}
    return sorted(names) or None


def _numbers(
    values: Sequence[Any], rows: Sequence[int], name: str, path: Path
) -> list[int | float]:
    numbers: list[int | float] = []
    for row in rows:
        value = values[row]
        if value is None:
            raise DataError(f"{path}: row {row + 1} has no {name!r}")
        if not isinstance(value, int | float):
            raise DataError(
                f"{path}: row {row + 1}: {name!r} is {value!r:.40}, not a number; "
                "leave the column out by dataset_kwargs.feature_columns"
            )
        numbers.append(value)
    return numbers


def _labels(
    values: Sequence[Any],
    rows: Sequence[int],
    name: str,
    path: Path,
    classes: list[str] | None,
    regression: bool,
) -> torch.Tensor:
    if classes is None:
        numbers = _numbers(values, rows, name, path)
        whole = all(isinstance(number, int) for number in numbers) and not regression
        return torch.tensor(numbers, dtype=torch.int64 if whole else torch.float32)
    ids = {class_name: number for number, class_name in enumerate(classes)}
    for row in rows:
        if values[row] not in ids:
            raise DataError(
                f"{path}: row {row + 1}: {name!r} is {values[row]!r:.40}, which is "
                f"not one of the classes {', '.join(classes)}"
            )
    return torch.tensor([ids[values[row]] for row in rows])
