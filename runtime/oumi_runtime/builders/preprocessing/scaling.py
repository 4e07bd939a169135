"""Fits the `StandardScaler` layers of a model to the training split."""

from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.log import logger
from oumi_runtime.core.models import StandardScaler

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
    scalers = [m for m in model.modules() if isinstance(m, StandardScaler)]
    for scaler in scalers:
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


def _column(dataset: Dataset[Any], name: str) -> torch.Tensor | None:
    """Returns a column as (samples, ...); None if the data has no such numbers."""
    if isinstance(dataset, ColumnDataset):
        column = dataset.columns.get(name)
        return column if isinstance(column, torch.Tensor) else None
    samples = [sample[name] for sample in _samples(dataset) if name in sample]
    if not samples:
        return None
    return torch.stack([torch.as_tensor(value) for value in samples])


def _samples(dataset: Any) -> list[Any]:
    if isinstance(dataset, IterableDataset):
        return list(islice(iter(dataset), MAX_SAMPLES))
    step = -(-len(dataset) // MAX_SAMPLES) or 1
    return [dataset[index] for index in range(0, len(dataset), step)]
