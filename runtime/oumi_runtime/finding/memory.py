"""Peak memory use, and whether more memory is available."""

import contextlib
import resource
import sys
from pathlib import Path

import torch

from oumi_runtime.builders.models.devices import free_bytes

_SPARE = 0.1
_NO_ROOM = (
    "DefaultCPUAllocator: can't allocate memory",
    "MPS backend out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
)
_PROCESS = Path("/proc/self")


class PeakMemory:
    """The peak memory use of the GPU, or of this process."""

    def __init__(self, device: torch.device) -> None:
        """Initializes the meter with the model's device."""
        self._device = device

    def reset(self) -> None:
        """Resets the peak."""
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        with contextlib.suppress(OSError):
            # Linux alone can; elsewhere the peak is that of the process's whole life.
            (_PROCESS / "clear_refs").write_text("5")

    def read(self) -> int:
        """Returns the peak in bytes since the last reset."""
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device)
        if self._device.type == "mps":
            return torch.mps.driver_allocated_memory()
        if (peak := _of_process("VmHWM:")) is not None:
            return peak
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak if sys.platform == "darwin" else 1024 * peak


def lacking_for(peak_bytes: int, device: torch.device) -> tuple[int, int] | None:
    """Returns how much memory is lacking for an expected peak, on a CPU.

    The operating system kills a process that uses too much, whereas a GPU raises an
    error.

    Args:
        peak_bytes: The expected peak memory of the process.
        device: The device of the model.

    Returns:
        The bytes needed besides those in use, and those that are free, of which a tenth
        is left to others; None where it fits, or an error would tell.
    """
    if device.type != "cpu":
        return None
    needed = peak_bytes - (_of_process("VmRSS:") or 0)
    free = int((1 - _SPARE) * free_bytes(device))
    return (needed, free) if needed > free else None


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether an error means that the memory is full."""
    if isinstance(error, torch.OutOfMemoryError):
        return True
    return any(text in str(error) for text in _NO_ROOM)


def _of_process(name: str) -> int | None:
    """Returns a number of bytes from Linux's status of this process, or None."""
    try:
        words = (_PROCESS / "status").read_text().split()
        return 1024 * int(words[words.index(name) + 1])
    except (OSError, ValueError):
        return None
