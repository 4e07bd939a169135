"""Converts the columns of an Arrow table to tensors."""

from typing import Any

import numpy as np
import torch

from oumi_runtime.core.datasets import RaggedColumn
from oumi_runtime.core.datasets.rows.bad_rows import row_mistake
from oumi_runtime.exceptions import BadRowError, DataError


def to_column(
    column: Any,
    name: str,
    where: str,
    *,
    first_row: int = 0,
    pad_value: int = 0,
    are_sequences: bool = False,
) -> torch.Tensor | RaggedColumn:
    """Converts a column to a tensor.

    Args:
        column: A `pyarrow.ChunkedArray` of numbers, or of lists of numbers.
        name: The column's name, for errors.
        where: The file or dataset, for errors.
        first_row: The row number of the first value, from 0, for errors.
        pad_value: The padding value for shorter lists in a batch.
        are_sequences: Whether to make lists of integers a `RaggedColumn` even if they
            are of equal length.

    Returns:
        Integers and booleans as int64, floats as float32, (rows, ...); lists of
        integers of different lengths as a `RaggedColumn`.

    Raises:
        BadRowError: A value is missing.
        DataError: The type is not supported.
    """
    if gaps := gaps_in(column, name):
        row, reason = min(gaps.items())
        raise BadRowError(row_mistake(where, first_row + row + 1, reason))
    if _is_number(column.type):
        return _to_tensor(column.to_numpy())
    values = _array_of(column)
    if not _is_list(values.type):
        raise DataError(
            f"{where}: column {name!r} is of {column.type}, which cannot be made a "
            "tensor; name the columns to read in dataset_kwargs.columns"
        )
    return _to_lists(values, name, where, pad_value, are_sequences)


def gaps_in(column: Any, name: str) -> dict[int, str]:
    """Returns what is missing in rows, by their index: a value, or a part of a list.

    Args:
        column: A `pyarrow.ChunkedArray`.
        name: The column's name, for the reasons.
    """
    missing = _missing_in(column).tolist() if column.null_count else []
    gaps = dict.fromkeys(missing, f"has no {name!r}")
    for row in _incomplete_lists_in(column).tolist():
        gaps.setdefault(row, f"{name!r} is a list with missing values")
    return gaps


def _missing_in(column: Any) -> np.ndarray:
    return np.flatnonzero(column.is_null().to_numpy())


def _incomplete_lists_in(column: Any) -> np.ndarray:
    """Returns the indices of the lists in which a value is missing, at any depth."""
    import pyarrow as pa

    none = np.zeros(0, np.int64)
    if _is_number(column.type):
        return none
    values = _array_of(column)
    if not _is_list(values.type):
        return none
    inner = pa.chunked_array([values.flatten()])
    bad = _incomplete_lists_in(inner)
    if inner.null_count:
        bad = np.append(bad, _missing_in(inner))
    if not len(bad):
        return bad
    lengths = values.value_lengths().fill_null(0).to_numpy(zero_copy_only=False)
    return np.unique(np.repeat(np.arange(len(values)), lengths)[bad])


def _array_of(column: Any) -> Any:
    """Returns a column as one array, of the type that its values are stored in."""
    import pyarrow as pa

    values = column.combine_chunks()
    if isinstance(values, pa.ExtensionArray):
        values = values.storage
    if isinstance(values, pa.ChunkedArray):
        values = pa.concat_arrays(values.chunks)
    return values


def _to_lists(
    values: Any, name: str, where: str, pad_value: int, are_sequences: bool
) -> torch.Tensor | RaggedColumn:
    """Converts lists to a tensor, or to a ragged column if their lengths differ."""
    import pyarrow as pa

    lengths = np.asarray(values.value_lengths().to_numpy(zero_copy_only=False))
    inner = pa.chunked_array([values.flatten()])
    flat = to_column(inner, name, where)
    if isinstance(flat, torch.Tensor):
        are_tokens = flat.ndim == 1 and not flat.is_floating_point()
        is_even = len(set(lengths.tolist())) <= 1
        if is_even and not (are_sequences and are_tokens):
            size = int(lengths[0]) if len(lengths) else 0
            return flat.reshape(len(lengths), size, *flat.shape[1:])
        if are_tokens:
            sizes = torch.from_numpy(lengths.astype(np.int64))
            return RaggedColumn(flat, sizes, pad_value=pad_value)
    raise DataError(
        f"{where}: the lists in {name!r} are of different lengths, which is supported "
        "only for integers; make them equally long"
    )


def _is_number(kind: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_integer(kind) or types.is_floating(kind) or types.is_boolean(kind)
    )


def _is_list(kind: Any) -> bool:
    from pyarrow import types

    return bool(
        types.is_list(kind)
        or types.is_large_list(kind)
        or types.is_fixed_size_list(kind)
    )


def _to_tensor(values: np.ndarray) -> torch.Tensor:
    wanted = np.float32 if values.dtype.kind == "f" else np.int64
    return torch.from_numpy(values.astype(wanted))
