"""Rows of a table to predict from: like those of the training data, without labels."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oumi_runtime.core.datasets import BlockDataset, ColumnDataset
from oumi_runtime.datasets.readers.column_names import missing_column
from oumi_runtime.datasets.readers.numbers import in_32_bits
from oumi_runtime.datasets.readers.record_files import RecordFile
from oumi_runtime.datasets.readers.table import Column, Table
from oumi_runtime.datasets.readers.table_features import (
    convert_column,
    describe_like,
    make_numbers,
)
from oumi_runtime.exceptions import BadRowError, DataError

_ROWS_AT_ONCE = 1024
_GIVEN = Path("the inputs")
_TRAINED_ON_NUMBERS = ", which the model was trained on"


@dataclass(frozen=True)
class FeatureColumns:
    """Which columns of a table a model reads."""

    are_texts: Mapping[str, bool] | None = None
    """Whether each column was text in the training data, by name, if it was encoded."""
    names: Sequence[str] | None = None
    """Otherwise, the columns in the order of the training data, if it is known."""
    others: Sequence[str] = ()
    """Otherwise, the columns that are no features, such as the labels."""
    num_features: int | None = None
    """The number of features that the model takes, if known."""

    def names_among(self, there: Iterable[str], where: Path) -> list[str]:
        """Returns the columns to read.

        Raises:
            DataError: There are not as many as the model takes.
        """
        if self.are_texts is not None:
            return list(self.are_texts)
        names = self.names or [name for name in there if name not in self.others]
        if self.num_features not in (None, len(names)):
            raise DataError(
                f"{where}: the model takes {self.num_features} features, and there are "
                f"{len(names)} columns to read them from: {', '.join(names) or 'none'};"
                " give it the columns that it was trained on, or name them in "
                "dataset_kwargs.feature_columns"
            )
        return list(names)

    @property
    def text_columns(self) -> tuple[str, ...]:
        """The columns that are text."""
        return tuple(n for n, is_text in (self.are_texts or {}).items() if is_text)

    def features_of(self, table: Table) -> ColumnDataset:
        """Converts rows to features; they are still to be encoded if the model's are.

        Raises:
            BadRowError: A value is not a number; or it is missing, and the features
                are not encoded.
        """
        described = None
        if self.are_texts is None:
            for name in table.columns:
                make_numbers(table, name, _TRAINED_ON_NUMBERS)
        else:
            described = tuple(
                describe_like(table, name, is_text=is_text)
                for name, is_text in self.are_texts.items()
            )
            for column in described:
                convert_column(table, column, _TRAINED_ON_NUMBERS)
        columns = [in_32_bits(np.asarray(each)) for each in table.columns.values()]
        features = torch.from_numpy(np.stack(columns, axis=1))
        return ColumnDataset({"features": features}, table_columns=described)


class FeatureFile(BlockDataset):
    """The features in a csv, jsonl, json, parquet or arrow file."""

    def __init__(self, path: Path, columns: FeatureColumns) -> None:
        """Opens the file and checks that it has the columns.

        Raises:
            DataError: The file or a column is missing, or the file cannot be read.
        """
        self.dataset_name = self.dataset_path = str(path)
        self._columns = columns
        first = RecordFile(path, reads_lists=True).first_row
        names = columns.names_among(first, path)
        texts = tuple(name for name in columns.text_columns if name in first)
        self._file = RecordFile(path, texts, reads_lists=True)
        for name in names:
            if name not in first:
                raise missing_column(path, name, first, "the model was trained on it")
        self._names = names

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if the file states it."""
        return self._file.num_rows

    def read_blocks(self, start: int = 0) -> Iterator[ColumnDataset]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        row = start + 1
        for batch in self._file.read(self._names, start):
            numbers = range(row, row + batch.num_rows)
            values = {name: _values(batch.column(name)) for name in self._names}
            yield self._columns.features_of(Table(self._file.path, values, numbers))
            row += batch.num_rows


class GivenFeatures(BlockDataset):
    """Rows that are handed over one at a time; they can be read only once."""

    def __init__(self, rows: Iterable[Any], columns: FeatureColumns) -> None:
        """Initializes the dataset.

        Args:
            rows: Mappings of column names to values.
            columns: The columns to read.
        """
        self.dataset_name = str(_GIVEN)
        self._rows = rows
        self._columns = columns

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if they are a list."""
        return len(self._rows) if isinstance(self._rows, list | tuple) else None

    def read_blocks(self, start: int = 0) -> Iterator[ColumnDataset]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        numbered = islice(enumerate(self._rows, 1), start, None)
        names: list[str] | None = None
        while run := list(islice(numbered, _ROWS_AT_ONCE)):
            for number, row in run:
                if not isinstance(row, Mapping):
                    raise BadRowError(
                        f"input {number} is {row!r:.40}, not a mapping of column names "
                        "to values"
                    )
            names = names or self._columns.names_among(run[0][1], _GIVEN)
            values: dict[str, Column] = {
                name: [row.get(name) for _, row in run] for name in names
            }
            numbers = [number for number, _ in run]
            yield self._columns.features_of(Table(_GIVEN, values, numbers))


def _values(column: Any) -> Column:
    """Returns an array of numbers, with NaN for missing ones, or a list."""
    from pyarrow import types

    if types.is_integer(column.type) or types.is_floating(column.type):
        numbers: Column = column.to_numpy(zero_copy_only=False)
        return numbers
    values: list[Any] = column.to_pylist()
    return values
