"""Pickles what worker processes send: tensors as arrays, or through shared memory.

Pickling a tensor writes a whole archive, and a pipe copies bytes many times.
"""

import contextlib
import copyreg
import io
import os
import pickle
from typing import Any

import torch

_LARGE_BYTES = 2**16
_SHARED_MEMORY = "/dev/shm"
# How many tensors of a size must fit besides: workers are some batches ahead.
_SPARE = 16


class Parcel(list[Any]):
    """A pickled value: its bytes, and the large tensors that are sent beside them."""

    def open(self) -> Any:
        """Makes the value again."""
        return _Unpickler(io.BytesIO(self[0]), self[1:]).load()


def pickled(value: Any) -> bytes:
    """Pickles a value for `pickle.loads`, ten times as fast as its tensors would be.

    A tensor that is sent through shared memory keeps a file descriptor open, which is
    too much for values that are many, and kept.
    """
    return _Pickler(shares_memory=False).bytes_of(value)


def parcel_of(value: Any) -> Parcel:
    """Pickles a value that is soon used up; torch shares its large tensors."""
    pickler = _Pickler(shares_memory=True)
    return Parcel([pickler.bytes_of(value), *pickler.large])


class _Pickler(pickle.Pickler):
    def __init__(self, *, shares_memory: bool) -> None:
        self._file = io.BytesIO()
        super().__init__(self._file, pickle.HIGHEST_PROTOCOL)
        self.dispatch_table = copyreg.dispatch_table | {torch.Tensor: _reduced}
        self._shares_memory = shares_memory
        self.large: list[torch.Tensor] = []

    def bytes_of(self, value: Any) -> bytes:
        self.dump(value)
        return self._file.getvalue()

    def persistent_id(self, obj: Any) -> int | None:
        if type(obj) is not torch.Tensor or not self._shares_memory:
            return None
        if not _can_be_shared(obj):
            return None
        # All that is in the memory of a slice would be sent.
        is_slice = obj.untyped_storage().nbytes() > 2 * obj.nbytes
        self.large.append(obj.clone() if is_slice else obj)
        return len(self.large) - 1


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: io.BytesIO, large: list[torch.Tensor]) -> None:
        super().__init__(file)
        self._large = large

    def persistent_load(self, pid: int) -> torch.Tensor:
        return self._large[pid]


def is_worth_sharing(num_bytes: int) -> bool:
    """Whether so many bytes are many, and there is room for them.

    Containers have little shared memory by default.
    """
    if num_bytes < _LARGE_BYTES:
        return False
    try:
        room = os.statvfs(_SHARED_MEMORY)
    except (OSError, AttributeError):
        return False
    return room.f_bavail * room.f_frsize > _SPARE * num_bytes


def _can_be_shared(tensor: torch.Tensor) -> bool:
    is_plain = tensor.device.type == "cpu" and tensor.layout is torch.strided
    is_plain = is_plain and not tensor.requires_grad
    return is_plain and is_worth_sharing(tensor.nbytes)


def _reduced(tensor: torch.Tensor) -> Any:
    # numpy has no bfloat16, for one.
    with contextlib.suppress(TypeError, RuntimeError):
        if tensor.is_contiguous() and not tensor.requires_grad:
            return torch.from_numpy, (tensor.numpy(),)
    return tensor.__reduce_ex__(pickle.HIGHEST_PROTOCOL)  # type: ignore[no-untyped-call]
