"""Fits the `StandardScaler` layers of a model to the training split."""

import contextlib
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.core.datasets import ColumnDataset, RowReader
from oumi_runtime.core.log import logger
from oumi_runtime.core.models import StandardScaler
from oumi_runtime.exceptions import BadRowError

# Statistics of data that is read sample by sample hardly change with more.
MAX_SAMPLES = 10_000


def fit_scalers(model: nn.Module, dataset: Dataset[Any]) -> None:
    """Fits the scalers of a model that are not fitted yet.

    Of data that is not in memory, they are fitted to 10,000 samples at most: the first
    ones of a stream, and evenly spaced ones otherwise.

    Args:
        model: The model; nothing is read if it has no such layer.
        dataset: The training split, prepared for the model.
    """
    for scaler in scalers_in(model):
        if not scaler.is_fitted:
            values = _column(dataset, scaler.column)
            size = scaler.mean.shape[0]
            if values is not None and size != (*values.shape[1:], 1)[0]:
                continue  # What the model says of such data is clearer.
            if values is None:
                logger.warning(
                    "nothing is standardized by %r: the data has no such column of "
                    "numbers",
                    scaler.column,
                )
            else:
                scaler.fit(values)


def scalers_in(model: nn.Module) -> list[StandardScaler]:
    """Returns the scalers of a model."""
    return [m for m in model.modules() if isinstance(m, StandardScaler)]


def _column(dataset: Dataset[Any], name: str) -> torch.Tensor | None:
    """Returns a column as (samples, ...); None if the data has no such numbers."""
    if isinstance(dataset, ColumnDataset):
        column = dataset.columns.get(name)
        return column if isinstance(column, torch.Tensor) else None
    samples = [
        sample[name]
        for sample in _samples(dataset)
        if isinstance(sample, Mapping) and name in sample
    ]
    with contextlib.suppress(TypeError, ValueError, RuntimeError):
        return torch.stack([torch.as_tensor(value) for value in samples])
    return None


def _samples(dataset: Any) -> Iterator[Any]:
    """Yields samples that can be read; the training names the others, or skips them."""
    if isinstance(dataset, IterableDataset):
        with contextlib.suppress(BadRowError):
            yield from islice(iter(dataset), MAX_SAMPLES)
        return
    reader = RowReader(dataset, leaves_out_bad=True)
    step = -(-len(dataset) // MAX_SAMPLES) or 1
    for index in range(0, len(dataset), step):
        yield reader[index][1]
