"""Random numbers for reading samples that depend on the batch alone."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

_PRIME = 1_000_003


class SeededRows(Dataset[Any]):
    """Has a data loader read each batch with random numbers of the batch's own.

    A sample that is augmented at random is then the same whichever process reads it,
    also where a training goes on in the middle of an epoch; and the numbers that the
    model draws are not touched.
    """

    def __init__(self, dataset: Dataset[Any], seed: int) -> None:
        """Takes the dataset, and the seed, which is to be another one in each epoch."""
        self._dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(cast(Any, self._dataset))

    def __getitem__(self, key: Any) -> Any:
        return self._dataset[key]

    def __getitems__(self, keys: Sequence[Any]) -> list[Any]:
        """The samples of a batch; its first key tells it from the others."""
        first = keys[0]
        if not isinstance(first, int):
            # Not `hash`, which is another in each process.
            first = int.from_bytes(repr(first).encode()[-6:], "little")
        with random_numbers_from(self.seed * _PRIME + first):
            return [self._dataset[key] for key in keys]


@contextlib.contextmanager
def random_numbers_from(seed: int) -> Iterator[None]:
    """Lets Python, NumPy and torch on the CPU draw from a seed in the block.

    Args:
        seed: Any whole number.
    """
    # A worker draws nothing else; saving and restoring is most of the time it takes.
    is_worker = get_worker_info() is not None
    states = None if is_worker else _random_states()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed would start the GPUs' numbers anew as well.
    torch.default_generator.manual_seed(seed % 2**63)
    try:
        yield
    finally:
        if states is not None:
            random.setstate(states[0])
            np.random.set_state(states[1])
            torch.set_rng_state(states[2])


def _random_states() -> tuple[Any, Any, torch.Tensor]:
    return random.getstate(), np.random.get_state(), torch.get_rng_state()
