"""Groups samples of similar length into the same step, to reduce padding.

The order still depends only on (seed, epoch), and a step's global batch is a slice of
it; but which samples share a step depends on the number of samples per step.
"""

from typing import Any

import torch

from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn, TextColumns

# As in transformers. Longer runs need less padding, but are less random.
STEPS_IN_A_RUN = 50


def group_by_length(
    order: torch.Tensor,
    lengths: torch.Tensor,
    step_samples: int,
    generator: torch.Generator,
) -> torch.Tensor:
    """Sorts by length within runs of 50 steps, then shuffles the steps.

    Args:
        order: The samples in random order, (samples,) int64.
        lengths: The length of each sample by its index, (all samples,) int64.
        step_samples: Samples in a step, over all processes.
        generator: The random generator for the order of the steps.

    Returns:
        The same samples; an incomplete last step stays last.
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
    """Returns the length of each sample, (samples,) int64; None if it is not known.

    The length of a sample with several sequences is their sum. The length of a text is
    its number of characters, or of tokens if it is tokenized.
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
