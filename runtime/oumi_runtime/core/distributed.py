"""Who this process is among those that train together; alone, it is the only one.

Reads torch.distributed where it is initialized. Starting processes is torchrun's work.
"""

import random

import numpy as np
import torch
import torch.distributed as dist


def get_rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def get_world_size() -> int:
    """The number of processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def is_world_process_zero() -> bool:
    """Whether this process writes the files and the log."""
    return get_rank() == 0


def barrier() -> None:
    """Waits for all processes."""
    if get_world_size() > 1:
        dist.barrier()


def set_random_seeds(seed: int = 42, set_deterministic: bool = False) -> None:
    """Seeds Python, NumPy and torch on every device.

    Args:
        seed: From 0 to 2**32 - 1.
        set_deterministic: Whether operations without a deterministic form raise.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    torch.use_deterministic_algorithms(set_deterministic)
