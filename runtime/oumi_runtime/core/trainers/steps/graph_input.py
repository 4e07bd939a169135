"""The memory that a CUDA graph reads its batch from."""

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.trainers.batches.device_columns import (
    DeviceColumns,
    IndexedBatch,
)
from oumi_runtime.core.trainers.optimizers import foreach

Form = tuple[DeviceColumns | None, tuple[tuple[str, torch.Size, torch.dtype], ...]]

_INDICES = "indices"


def form_of(columns: Batch) -> Form:
    """Returns what has to be equal of two batches for one graph to serve both."""
    dataset, tensors = _given(columns)
    return dataset, tuple((name, t.shape, t.dtype) for name, t in tensors.items())


class GraphInput:
    """A copy of a batch that is overwritten before each launch of a graph.

    Of samples that are on the device only the indices are copied, and the graph gathers
    them.
    """

    def __init__(self, columns: Batch) -> None:
        """Allocates the memory for batches of the form of `columns`."""
        self._dataset, tensors = _given(columns)
        self._tensors = {name: tensor.clone() for name, tensor in tensors.items()}

    def fill(self, columns: Batch) -> None:
        """Copies a batch of the same form, in one launch."""
        _, tensors = _given(columns)
        foreach.copy_(list(self._tensors.values()), [tensors[n] for n in self._tensors])

    def batch(self) -> Batch:
        """Returns the batch; within a capture, the graph gathers it."""
        if self._dataset is None:
            return self._tensors
        return self._dataset.gather(self._tensors[_INDICES], widths={})


def _given(columns: Batch) -> tuple[DeviceColumns | None, Batch]:
    """Returns what there is to copy of a batch, and what that is gathered from."""
    if isinstance(columns, IndexedBatch) and columns.dataset.has_static_shapes:
        return columns.dataset, {_INDICES: columns.indices}
    return None, columns
