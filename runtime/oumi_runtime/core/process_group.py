"""Joins the processes of a run, which torchrun has started.

Every wait for another process ends: when that process ends, or after a time limit.
"""

import atexit
import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NoReturn

import torch
import torch.distributed as dist
from torch.distributed import PrefixStore, rendezvous  # type: ignore[attr-defined]
from torch.distributed.constants import default_pg_timeout

from oumi_runtime.core.distributed import get_local_rank
from oumi_runtime.exceptions import ProcessEnvironmentError, ProcessGroupError

_WHOLE_NUMBERS = ("WORLD_SIZE", "RANK", "LOCAL_RANK", "MASTER_PORT")
_REQUIRED = ("RANK", "MASTER_ADDR", "MASTER_PORT")
# torch waits a little longer than it is told to.
_GRACE_S = 30.0


@contextlib.contextmanager
def process_group(timeout_minutes: float | None = None) -> Iterator[None]:
    """Initializes the process group for the block, under torchrun.

    It does nothing with a single process, or if the group is initialized already.

    Args:
        timeout_minutes: How long processes wait for each other; torch's default if
            None.

    Raises:
        ProcessEnvironmentError: The environment describes only part of a group.
        ProcessGroupError: The processes do not find each other.
    """
    if dist.is_initialized() or _world_size() == 1:
        yield
        return
    backend = "gloo"
    if torch.cuda.is_available():
        _choose_gpu()
        backend = "cpu:gloo,cuda:nccl"
    timeout = None if timeout_minutes is None else timedelta(minutes=timeout_minutes)
    try:
        _join(backend, timeout)
    except (RuntimeError, ValueError, OSError) as error:  # Of sockets and stores.
        where = "{MASTER_ADDR}:{MASTER_PORT}".format(**os.environ)
        raise ProcessGroupError(_world_size(), where, str(error)) from error
    try:
        yield
    except BaseException:
        _abandon()
        raise
    dist.destroy_process_group()


def end_process(exit_code: int) -> NoReturn:
    """Ends this process; call it last.

    If it is one of several, it ends without Python's own finalization, which kills
    threads of gloo that are about to free a tensor, and so now and then aborts.
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        sys.exit(exit_code)
    # Python has no public call that runs what `os._exit` leaves out.
    atexit._run_exitfuncs()  # noqa: SLF001
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


def _abandon() -> None:
    """Leaves the group to the end of the process.

    Its destructor waits for its threads while it keeps them from running Python: where
    a collective has not ended, it would wait forever.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dist.group.WORLD))
    if dist.get_backend() == "gloo":
        dist.destroy_process_group()  # NCCL would wait for the other processes.


def _join(backend: str, timeout: timedelta | None) -> None:
    store, rank, world_size = _meet(timeout or default_pg_timeout)
    # A restarted group must not read the addresses that the processes before it left.
    attempt = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
    dist.init_process_group(
        backend,
        store=PrefixStore(f"attempt_{attempt}", store),
        rank=rank,
        world_size=world_size,
        timeout=timeout,
    )


def _meet(timeout: timedelta) -> tuple[Any, int, int]:
    """Returns the store that all processes share, the rank, and their number.

    In a thread, since a connection to something that never answers is never given up.
    """
    found: list[Any] = []

    def look() -> None:
        try:
            found.append(next(rendezvous("env://", timeout=timeout)))
        except Exception as error:
            found.append(error)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    limit_s = timeout.total_seconds() + _GRACE_S
    thread.join(limit_s)
    met = found[0] if found else TimeoutError(f"no answer after {limit_s:g} seconds")
    if isinstance(met, Exception):
        raise met
    return met  # type: ignore[no-any-return]


def _world_size() -> int:
    """Returns the number of processes that the environment describes.

    Raises:
        ProcessEnvironmentError: A variable is missing, or not a number in its range.
    """
    given = {name: os.environ.get(name, "") for name in _WHOLE_NUMBERS}
    for name, text in given.items():
        if text and not text.isdecimal():
            raise ProcessEnvironmentError(f"{name} is {text!r}, not a whole number")
    world_size, rank = int(given["WORLD_SIZE"] or 1), int(given["RANK"] or 0)
    if rank >= max(world_size, 1):
        size = given["WORLD_SIZE"] or "not set"
        raise ProcessEnvironmentError(f"RANK is {rank}, but WORLD_SIZE is {size}")
    if world_size > 1:
        for name in _REQUIRED:
            if not os.environ.get(name):
                raise ProcessEnvironmentError(
                    f"WORLD_SIZE is {world_size}, but {name} is not set"
                )
    return max(world_size, 1)


def _choose_gpu() -> None:
    local_rank, num_gpus = get_local_rank(), torch.cuda.device_count()
    if local_rank >= num_gpus:
        raise ProcessEnvironmentError(
            f"LOCAL_RANK is {local_rank}, but torch sees {num_gpus} GPUs here"
        )
    torch.cuda.set_device(local_rank)
