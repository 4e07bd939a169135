"""Puts samples of similar length into the same step, so that little is padded.

The order still depends on (seed, epoch) alone, and a step's global batch is a slice of
it; but which samples meet in a step depends on how many a step has.
"""

from typing import Any

import torch

from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn, TextColumns

# As in transformers: longer runs pad less, and let fewer samples meet by chance.
STEPS_IN_A_RUN = 50


def group_by_length(
    order: torch.Tensor,
    lengths: torch.Tensor,
    step_samples: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """Sorts an order by length in runs of 50 steps, and draws the order of the steps.

    Args:
        order: Samples in the order that chance gave them, (samples,) int64.
        lengths: The length of each sample, by its number, (all samples,) int64.
        step_samples: Samples of a step in all processes together.
        generator: What the order of the steps is drawn from.

    Returns:
        The same samples; those that fill no step are the last, as in `order`.
    """
    num_full = len(order) - len(order) % step_samples
    if num_full == 0:
        return order
    runs = torch.split(order[:num_full], STEPS_IN_A_RUN * step_samples)
    sorted_runs = [run[torch.argsort(lengths[run], stable=True)] for run in runs]
    steps = torch.cat(sorted_runs).view(-1, step_samples)
    drawn = torch.randperm(len(steps), generator=generator)
    return torch.cat([steps[drawn].flatten(), order[num_full:]])


def lengths_of(data: Any) -> torch.Tensor | None:
    """How long each sample is, (samples,) int64; None where nothing tells.

    A sample of several sequences is as long as all of them; a text is as long as it has
    characters, or tokens where it has been cut into them.
    """
    if isinstance(data, ColumnDataset):
        columns = data.columns.values()
        ragged = [
            column.lengths for column in columns if isinstance(column, RaggedColumn)
        ]
        return torch.stack(ragged).sum(0) if ragged else None
    if isinstance(data, TextColumns):
        names = [name for name in ("text", "target", "tokens") if name in data.columns]
        sizes = [[len(value) for value in data.columns[name]] for name in names]
        return torch.tensor(sizes).sum(0)
    return None
