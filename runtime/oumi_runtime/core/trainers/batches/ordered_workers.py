"""Processes that call a function of many things, whose order is kept."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from oumi_runtime.core.trainers.batches.bad_samples import BadSamples

T = TypeVar("T")


@dataclass(frozen=True)
class Loading:
    """How the samples of a dataset that is not in memory are read."""

    num_workers: int = 0
    """Processes that read samples; 0 reads them in this one."""
    persistent_workers: bool = False
    """Whether the workers are kept from epoch to epoch."""
    prefetch_factor: int | None = None
    """Batches that a worker reads ahead; 2 if None."""
    bad_samples: BadSamples | None = None
    """Counts those that are left out; None where the first is an error."""


class OrderedWorkers(Generic[T]):
    """Calls a function, in this process or in others."""

    def __init__(self, function: Callable[[Any], T], loading: Loading) -> None:
        """Takes the function; it and what it is called with can be pickled.

        Args:
            function: What is called.
            loading: How many processes there are, whether they are kept for the next
                `map`, and how far they work ahead.
        """
        self._function = function
        self._loading = loading
        self._feed = _Feed()
        self._kept: Iterable[bytes] | None = None

    def map(self, items: Iterator[Any]) -> Iterator[T]:
        """The function of each item, in the order of the items.

        No more items are taken than the processes work ahead.
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
                yield pickle.loads(made)
        except Exception:
            self._kept = None
            raise
        finally:
            if self._kept is None:
                _end_workers(batches)

    def _start(self) -> Iterable[bytes]:
        loader: Iterable[bytes] = DataLoader(
            _Mapped(self._function),
            sampler=self._feed,
            batch_size=None,
            num_workers=self._loading.num_workers,
            persistent_workers=self._loading.persistent_workers,
            prefetch_factor=self._loading.prefetch_factor,
            # Without one it would draw from the stream that dropout uses.
            generator=torch.Generator().manual_seed(0),
        )
        return loader


def _end_workers(batches: Iterator[bytes]) -> None:
    """Ends the processes of a data loader now.

    An error holds on to all that was at work when it was raised. Left to the garbage
    collection, the pipes may be closed before what writes to them, and a second time
    when their numbers are those of others.
    """
    end = getattr(batches, "_shutdown_workers", None)
    if end is not None:
        end()


class _Feed:
    """What a data loader takes its items from, anew each time."""

    def __init__(self) -> None:
        self.items: Iterator[Any] = iter(())

    def __iter__(self) -> Iterator[Any]:
        return self.items


class _Mapped(Dataset[bytes]):
    """Lets a data loader's processes call a function."""

    def __init__(self, function: Callable[[Any], Any]) -> None:
        self._function = function

    def __getitem__(self, item: Any) -> bytes:
        # Tensors that are sent as such keep a file open each.
        return pickle.dumps(self._function(item), protocol=pickle.HIGHEST_PROTOCOL)
