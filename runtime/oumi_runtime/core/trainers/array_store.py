"""Memory for the many small results that an evaluation keeps."""

import numpy as np
import numpy.typing as npt
import torch

_BUFFER_BYTES = 2**22


class ArrayStore:
    """Copies arrays next to each other into a few large buffers.

    An array that stays where it was allocated, between the activations of its batch and
    of the next, keeps their memory from being used again: 250,000 samples with ten
    logits each, 10 MB, made a process 600 MB larger.
    """

    def __init__(self) -> None:
        """Initializes the store, which is empty."""
        self._buffers: dict[np.dtype[np.generic], npt.NDArray[np.generic]] = {}

    def store(self, values: torch.Tensor) -> npt.NDArray[np.generic]:
        """Returns a copy of a tensor, of any device, in one of the buffers."""
        found = values.detach().cpu().numpy()
        rest = self._buffers.get(found.dtype)
        if rest is None or len(rest) < found.size:
            number = _BUFFER_BYTES // found.itemsize
            rest = np.empty(max(number, found.size), found.dtype)
        self._buffers[found.dtype] = rest[found.size :]
        copy = rest[: found.size].reshape(found.shape)
        copy[...] = found
        return copy
