"""Seeds the reading of samples, so that random numbers depend only on the batch."""

import contextlib
import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np
import torch
from numpy.random.mtrand import get_bit_generator, set_bit_generator
from torch.utils.data import Dataset, get_worker_info

_PRIME = 1_000_003
_spare_generators: list[np.random.MT19937] = []


def seed_of_part(seed: int, number: int) -> int:
    """Returns the seed of a part of what has a seed, such as an epoch.

    The parts of neighbouring seeds have different ones.
    """
    return seed * _PRIME + number


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
        with random_numbers_from(seed_of_part(self.seed, first)):
            return [self._dataset[key] for key in keys]


@contextlib.contextmanager
def random_numbers_from(seed: int) -> Iterator[None]:
    """Seeds Python, NumPy and torch on the CPU within the block.

    Args:
        seed: Any integer.
    """
    # A worker draws nothing else; saving and restoring is most of the time it takes.
    restore = None if get_worker_info() else _random_states()
    random.seed(seed)
    np.random.seed(seed % 2**32)
    # torch.manual_seed would also reseed the GPUs.
    torch.default_generator.manual_seed(seed % 2**63)
    try:
        yield
    finally:
        if restore is not None:
            restore()


def _random_states() -> Callable[[], None]:
    """Saves the states, and lends NumPy another generator to seed.

    Copying the state of its own back and forth takes most of a short block's time.

    Returns:
        Restores them.
    """
    python, of_torch = random.getstate(), torch.get_rng_state()
    numpy = get_bit_generator()
    gauss = np.random.get_state(legacy=False)
    # Blocks may be nested, so there may be none to spare.
    spare = _spare_generators.pop() if _spare_generators else np.random.MT19937()
    set_bit_generator(spare)

    def restore() -> None:
        random.setstate(python)
        set_bit_generator(numpy)
        if gauss["has_gauss"]:  # Setting a generator forgets it.
            np.random.set_state(gauss)
        torch.set_rng_state(of_torch)
        _spare_generators.append(spare)

    return restore
