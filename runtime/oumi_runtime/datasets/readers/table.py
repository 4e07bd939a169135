"""An in-memory table from which unusable rows can be left out."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from oumi_runtime.core.datasets.rows.bad_rows import reject_row
from oumi_runtime.datasets.readers.column_names import missing_column
from oumi_runtime.exceptions import DataError

Column = list[Any] | npt.NDArray[Any]


class Table:
    """The rows of a file, by column; unusable rows are errors or left out."""

    def __init__(
        self,
        path: Path,
        columns: dict[str, Column],
        numbers: Sequence[int] | None = None,
    ) -> None:
        """Initializes the table.

        Args:
            path: The file.
            columns: Values by column name; missing ones are None, and NaN in arrays,
                which are numeric.
            numbers: The number of each row in the file, from 1; None if all rows of
                the file are present.
        """
        self.path = path
        self.columns = columns
        count = len(next(iter(columns.values()), ()))
        self.numbers = range(1, count + 1) if numbers is None else numbers

    def __len__(self) -> int:
        return len(self.numbers)

    def require(self, name: str, remedy: str) -> Column:
        """Returns the values of a column.

        Raises:
            DataError: The column is missing.
        """
        if name not in self.columns:
            raise missing_column(self.path, name, self.columns, remedy)
        return self.columns[name]

    def listed(self, name: str) -> list[Any]:
        """Returns the values of an existing column as a list."""
        values = self.columns[name]
        return values if isinstance(values, list) else values.tolist()

    def keep(self, places: Sequence[int]) -> None:
        """Keeps only the rows with these indices, from 0."""
        self.numbers = [self.numbers[place] for place in places]
        self.columns = {
            name: _chosen(values, places) if len(values) else values
            for name, values in self.columns.items()
        }

    def check(self, reason_of: Callable[..., str | None], *names: str) -> None:
        """Rejects unusable rows; see `reject_row`.

        Args:
            reason_of: Called with a row's values in the columns; returns why the row
                is unusable, or None.
            names: The columns.

        Raises:
            BadRowError: A row is unusable and may not be left out, or all rows are
                unusable.
        """
        reasons = list(map(reason_of, *(self.listed(name) for name in names)))
        good = [place for place, reason in enumerate(reasons) if reason is None]
        if len(good) == len(reasons):
            return
        for number, reason in zip(self.numbers, reasons, strict=True):
            if reason is not None:
                reject_row(self.path, number, reason)
        if not good:
            raise DataError(f"{self.path} has no usable rows")
        self.keep(good)

    def check_filled(self, name: str) -> None:
        """Rejects rows in which the value is missing."""
        values = self.columns[name]
        if isinstance(values, list) and None in values:
            lacks = f"has no {name!r}"
            self.check(lambda value: lacks if value is None else None, name)

    def check_kind(self, name: str, kinds: set[type], described: str) -> None:
        """Rejects rows in which the value is of another type.

        Args:
            name: The column.
            kinds: The allowed types; with `NoneType`, values may be missing.
            described: The allowed values in words, as in `not text`.
        """
        # Checks the set of types first: a table may have many millions of values.
        if {*map(type, self.listed(name))} <= kinds:
            return

        def reason_of(value: Any) -> str | None:
            if type(value) in kinds:
                return None
            if value is None:
                return f"has no {name!r}"
            return f"{name!r} is {value!r:.40}, not {described}"

        self.check(reason_of, name)


def _chosen(values: Column, places: Sequence[int]) -> Column:
    if isinstance(values, list):
        return [values[place] for place in places]
    chosen: Column = values[np.asarray(places, np.int64)]
    return chosen
