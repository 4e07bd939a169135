"""A stream of the rows of a table of numbers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from oumi_runtime.core.datasets import BlockDataset, ColumnDataset
from oumi_runtime.datasets.readers.column_names import feature_names
from oumi_runtime.datasets.readers.numbers import (
    LEAVE_OUT,
    LEAVE_OUT_COLUMN,
    in_32_bits,
    reason_against,
)
from oumi_runtime.datasets.readers.record_files import RecordFile
from oumi_runtime.exceptions import BadRowError, DataError

_READ_WHOLE = "; a stream takes no {}, so set stream: false"


class TabularStream(BlockDataset):
    """The same samples as `Tabular`, read some rows at a time.

    Text and missing values are refused: what they become depends on all rows.
    """

    def __init__(
        self,
        path: Path,
        *,
        split: str,
        label_column: str,
        feature_columns: list[str] | None,
        split_column: str | None,
        regression: bool,
        classes_from: Path,
    ) -> None:
        """Checks the file's columns, and reads the classes if they are names.

        Args:
            path: The file.
            split: The split to read, if the file has a `split_column`.
            label_column: The column to predict.
            feature_columns: The columns to predict it from; all others if None.
            split_column: The column with the split of each row.
            regression: Whether whole-number labels are quantities, not classes.
            classes_from: The file whose labels determine the classes.

        Raises:
            DataError: A column is missing, or has no rows of the split.
        """
        self.dataset_name, self.dataset_path = "tabular", str(path)
        self._file = RecordFile(path)
        named = {"label_column": label_column}
        if split_column is not None:
            named["split_column"] = split_column
        self._file.require(named)
        self.feature_names = feature_names(
            path, self._file.first_row, feature_columns, label_column, split_column
        )
        self._label, self._split_column, self._split = label_column, split_column, split
        self.label_names = None if regression else self._classes(classes_from)
        first = self._file.first_row[label_column]
        is_whole = isinstance(first, int) and not regression
        self._label_dtype = np.int64 if is_whole else np.float32
        if split_column is not None and next(self.read_blocks(), None) is None:
            raise DataError(f"{path} has no rows of the split {split!r}")

    def _classes(self, path: Path) -> list[str] | None:
        file = RecordFile(path)
        if not isinstance(file.first_row.get(self._label), str):
            return None
        found: set[Any] = set()
        for batch in file.read([self._label]):
            found.update(batch.column(self._label).unique().to_pylist())
        return sorted(name for name in found if isinstance(name, str) and name)

    @property
    def num_samples(self) -> int | None:
        """Number of rows, if the file states it and all rows are used."""
        return self._file.num_rows if self._split_column is None else None

    def read_blocks(self, start: int = 0) -> Iterator[ColumnDataset]:
        """Iterates over the rows; see `BlockDataset.read_blocks`."""
        pc = _functions()
        columns = [*self.feature_names, self._label]
        if self._split_column is None:
            row = start
            for batch in self._file.read(columns, start):
                yield self._block(batch, np.arange(row, row + batch.num_rows))
                row += batch.num_rows
            return
        skipped, row = start, 0
        for batch in self._file.read([*columns, self._split_column]):
            names = batch.column(self._split_column).cast("string")
            is_kept = pc.equal(names, self._split)
            kept = np.flatnonzero(is_kept.to_numpy(zero_copy_only=False))[skipped:]
            skipped -= min(skipped, pc.sum(is_kept).as_py() or 0)
            if len(kept):
                yield self._block(batch.take(kept), kept + row)
            row += batch.num_rows

    def _block(self, batch: Any, rows: np.ndarray) -> ColumnDataset:
        features = [self._numbers(batch, name, rows) for name in self.feature_names]
        matrix = in_32_bits(np.stack(features, axis=1))
        return ColumnDataset(
            {
                "features": torch.from_numpy(matrix),
                "labels": self._label_ids(batch, rows),
            },
            label_names=self.label_names,
        )

    def _numbers(self, batch: Any, name: str, rows: np.ndarray) -> np.ndarray:
        from pyarrow import types

        column = batch.column(name)
        where = f"{self.dataset_path}: row "
        missing = column.is_null(nan_is_null=True)
        if missing.true_count:
            number = rows[missing.to_pylist().index(True)]
            remedy = "" if name == self._label else _READ_WHOLE.format("missing values")
            raise BadRowError(f"{where}{number + 1} has no {name!r}{remedy}")
        kind = column.type
        if types.is_boolean(kind):
            column = column.cast("int8")
        elif not (types.is_integer(kind) or types.is_floating(kind)):
            value = column[0].as_py()
            remedy = f"{_READ_WHOLE.format('categories')}, or {LEAVE_OUT}"
            raise BadRowError(
                f"{where}{rows[0] + 1}: {name!r} is {value!r:.40}, not a number"
                f"{'' if name == self._label else remedy}"
            )
        values = np.asarray(column.to_numpy(zero_copy_only=False))
        is_good = np.isfinite(in_32_bits(values))
        if not is_good.all():
            place = int(is_good.argmin())
            reason = reason_against(name, values[place].item(), LEAVE_OUT_COLUMN)
            raise BadRowError(f"{where}{rows[place] + 1}: {reason}")
        return values

    def _label_ids(self, batch: Any, rows: np.ndarray) -> torch.Tensor:
        import pyarrow as pa

        if self.label_names is None:
            numbers = self._numbers(batch, self._label, rows)
            return torch.from_numpy(numbers.astype(self._label_dtype))
        labels = batch.column(self._label)
        ids = _functions().index_in(labels, value_set=pa.array(self.label_names))
        if ids.null_count:
            place = ids.is_null().to_pylist().index(True)
            raise BadRowError(
                f"{self.dataset_path}: row {rows[place] + 1}: {self._label!r} is "
                f"{labels[place].as_py()!r:.40}, which is not one of the classes "
                f"{', '.join(self.label_names)}"
            )
        return torch.from_numpy(ids.to_numpy(zero_copy_only=False).astype(np.int64))


def _functions() -> Any:
    """Returns Arrow's compute module, whose functions exist only after import."""
    import pyarrow.compute

    return pyarrow.compute
