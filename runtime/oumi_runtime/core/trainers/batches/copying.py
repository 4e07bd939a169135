"""Copies batches to the GPU one step ahead, overlapping with computation."""

from collections.abc import Iterable, Iterator
from typing import cast

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch


def copied(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    """Yields the batches on the device.

    For a GPU, each batch is pinned if needed, and copied on a side stream while the
    previous step runs.
    """
    if device.type != "cuda":
        for batch in batches:
            yield {name: column.to(device) for name, column in batch.items()}
        return
    yield from _copied_ahead(batches, device)


def _copied_ahead(batches: Iterable[Batch], device: torch.device) -> Iterator[Batch]:
    side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]

    def copy(batch: Batch) -> tuple[Batch, torch.cuda.Event]:
        with torch.cuda.stream(side):
            there = {name: _to_gpu(column, device) for name, column in batch.items()}
        # Its own, so that nothing waits for the copy of the batch after it.
        return there, cast(torch.cuda.Event, side.record_event())

    ahead: tuple[Batch, torch.cuda.Event] | None = None
    for batch in batches:
        following = copy(batch)
        if ahead is not None:
            yield _ready(*ahead, device)
        ahead = following
    if ahead is not None:
        yield _ready(*ahead, device)


def _to_gpu(column: torch.Tensor, device: torch.device) -> torch.Tensor:
    if column.device.type == "cpu" and not column.is_pinned():
        column = column.pin_memory()
    return column.to(device, non_blocking=True)


def _ready(batch: Batch, copied: torch.cuda.Event, device: torch.device) -> Batch:
    """Returns the batch once the compute stream has been made to wait for its copy."""
    current = torch.cuda.current_stream(device)
    current.wait_event(copied)
    for column in batch.values():
        # Keeps the allocator from reusing the memory while this stream uses it.
        column.record_stream(current)
    return batch
