"""Ranks, collectives and seeds; all of it works in a single process too.

It relies on torch.distributed if that is initialized; see `process_group`.
"""

import os
import random
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

T = TypeVar("T")


def is_distributed() -> bool:
    """Whether there are several processes."""
    return get_world_size() > 1


def get_rank() -> int:
    """Returns the rank of this process, from 0."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def get_world_size() -> int:
    """Returns the number of processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def get_local_rank() -> int:
    """Returns the rank of this process on its machine, as set by torchrun."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def is_world_process_zero() -> bool:
    """Whether this is the first process, which writes the files and the log."""
    return get_rank() == 0


def barrier() -> None:
    """Waits for all processes."""
    if is_distributed():
        dist.barrier()


def all_reduce_sum(value: torch.Tensor) -> torch.Tensor:
    """Sums a tensor over all processes, in place; returns it."""
    if is_distributed():
        dist.all_reduce(value)
    return value


def all_reduce_max(values: list[int]) -> list[int]:
    """Returns the element-wise maximum over all processes."""
    if not is_distributed():
        return values
    largest = torch.tensor(values)
    dist.all_reduce(largest, op=dist.ReduceOp.MAX)
    return [int(value) for value in largest.tolist()]


def all_gather_object(value: T) -> list[T]:
    """Gathers a picklable value from every process, in the order of their ranks."""
    if not is_distributed():
        return [value]
    values: list[T] = [value] * get_world_size()
    dist.all_gather_object(values, value)
    return values


def share_buffers(model: nn.Module) -> None:
    """Gives every process the first one's buffers, such as running means.

    They differ between processes, which have seen different samples.
    """
    if is_distributed():
        for buffer in model.buffers():
            dist.broadcast(buffer, src=0)


def set_random_seeds(seed: int = 42, set_deterministic: bool = False) -> None:
    """Seeds Python, NumPy and torch on every device.

    Args:
        seed: From 0 to 2**32 - 1.
        set_deterministic: Whether to make nondeterministic operations raise.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    # Only where it changes something: torch loads its compiler for it, for seconds.
    if torch.are_deterministic_algorithms_enabled() != set_deterministic:
        torch.use_deterministic_algorithms(set_deterministic)


def set_full_determinism() -> None:
    """Makes cuBLAS and cuDNN deterministic too; call it before using CUDA."""
    # Required by cuBLAS; see "Results reproducibility" in its documentation.
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
