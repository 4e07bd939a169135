"""Determines which rows of several datasets a mixture contains, and in which order.

The order depends only on the seed, and is the same for in-memory datasets and streams.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

_CHUNK = 4096


def draw_sources(proportions: Sequence[float], seed: int) -> Iterator[torch.Tensor]:
    """Draws, indefinitely, the dataset that each next sample comes from.

    Args:
        proportions: The sampling weight of each dataset, all above 0.
        seed: The random seed.

    Yields:
        Dataset indices, (4096,) int64.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = torch.tensor(proportions, dtype=torch.float64)
    while True:
        yield torch.multinomial(weights, _CHUNK, replacement=True, generator=generator)


def mix_rows(
    lengths: Sequence[int], proportions: Sequence[float], *, until_all: bool, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Repeatedly draws a dataset by its weight and takes that dataset's next row.

    Args:
        lengths: How many rows each dataset has, at least 1.
        proportions: The sampling weight of each dataset, all above 0.
        until_all: Whether to continue until every dataset is exhausted, restarting
            those that end earlier; otherwise stop when the first one is exhausted.
        seed: The random seed.

    Returns:
        The dataset of each sample and its row there, both (samples,) int64.
    """
    counts = torch.zeros(len(lengths), dtype=torch.int64)
    wanted = torch.tensor(lengths)
    chunks: list[torch.Tensor] = []
    for chunk in draw_sources(proportions, seed):
        chunks.append(chunk)
        counts += chunk.bincount(minlength=len(lengths))
        is_exhausted = counts >= wanted
        if is_exhausted.all() if until_all else is_exhausted.any():
            break
    sources = torch.cat(chunks)
    draws_of_each = [
        (sources == source).nonzero().flatten() for source in range(len(lengths))
    ]
    ends = [
        int(draws[length - 1])
        for draws, length in zip(draws_of_each, lengths, strict=True)
        if len(draws) >= length
    ]
    end = (max(ends) if until_all else min(ends)) + 1
    rows = torch.empty_like(sources)
    for draws, length in zip(draws_of_each, lengths, strict=True):
        rows[draws] = torch.arange(len(draws)) % length
    return sources[:end], rows[:end]


def shuffled_rows(num_samples: int, seed: int) -> torch.Tensor:
    """Returns all row indices, shuffled with a seed, (samples,) int64."""
    return torch.randperm(num_samples, generator=torch.Generator().manual_seed(seed))


def rows_of_split(
    num_samples: int, shares: Mapping[str, float], split: str
) -> torch.Tensor:
    """Returns the rows of one split of a dataset that has no splits of its own.

    The assignment depends only on the number of rows. Adding rows later moves few of
    the existing ones to another split.

    Args:
        num_samples: Number of rows in the dataset.
        shares: The fraction of rows in each split; these add up to 1.
        split: The name of the split.

    Returns:
        Row indices in ascending order, (samples,) int64. Splits do not overlap.
    """
    # A longer draw starts with the same numbers as a shorter one.
    drawn = torch.from_numpy(np.random.default_rng(0).random(num_samples))
    names = sorted(shares)
    ends = np.cumsum([0.0, *(shares[name] for name in names)])
    begin, end = (round(num_samples * part) for part in ends[names.index(split) :][:2])
    return drawn.argsort()[begin:end].sort().values
