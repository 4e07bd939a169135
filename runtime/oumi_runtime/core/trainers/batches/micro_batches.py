"""Micro-batches, and their weights in the mean loss of a step."""

from collections.abc import Sequence
from typing import NamedTuple

import torch

from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.distributed import all_reduce_sum, get_world_size


class MicroBatch(NamedTuple):
    """A batch for one forward pass, and its weight in the mean loss of the step."""

    columns: Batch
    weight: torch.Tensor | float
    """0.0 for a stand-in batch, used when a process has run out of samples."""


def weigh(
    batches: Sequence[Batch],
    is_real: Sequence[bool],
    ignore_index: int | None = None,
) -> list[MicroBatch]:
    """Pairs the micro-batches of a step with their weights; see `loss_weights`."""
    weights = loss_weights(batches, is_real, ignore_index)
    return [
        MicroBatch(without_nan(batch, weight, ignore_index), weight)
        for batch, weight in zip(batches, weights, strict=True)
    ]


def without_nan(
    batch: Batch, weight: torch.Tensor | float, ignore_index: int | None = None
) -> Batch:
    """Replaces the labels of a batch with weight 0, so that its loss is not NaN.

    A mean over no targets is NaN, and so is 0 times NaN.
    """
    if not isinstance(weight, torch.Tensor):
        return batch
    labels = batch.get("labels")
    if labels is None or labels.is_floating_point():
        return batch
    a_class = 1 if ignore_index == 0 else 0
    return {**batch, "labels": labels.masked_fill(weight.eq(0), a_class)}


def loss_weights(
    batches: Sequence[Batch],
    is_real: Sequence[bool],
    ignore_index: int | None = None,
) -> list[torch.Tensor | float]:
    """Returns the weight of each micro-batch's mean loss in the mean over the step.

    With these weights, a step over several micro-batches and processes has the loss and
    gradient of one large batch, even if they have different numbers of samples or
    unmasked tokens.

    Args:
        batches: The step's micro-batches in this process.
        is_real: Whether each is a real batch, not a stand-in.
        ignore_index: A label that losses ignore, besides negative ones.

    Returns:
        Weights as scalars on the batches' device; 1.0 for a single real one. Over
        all processes they sum to the number of processes, since gradients are averaged
        over processes.
    """
    world_size = get_world_size()
    if len(batches) == 1 and world_size == 1 and is_real[0]:
        return [1.0]
    counts = torch.stack(
        [
            count_targets(batch, ignore_index) * int(real)
            for batch, real in zip(batches, is_real, strict=True)
        ]
    )
    total = all_reduce_sum(counts.sum())
    return list((counts * world_size / total.clamp(min=1)).unbind())


def count_targets(batch: Batch, ignore_index: int | None = None) -> torch.Tensor:
    """Returns the number of targets that a mean loss averages over, a scalar int64.

    Negative class labels do not count, since -1 and -100 mark targets to ignore.
    Without class labels it is the number of samples.
    """
    labels = batch.get("labels")
    if labels is None or labels.is_floating_point():
        first = next(iter(batch.values()))
        # Filled, since a copy of a number from the CPU would wait for the device.
        return torch.full((), len(first), dtype=torch.int64, device=first.device)
    counted = labels >= 0
    if ignore_index is not None:
        counted &= labels != ignore_index
    return counted.sum()
