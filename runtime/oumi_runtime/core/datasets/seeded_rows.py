"""Seeds the reading of samples, so that random numbers depend only on the batch."""

import contextlib
import random
from collections.abc import Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from torch.utils.data import Dataset, get_worker_info

_PRIME = 1_000_003


class SeededRows(Dataset[Any]):
    """Reads each batch with its own random seed.

    Random augmentations are then the same whichever process reads a sample, including
    when training resumes in the middle of an epoch. The random numbers that the model
    draws are not affected.
    """

    def __init__(self, dataset: Dataset[Any], seed: int) -> None:
        """Initializes the dataset; the caller sets a different seed in each epoch."""
        self._dataset = dataset
        self.seed = seed

    def __len__(self) -> int:
        return len(cast(Any, self._dataset))

    def __getitem__(self, key: Any) -> Any:
        return self._dataset[key]

    def __getitems__(self, keys: Sequence[Any]) -> list[Any]:
        """Returns the samples of a batch; its first key determines the seed."""
        first = keys[0]
        if not isinstance(first, int):
            # Not `hash`, which differs between processes.
            first = int.from_bytes(repr(first).encode()[-6:], "little")
        with random_numbers_from(self.seed * _PRIME + first):
            return [self._dataset[key] for key in keys]


@contextlib.contextmanager
def random_numbers_from(seed: int) -> Iterator[None]:
    """Seeds Python, NumPy and torch on the CPU within the block.

    Args:
        seed: Any integer.
    """
    # A worker draws nothing else; saving and restoring is most of the time it takes.
    is_worker = get_worker_info() is not None
    states = None if is_worker else _random_states()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed would also reseed the GPUs.
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
