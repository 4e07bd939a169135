"""The base class for datasets that are read sequentially, in blocks of rows."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset
from oumi_runtime.core.datasets.in_memory.texts import TextColumns


class BlockDataset(IterableDataset[Any], ABC):
    """A dataset that reads many rows at a time, as columns or texts, and keeps none."""

    dataset_name: str | None = None
    dataset_path: str | None = None
    label_names: list[str] | None = None

    @property
    def num_samples(self) -> int | None:
        """Number of rows; None if it cannot be found without reading the whole file."""
        return None

    def count_samples(self) -> int:
        """Counts the rows, reading all of them if necessary."""
        if self.num_samples is not None:
            return self.num_samples
        return sum(len(block) for block in self.read_blocks())

    @abstractmethod
    def read_blocks(self, start: int = 0) -> Iterator[TextColumns | ColumnDataset]:
        """Iterates over the rows, always in the same order.

        Args:
            start: The first row to read, from 0; past the last row, there are none.

        Raises:
            BadRowError: A row cannot be read; the message names it.
        """

    def distinct_labels(self) -> list[int | str]:
        """Returns the distinct labels of all rows."""
        found: dict[int | str, None] = {}
        for block in self.read_blocks():
            if isinstance(block, TextColumns):
                found.update(dict.fromkeys(block.all_labels))
        return list(found)

    def __iter__(self) -> Iterator[Any]:
        for block in self.read_blocks():
            for index in range(len(block)):
                yield block[index]
