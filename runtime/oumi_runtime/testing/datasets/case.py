"""A dataset under test: how to make it, and what a few of its samples hold."""

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import count, islice
from typing import Any, cast

from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.builders.data.own_texts import holds_texts
from oumi_runtime.core.datasets import (
    BaseIterableDataset,
    BlockDataset,
    TextColumns,
)
from oumi_runtime.core.datasets.rows.collation import Collator
from oumi_runtime.core.datasets.rows.seeding import random_numbers_from, seed_of_part
from oumi_runtime.testing.failures import made_by

DatasetFactory = Callable[[str], Dataset[Any]]

SPLITS = ("train", "validation", "test")
NUM_LOOKED_AT = 32
MOST_READ = 2_000


class DatasetCase:
    """A dataset to check. Its samples are read under a fixed seed each, as in training.

    Random augmentation is then no difference between two readings, and anything else
    that makes a sample differ is.
    """

    def __init__(
        self,
        make_dataset: DatasetFactory,
        splits: Sequence[str] = SPLITS,
        *,
        num_classes: int | None = None,
        collate: Collator | None = None,
    ) -> None:
        """Initializes the case.

        Args:
            make_dataset: Makes a split of the dataset, anew with each call.
            splits: The splits that it has, at least one; the first is looked at most.
            num_classes: The number of classes; None for the dataset's `label_names`.
            collate: Makes a batch of samples; None for the dataset's own or the
                trainer's.
        """
        self.make_dataset = make_dataset
        self.splits = tuple(splits)
        self.collate = collate
        self._num_classes = num_classes

    @property
    def noun(self) -> str:
        """What is under test, for messages."""
        return "dataset"

    def made(self, split: str | None = None, *, seed: int = 0) -> Any:
        """Makes a split anew, while random numbers are drawn from a seed."""
        with random_numbers_from(seed), made_by("make_dataset"):
            return self.make_dataset(split or self.splits[0])

    @cached_property
    def dataset(self) -> Any:
        """The first split, made once."""
        return self.made()

    @property
    def is_streamed(self) -> bool:
        """Whether the samples come one after the other, and cannot be indexed."""
        return isinstance(self.dataset, IterableDataset)

    @cached_property
    def length(self) -> int | None:
        """Number of samples in the first split; None if a stream does not say."""
        if isinstance(self.dataset, BlockDataset):
            return self.dataset.num_samples
        return len(self.dataset) if hasattr(self.dataset, "__len__") else None

    @cached_property
    def indices(self) -> list[int]:
        """Some indices of an indexable dataset, evenly spaced, with both ends."""
        return spread(self.length or 0, NUM_LOOKED_AT)

    @cached_property
    def samples(self) -> list[Any]:
        """Some samples of the first split: evenly spaced, or the first of a stream."""
        if self.is_streamed:
            return list(islice(streamed(self.dataset), NUM_LOOKED_AT))
        return [read(self.dataset, index) for index in self.indices]

    @cached_property
    def many_samples(self) -> list[Any]:
        """Up to 2,000 samples of the first split."""
        return samples_of(self.dataset)

    @cached_property
    def label_names(self) -> list[str] | None:
        """The names of the classes, if the dataset knows them."""
        return cast("list[str] | None", getattr(self.dataset, "label_names", None))

    @cached_property
    def num_classes(self) -> int | None:
        """The number of classes, if it is known."""
        if self._num_classes is not None or self.label_names is None:
            return self._num_classes
        return len(self.label_names)

    @cached_property
    def are_texts(self) -> bool:
        """Whether the samples are texts, which are tokenized later."""
        if isinstance(self.dataset, TextColumns):
            return True
        return bool(self.samples) and holds_texts(self.samples[0])


def read(dataset: Any, index: int) -> Any:
    """Reads a sample of an indexable dataset, under the seed of its index."""
    with random_numbers_from(index):
        return dataset[index]


def streamed(dataset: Any, *, seed: int = 0) -> Iterator[Any]:
    """Yields the samples of a stream, each made under the seed of its place.

    Args:
        dataset: An iterable dataset.
        seed: The seed under which the rows of a `BaseIterableDataset` are read, since
            training does not seed that.
    """
    rows, transform = iter(dataset), _unchanged
    if isinstance(dataset, BaseIterableDataset):
        rows, transform = dataset.iter_raw(), dataset.transform
    else:
        seed = 0
    for place in count():
        with random_numbers_from(seed_of_part(seed, place)):
            try:
                row = next(rows)
            except StopIteration:
                return
        with random_numbers_from(place):
            sample = transform(row)
        yield sample


def _unchanged(sample: Any) -> Any:
    return sample


def samples_of(dataset: Any, most: int = MOST_READ) -> list[Any]:
    """Reads up to `most` samples: evenly spaced, or the first of a stream."""
    if isinstance(dataset, IterableDataset):
        return list(islice(streamed(dataset), most))
    return [read(dataset, index) for index in spread(len(dataset), most)]


def spread(length: int, count: int) -> list[int]:
    """Returns up to `count` indices below a length, evenly spaced, with both ends."""
    if length <= count:
        return list(range(length))
    return [place * (length - 1) // (count - 1) for place in range(count)]
