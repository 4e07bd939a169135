"""A dataset kept on the GPU, so that making a batch is an index operation there."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets.in_memory.columns import (
    Batch,
    ColumnDataset,
    RaggedColumn,
)
from oumi_runtime.core.log import logger

_MOST_OF_FREE_MEMORY = 0.1
_BATCHES_COPIED_AT_ONCE = 1000


class DeviceColumns(ColumnDataset):
    """An in-memory dataset with a copy of its columns on the device.

    The lengths of sequences are kept in CPU memory too: the width of a batch is needed
    on the host, and reading it from the device would wait.
    """

    def __init__(self, dataset: ColumnDataset, device: torch.device) -> None:
        """Copies the columns.

        Args:
            dataset: The dataset to copy.
            device: The device to copy it to.
        """
        super().__init__(dataset.columns, label_names=dataset.label_names)
        self._device = device
        self._plain: dict[str, torch.Tensor] = {}
        self._ragged: dict[str, _DeviceRagged] = {}
        for name, column in dataset.columns.items():
            if isinstance(column, RaggedColumn):
                self._ragged[name] = _DeviceRagged(column, device)
            else:
                self._plain[name] = column.to(device)

    def take(self, indices: torch.Tensor) -> Batch:
        """Gathers samples into a batch on the device; see `ColumnDataset.take`."""
        (batch,) = self.take_each([indices])
        return batch

    @property
    def has_static_shapes(self) -> bool:
        """Whether a batch's shapes follow from its number of samples."""
        return not self._ragged

    def take_each(
        self, index_batches: Iterable[torch.Tensor]
    ) -> Iterator["IndexedBatch"]:
        """Returns many batches, each gathered when it is first read.

        Args:
            index_batches: The samples of each, (samples,) int64. Many are copied to the
                device together: a copy for each batch takes longer than its gather.
        """
        rest = iter(index_batches)
        while here := list(islice(rest, _BATCHES_COPIED_AT_ONCE)):
            there = torch.cat(here).to(self._device)
            parts = torch.split(there, [len(indices) for indices in here])
            for indices, part in zip(here, parts, strict=True):
                yield IndexedBatch(self, indices, part)

    def widths(self, indices: torch.Tensor) -> dict[str, int]:
        """Returns the width of each column of sequences in a batch.

        Args:
            indices: The samples, (samples,) int64 in CPU memory.
        """
        widths: dict[str, int] = {}
        for name, column in self.columns.items():
            if isinstance(column, RaggedColumn):
                lengths = column.lengths[indices]
                widths[name] = max(1, int(lengths.max()) if len(lengths) else 0)
                if name == "input_ids" and column.needs_mask(indices):
                    widths["attention_mask"] = widths[name]
        return widths

    def gather(self, there: torch.Tensor, widths: Mapping[str, int]) -> Batch:
        """Gathers samples now.

        Args:
            there: Their indices on the device, (samples,) int64.
            widths: Their `widths`.
        """
        batch: dict[str, torch.Tensor] = {}
        for name in self.columns:
            if name in self._plain:
                batch[name] = self._plain[name].index_select(0, there)
            else:
                batch[name], mask = self._ragged[name].pad(there, widths[name])
                if name == "input_ids" and "attention_mask" in widths:
                    batch["attention_mask"] = mask
        return batch


class IndexedBatch(Mapping[str, torch.Tensor]):
    """Some samples of a dataset on the device, gathered when they are first read.

    What only needs to know which samples these are, as a CUDA graph that gathers them
    itself, saves the launches.
    """

    def __init__(
        self, dataset: DeviceColumns, here: torch.Tensor, there: torch.Tensor
    ) -> None:
        """Notes the samples.

        Args:
            dataset: What they are of.
            here: Their indices in CPU memory, (samples,) int64.
            there: The same on the device.
        """
        self.dataset = dataset
        self.indices = there
        """The samples, (samples,) int64 on the device."""
        self._here = here
        self._gathered: Batch | None = None

    @property
    def _columns(self) -> Batch:
        if self._gathered is None:
            widths = self.dataset.widths(self._here)
            self._gathered = self.dataset.gather(self.indices, widths)
        return self._gathered

    def __getitem__(self, name: str) -> torch.Tensor:
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class _DeviceRagged:
    """The sequences of a `RaggedColumn` on the device."""

    def __init__(self, column: RaggedColumn, device: torch.device) -> None:
        self._values = column.values.to(device)
        self._lengths = column.lengths.to(device)
        self._starts = (column.lengths.cumsum(0) - column.lengths).to(device)
        self._pad_value = column.pad_value

    def pad(self, there: torch.Tensor, width: int) -> tuple[torch.Tensor, torch.Tensor]:
        positions = torch.arange(width, device=self._values.device)  # (L,)
        mask = positions < self._lengths[there].unsqueeze(1)  # (B, L)
        if len(self._values) == 0:
            padding = torch.full(mask.shape, self._pad_value, device=mask.device)
            return padding, mask.long()
        flat = self._starts[there].unsqueeze(1) + positions  # (B, L)
        values = self._values[flat.clamp_(max=len(self._values) - 1)].long()
        return values.masked_fill_(~mask, self._pad_value), mask.long()


def place_dataset(
    dataset: Dataset[Any], wish: str, device: torch.device, free_bytes: int
) -> Dataset[Any]:
    """Copies a dataset to the GPU if that is asked for, or if it is small.

    Args:
        dataset: Any dataset; only in-memory ones can be copied.
        wish: on, off, or auto, which copies a dataset that takes at most a tenth of the
            free memory.
        device: The device of the batches.
        free_bytes: The free memory on that device.
    """
    if wish == "off" or device.type == "cpu" or not isinstance(dataset, ColumnDataset):
        if wish == "on":
            logger.info("data_on_device: off, since there is nothing to copy or no GPU")
        return dataset
    size = num_bytes(dataset)
    if wish == "auto" and size > _MOST_OF_FREE_MEMORY * free_bytes:
        return dataset
    logger.info("data_on_device: %s MB of samples are on the GPU", size // 10**6)
    return DeviceColumns(dataset, device)


def num_bytes(dataset: ColumnDataset) -> int:
    """Returns the memory that the columns take."""
    tensors = []
    for column in dataset.columns.values():
        if isinstance(column, RaggedColumn):
            tensors += [column.values, column.lengths]
        else:
            tensors.append(column)
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
