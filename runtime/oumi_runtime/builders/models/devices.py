"""Resolves the device of a config, and its free memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from oumi_runtime.core.distributed import get_local_rank
from oumi_runtime.exceptions import DeviceError

_CGROUP = Path("/sys/fs/cgroup")


def resolve_device(device_map: str | Mapping[str, Any] | None) -> torch.device:
    """Returns the device of a `device_map`.

    Args:
        device_map: `auto` is this process's GPU if there is one; None is the CPU.

    Raises:
        DeviceError: This machine does not have the device, or it is a mapping.
    """
    if isinstance(device_map, Mapping):
        raise DeviceError(
            "model.device_map is a mapping, which only transformers models support; "
            "use 'auto', or one device"
        )
    if device_map is None:
        return torch.device("cpu")
    if device_map == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", get_local_rank())
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    device = torch.device(device_map)
    num_gpus = torch.cuda.device_count()
    if device.type == "cuda" and (device.index or 0) >= num_gpus:
        raise DeviceError(
            f"model.device_map is {device_map!r}, but torch sees {num_gpus} GPUs here; "
            "use 'auto' or 'cpu'"
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise DeviceError(
            "model.device_map is 'mps', but this machine has no Apple GPU; use 'auto'"
        )
    return device


def free_bytes(device: torch.device) -> int:
    """Returns the memory available for new tensors on a device, in bytes."""
    if device.type == "cuda":
        unused_by_torch = torch.cuda.memory_reserved(
            device
        ) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused_by_torch
    if device.type == "mps":
        taken = torch.mps.driver_allocated_memory()
        return torch.mps.recommended_max_memory() - taken
    # Imported here, because few models are large enough to need it.
    import psutil

    return int(min(psutil.virtual_memory().available, _free_in_container()))


def _free_in_container() -> float:
    """Returns the free memory within a container's limit; infinity without one."""
    try:
        limit = (_CGROUP / "memory.max").read_text().strip()
        used = (_CGROUP / "memory.current").read_text()
        # The page cache counts as used, but can be reclaimed.
        statistics = (_CGROUP / "memory.stat").read_text().split()
        cache = statistics[statistics.index("inactive_file") + 1]
        return float("inf") if limit == "max" else int(limit) - int(used) + int(cache)
    except (OSError, ValueError):
        return float("inf")
