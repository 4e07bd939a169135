"""Maps a function over items in worker processes, keeping their order."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.datasets.rows.parent_watch import end_with_parent
from oumi_runtime.core.datasets.rows.pickling import Parcel, parcel_of
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples

T = TypeVar("T")


@dataclass(frozen=True)
class Loading:
    """How to load the samples of a dataset that is not in memory."""

    num_workers: int = 0
    """The number of loading processes; 0 loads in this process."""
    persistent_workers: bool = False
    """Whether to keep the workers between epochs."""
    prefetch_factor: int | None = None
    """Batches that a worker loads in advance; 2 if None."""
    bad_samples: BadSamples | None = None
    """Counts those that are left out; None where the first is an error."""


class OrderedWorkers(Generic[T]):
    """Maps a function over items, in this process or in workers."""

    def __init__(self, function: Callable[[Any], T], loading: Loading) -> None:
        """Initializes the workers.

        Args:
            function: The function; it and its arguments must be picklable.
            loading: The number of processes, whether to keep them for the next `map`,
                and how far they work ahead.
        """
        self._function = function
        self._loading = loading
        self._feed = _Feed()
        self._kept: Iterable[Parcel] | None = None

    def map(self, items: Iterator[Any]) -> Iterator[T]:
        """Yields the result for each item, in the order of the items.

        Items are consumed only as far as the processes work ahead.
        """
        if self._loading.num_workers == 0:
            yield from map(self._function, items)
            return
        self._feed.items = items
        loader = self._start() if self._kept is None else self._kept
        self._kept = loader if self._loading.persistent_workers else None
        batches = iter(loader)
        try:
            for made in batches:
                yield made.open()
        except Exception:
            self._kept = None
            raise
        finally:
            if self._kept is None:
                _end_workers(batches)

    def _start(self) -> Iterable[Parcel]:
        loader: Iterable[Parcel] = DataLoader(
            _Mapped(self._function),
            sampler=self._feed,
            batch_size=None,
            collate_fn=_as_it_is,
            num_workers=self._loading.num_workers,
            persistent_workers=self._loading.persistent_workers,
            prefetch_factor=self._loading.prefetch_factor,
            worker_init_fn=end_with_parent,
            # Without a generator it would draw from the global one, which dropout uses.
            generator=torch.Generator().manual_seed(0),
        )
        return loader


def _end_workers(batches: Iterator[Parcel]) -> None:
    """Ends the processes of a data loader now.

    An error holds on to all that was at work when it was raised. Left to the garbage
    collection, the pipes may be closed before what writes to them, and a second time
    when their numbers are those of others.
    """
    end = getattr(batches, "_shutdown_workers", None)
    if end is not None:
        end()


class _Feed:
    """The sampler of a data loader, whose items can be exchanged."""

    def __init__(self) -> None:
        self.items: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[Any]:
        return self.items


class _Mapped(Dataset[Parcel]):
    """A dataset whose items are the results of a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __getitem__(self, item: Any) -> Parcel:
        return parcel_of(self._function(item))


def _as_it_is(parcel: Any) -> Any:
    return parcel
