"""Who this process is among those that train together; alone, it is the only one.

Reads torch.distributed where it is initialized. Starting processes is torchrun's work.
"""

import contextlib
import os
import random
from collections.abc import Iterator
from datetime import timedelta
from typing import TypeVar

import numpy as np
import torch
import torch.distributed as dist

T = TypeVar("T")


def is_distributed() -> bool:
    """Whether several processes train together."""
    return get_world_size() > 1


def get_rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_available() and dist.is_initialized() else 0


def get_world_size() -> int:
    """The number of processes."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


def get_local_rank() -> int:
    """The number of this process on its machine, as torchrun gives it."""
    return int(os.environ.get("LOCAL_RANK", "0"))


def is_world_process_zero() -> bool:
    """Whether this process writes the files and the log."""
    return get_rank() == 0


def barrier() -> None:
    """Waits for all processes."""
    if is_distributed():
        dist.barrier()


def all_reduce_sum(value: torch.Tensor) -> torch.Tensor:
    """Adds up a tensor over the processes, in place; returns it."""
    if is_distributed():
        dist.all_reduce(value)
    return value


def all_reduce_max(values: list[int]) -> list[int]:
    """The largest of all processes' numbers, each for itself."""
    if not is_distributed():
        return values
    largest = torch.tensor(values)
    dist.all_reduce(largest, op=dist.ReduceOp.MAX)
    return [int(value) for value in largest.tolist()]


def all_gather_object(value: T) -> list[T]:
    """Collects a picklable value from every process, in the order of their ranks."""
    if not is_distributed():
        return [value]
    values: list[T] = [value] * get_world_size()
    dist.all_gather_object(values, value)
    return values


@contextlib.contextmanager
def process_group(timeout_minutes: float | None = None) -> Iterator[None]:
    """Joins the processes that torchrun started, for the block.

    It does nothing where there is one process, or where they have joined already.

    Args:
        timeout_minutes: How long an operation may wait for the others; torch's own
            limit if None.
    """
    started_by_torchrun = int(os.environ.get("WORLD_SIZE", "1")) > 1
    if not started_by_torchrun or dist.is_initialized():
        yield
        return
    backend = "gloo"
    if torch.cuda.is_available():
        torch.cuda.set_device(get_local_rank())
        backend = "cpu:gloo,cuda:nccl"
    timeout = None if timeout_minutes is None else timedelta(minutes=timeout_minutes)
    dist.init_process_group(backend, timeout=timeout)
    try:
        yield
    finally:
        dist.destroy_process_group()


def set_random_seeds(seed: int = 42, set_deterministic: bool = False) -> None:
    """Seeds Python, NumPy and torch on every device.

    Args:
        seed: From 0 to 2**32 - 1.
        set_deterministic: Whether operations without a deterministic form raise.
    """
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    # Only where it changes something: torch loads its compiler for it, for seconds.
    if torch.are_deterministic_algorithms_enabled() != set_deterministic:
        torch.use_deterministic_algorithms(set_deterministic)


def set_full_determinism() -> None:
    """Makes the libraries below torch deterministic too; call it before using CUDA."""
    # What cuBLAS asks for, in "Results reproducibility" of its documentation.
    os.environ["CUBLAS_WORKSPACE_CONFIG"] = ":4096:8"
    torch.use_deterministic_algorithms(True)
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
