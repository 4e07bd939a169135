"""Concatenates in-memory datasets, so that batches can still be gathered by column."""

from collections.abc import Mapping, Sequence

import torch

from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.in_memory.origins import joined
from oumi_runtime.core.datasets.in_memory.table_columns import unite
from oumi_runtime.exceptions import DataError


def concatenate(datasets: Sequence[ColumnDataset]) -> ColumnDataset:
    """Concatenates datasets; the label names are those of the first.

    Raises:
        DataError: Their columns differ in name, kind, dtype or shape, or the columns of
            their tables do.
    """
    kinds = [_kinds(dataset) for dataset in datasets]
    for kind in kinds[1:]:
        if kind != kinds[0]:
            raise DataError(
                "the datasets of a split must have the same columns, not "
                f"{_in_words(kinds[0])} and {_in_words(kind)}"
            )
    parts = {
        name: [dataset.columns[name] for dataset in datasets]
        for name in datasets[0].columns
    }
    tables = [d.table_columns for d in datasets if d.table_columns is not None]
    table_columns = None
    if len(tables) == len(datasets):
        features = [
            part for part in parts["features"] if isinstance(part, torch.Tensor)
        ]
        table_columns, united = unite(tables, features)
        parts["features"] = [*united]
    elif not all(column.is_plain for table in tables for column in table):
        raise DataError(
            "a table with text or missing values cannot be mixed with other data; use "
            "only tables in the split"
        )
    return ColumnDataset(
        {name: _join(columns) for name, columns in parts.items()},
        label_names=datasets[0].label_names,
        table_columns=table_columns,
        origin=joined([dataset.origin for dataset in datasets]),
    )


def _kinds(dataset: ColumnDataset) -> dict[str, tuple[object, ...]]:
    """Returns the properties that columns of the same name must have in common."""
    return {
        name: ("sequences padded with", column.pad_value)
        if isinstance(column, RaggedColumn)
        else (str(column.dtype).removeprefix("torch."), tuple(column.shape[1:]))
        for name, column in dataset.columns.items()
    }


def _in_words(kinds: Mapping[str, tuple[object, ...]]) -> str:
    return ", ".join(
        f"{name} ({' '.join(map(str, kind))})" for name, kind in sorted(kinds.items())
    )


def _join(
    columns: Sequence[torch.Tensor | RaggedColumn],
) -> torch.Tensor | RaggedColumn:
    ragged = [column for column in columns if isinstance(column, RaggedColumn)]
    if not ragged:
        tensors = [column for column in columns if isinstance(column, torch.Tensor)]
        return torch.cat(tensors)
    return RaggedColumn(
        torch.cat([column.values for column in ragged]),
        torch.cat([column.lengths for column in ragged]),
        pad_value=ragged[0].pad_value,
        is_packed=all(column.is_packed for column in ragged),
    )
