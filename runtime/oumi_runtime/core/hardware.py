"""The hardware of this machine, and whether its GPUs can be used."""

import os
import platform
import shutil
from typing import Any, NamedTuple

import torch


class Examined(NamedTuple):
    """What was found out about a part of the machine."""

    is_usable: bool
    sentence: str


def hardware() -> dict[str, Any]:
    """Returns the `platform`, the number of `cpus` and the names of the `gpus`."""
    gpus = range(torch.cuda.device_count())
    return {
        "platform": platform.platform(),
        "cpus": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(gpu) for gpu in gpus],
    }


def examine_memory() -> Examined:
    """Tells how many cores and how much memory there are."""
    # Imported only here: every training imports this module, but not for this.
    import psutil

    memory = psutil.virtual_memory()
    return Examined(
        True,
        f"{os.cpu_count()} CPU cores, {memory.total / 1e9:.0f} GB of memory, of which "
        f"{memory.available / 1e9:.0f} GB are free",
    )


def examine_gpus() -> list[Examined]:
    """Computes something on each GPU; empty if there is neither a GPU nor a driver."""
    if torch.cuda.is_available():
        return [_examine_gpu(index) for index in range(torch.cuda.device_count())]
    if shutil.which("nvidia-smi") is None:
        return []
    build = f"there is an NVIDIA driver, but torch {torch.__version__}"
    if torch.version.cuda is None and torch.version.hip is None:
        cure = "is built for CPUs alone: install a build for CUDA"
    else:
        cure = "finds no GPU: see what nvidia-smi and CUDA_VISIBLE_DEVICES say"
    return [Examined(False, f"{build} {cure}")]


def _examine_gpu(index: int) -> Examined:
    name = f"cuda:{index}"
    try:
        about = torch.cuda.get_device_properties(index)
        ones = torch.ones(16, 16, device=name)
        # Raises if torch was not built for GPUs of this kind.
        product = (ones @ ones).sum().item()
        free, total = torch.cuda.mem_get_info(index)
    except RuntimeError as error:
        reason = str(error).partition("\n")[0]
        return Examined(False, f"{name} cannot be used: {reason}")
    if product != 16**3:
        return Examined(False, f"{name} ({about.name}) multiplies wrongly")
    return Examined(
        True,
        f"{name} is an {about.name}, {total / 1e9:.0f} GB of memory, of which "
        f"{free / 1e9:.0f} GB are free",
    )
