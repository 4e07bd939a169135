"""The base class of datasets that are read from front to back in blocks."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from torch.utils.data import IterableDataset

from oumi_runtime.core.datasets.columns import ColumnDataset
from oumi_runtime.core.datasets.text_dataset import TextColumns


class BlockDataset(IterableDataset[Any], ABC):
    """Many rows read at a time, as columns or texts; none is kept."""

    dataset_name: str | None = None
    dataset_path: str | None = None
    label_names: list[str] | None = None

    @property
    def num_samples(self) -> int | None:
        """How many rows there are, where a look at the file's end tells; else None."""
        return None

    def count_samples(self) -> int:
        """How many rows there are, which may take reading all of them."""
        if self.num_samples is not None:
            return self.num_samples
        return sum(len(block) for block in self.read_blocks())

    @abstractmethod
    def read_blocks(self, start: int = 0) -> Iterator[TextColumns | ColumnDataset]:
        """Goes through the rows, always in the same order.

        Args:
            start: The row to begin with, from 0; more than there are give none.

        Raises:
            BadRowError: A row cannot be read; says which.
        """

    def distinct_labels(self) -> list[int | str]:
        """The labels of all rows, each once."""
        found: dict[int | str, None] = {}
        for block in self.read_blocks():
            if isinstance(block, TextColumns):
                found.update(dict.fromkeys(block.all_labels))
        return list(found)

    def __iter__(self) -> Iterator[Any]:
        for block in self.read_blocks():
            for index in range(len(block)):
                yield block[index]
