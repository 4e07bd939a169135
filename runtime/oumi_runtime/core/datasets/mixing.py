"""Which rows of several datasets a mixture holds, in which order.

The order depends on the seed alone, and is the same for datasets in memory and streams.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import torch

_CHUNK = 4096


def draw_sources(proportions: Sequence[float], seed: int) -> Iterator[torch.Tensor]:
    """Draws without end which dataset the next sample comes from.

    Args:
        proportions: How likely each dataset is, all above 0.
        seed: Decides the draws.

    Yields:
        Numbers of datasets, (4096,) int64.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = torch.tensor(proportions, dtype=torch.float64)
    while True:
        yield torch.multinomial(weights, _CHUNK, replacement=True, generator=generator)


def mix_rows(
    lengths: Sequence[int], proportions: Sequence[float], *, until_all: bool, seed: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draws datasets by their proportions and takes the next row of the one drawn.

    Args:
        lengths: How many rows each dataset has, at least 1.
        proportions: How likely each is to be drawn, all above 0.
        until_all: Whether to go on until the last row of every dataset was taken,
            beginning again with those that end before; else the first end is the end.
        seed: Decides the draws.

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
    """All rows of a dataset in an order that depends on the seed, (samples,) int64."""
    return torch.randperm(num_samples, generator=torch.Generator().manual_seed(seed))


def rows_of_split(
    num_samples: int, shares: Mapping[str, float], split: str
) -> torch.Tensor:
    """The rows of one split of a dataset that has none of its own.

    Which they are is drawn by their number alone. Rows that are added later move few of
    the others to another split.

    Args:
        num_samples: Rows of the dataset.
        shares: The part of the rows that each split has; they add up to 1.
        split: One of them.

    Returns:
        The rows in their order, (samples,) int64; each is in one split.
    """
    # The first numbers of a longer draw are those of a shorter one.
    drawn = torch.from_numpy(np.random.default_rng(0).random(num_samples))
    names = sorted(shares)
    ends = np.cumsum([0.0, *(shares[name] for name in names)])
    begin, end = (round(num_samples * part) for part in ends[names.index(split) :][:2])
    return drawn.argsort()[begin:end].sort().values
