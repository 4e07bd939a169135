"""Finds out what the feature columns of a table are, and converts them to numbers.

What these are in the features of a model is up to `oumi_runtime.builders`.
"""

import contextlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, time
from pathlib import Path
from types import NoneType
from typing import Any

import numpy as np
import numpy.typing as npt

from oumi_runtime.core.datasets import TableColumn
from oumi_runtime.datasets.readers.csv_files import missing_words
from oumi_runtime.datasets.readers.numbers import (
    LEAVE_OUT,
    LEAVE_OUT_COLUMN,
    in_32_bits,
    reason_against,
)
from oumi_runtime.datasets.readers.table import Table
from oumi_runtime.datasets.readers.tables import read_table
from oumi_runtime.exceptions import DataError

MAX_CATEGORIES = 100
# Where so many values of a csv column are numbers, the others are mistakes.
_MISTAKEN_SHARE = 0.95
_MISTAKEN_SHARE_OF_MANY = 0.5
_NUMBERS = {int, float, bool}


def describe_columns(
    table: Table, names: Sequence[str], max_categories: int, train: Path
) -> list[TableColumn]:
    """Finds out which columns are numbers or categories, from all rows of the file.

    Args:
        table: The whole file; columns of numbers in it become arrays if possible.
        names: The columns.
        max_categories: The maximum number of different texts in a column.
        train: The file of the training split, which decides for all splits.

    Raises:
        DataError: A column has more different texts, or holds dates or times.
    """
    columns = {name: _describe(table, name) for name in names}
    texts = [name for name, column in columns.items() if column.categories is not None]
    deciding = table
    if texts and train != table.path:
        deciding = read_table(train, texts)
        for name in texts:
            deciding.require(name, f"add it, or {LEAVE_OUT}")
    for name in texts:
        if not _are_categories(deciding, name, max_categories):
            columns[name] = _to_numbers(table, name)
    return list(columns.values())


def describe_like(table: Table, name: str, *, is_text: bool) -> TableColumn:
    """Describes a column of some rows, as it was in the training data.

    Args:
        table: The rows; texts in a column of numbers become numbers if possible.
        name: The column.
        is_text: Whether it was text.
    """
    if is_text:
        categories = tuple(sorted({str(value) for value in _counted(table, name)}))
        return TableColumn(name, categories, has_gaps=True)
    if isinstance(table.columns[name], list):
        _to_numbers(table, name)
    return TableColumn(name, has_gaps=True)


def _describe(table: Table, name: str) -> TableColumn:
    """Describes a column, which is one of categories if any value is text."""
    values = table.columns[name]
    kinds = {*map(type, values)} - {NoneType} if isinstance(values, list) else set()
    if dates := [kind for kind in kinds if issubclass(kind, date | time)]:
        raise DataError(
            f"{table.path}: {name!r} holds values of the kind {dates[0].__name__}, not "
            f"numbers or text; write numbers, such as the year, or {LEAVE_OUT}"
        )
    if str in kinds and kinds <= _NUMBERS | {str}:
        found = _counted(table, name)
        categories = tuple(sorted({str(value) for value in found}))
        return TableColumn(name, categories, found.total() < len(table))
    if isinstance(values, list):
        if not kinds <= _NUMBERS:
            return TableColumn(name)  # Its rows are rejected later.
        values = table.columns[name] = as_array(values)
    return TableColumn(name, has_gaps=bool(np.isnan(values).any()))


def _are_categories(table: Table, name: str, max_categories: int) -> bool:
    """Whether the texts of a column are categories, not numbers and some mistakes."""
    found = _counted(table, name)
    num_texts = sum(
        count
        for value, count in found.items()
        if isinstance(_number_of(value, table), str)
    )
    is_too_many = len(found) > max_categories
    share = _MISTAKEN_SHARE_OF_MANY if is_too_many else _MISTAKEN_SHARE
    if num_texts <= (1 - share) * found.total():
        return False
    if is_too_many:
        raise DataError(
            f"{table.path}: {name!r} has {len(found):,} different texts, such as "
            f"{min(map(str, found))!r:.40}, and may have {max_categories}; {LEAVE_OUT}"
            ", or raise dataset_kwargs.max_categories"
        )
    return True


def _to_numbers(table: Table, name: str) -> TableColumn:
    """Converts texts to numbers, except those that are none."""
    numbers = {value: _number_of(value, table) for value in _counted(table, name)}
    values = [numbers.get(value) for value in table.columns[name]]
    table.columns[name] = values
    return TableColumn(name, has_gaps=None in values)


def _counted(table: Table, name: str) -> Counter[Any]:
    """Returns the different values of a column, and how many rows have each."""
    is_csv = table.path.suffix.lower() == ".csv"
    found = Counter(table.columns[name])
    missing = {None, *(missing_words() if is_csv else ("",))}
    for value in [each for each in found if each in missing or each != each]:
        del found[value]
    return found


def convert_column(
    table: Table, column: TableColumn, remedy: str = LEAVE_OUT_COLUMN
) -> None:
    """Converts a column to an array, in which missing values are NaN.

    Rows with something else than a number in a column of numbers are rejected; the
    remedy ends the message.
    """
    name = column.name
    values = table.columns[name]
    if column.categories is not None:
        places = {category: place for place, category in enumerate(column.categories)}
        numbers = {value: places[str(value)] for value in _counted(table, name)}
        found = (numbers.get(value, math.nan) for value in values)
        table.columns[name] = np.fromiter(found, np.float32, len(values))
        return
    make_numbers(table, name, remedy, may_be_missing=True)


def make_numbers(
    table: Table, name: str, remedy: str = "", *, may_be_missing: bool = False
) -> None:
    """Converts a column to an array, and rejects rows without a number in it."""
    if isinstance(table.columns[name], list):
        kinds = _NUMBERS | {NoneType} if may_be_missing else _NUMBERS
        table.check_kind(name, kinds, f"a number{remedy}")
        table.columns[name] = as_array(table.columns[name])
    array = np.asarray(table.columns[name])
    if np.isinf(in_32_bits(array)).any():
        table.check(lambda value: reason_against(name, value, remedy), name)
    if not may_be_missing and np.isnan(array).any():
        lacks = f"has no {name!r}"
        table.check(lambda value: lacks if math.isnan(value) else None, name)


def as_array(values: Iterable[Any]) -> npt.NDArray[Any]:
    """Returns numbers as an array, of float64 if a value is None."""
    array = np.array(values)
    if array.dtype.kind in "biuf":
        return array
    # Integers of more than 64 bits are objects.
    try:
        return array.astype(np.float64)
    except OverflowError:
        return np.array([_as_float(value) for value in array.tolist()])


def _as_float(value: Any) -> float:
    if value is None:
        return math.nan
    try:
        return float(value)
    except OverflowError:  # An integer of hundreds of digits.
        return math.inf if value > 0 else -math.inf


def _number_of(value: Any, table: Table) -> Any:
    """Returns the number that a cell of a csv file is; other values unchanged."""
    if table.path.suffix.lower() == ".csv":
        with contextlib.suppress(ValueError):
            return float(value)
    return value
