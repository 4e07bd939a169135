"""The losses between two log lines, kept on the device until somebody reads them."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import torch

from oumi_runtime.core.distributed import all_reduce_sum, get_world_size


class LogWindow:
    """Adds up the losses of the steps since the last log."""

    def __init__(self) -> None:
        """Starts empty."""
        self._loss_sum: torch.Tensor | float = 0.0
        self._num_steps = 0
        self._timed_steps = 0
        self._started = time.perf_counter()

    def add(self, loss: torch.Tensor) -> None:
        """Takes the loss of one step, a scalar, without reading it."""
        self._loss_sum = self._loss_sum + loss
        self._num_steps += 1
        self._timed_steps += 1

    def mean_loss(self) -> float:
        """The mean over steps and processes; 0.0 where no step was made.

        It waits for the device, and every process must ask for it. It is not finite
        where any loss was not.
        """
        loss_sum = all_reduce_sum(torch.as_tensor(self._loss_sum).clone())
        return float(loss_sum) / get_world_size() / max(1, self._num_steps)

    def speed(self) -> tuple[int, float]:
        """Steps, and the seconds they took, since the window was opened here."""
        return self._timed_steps, max(time.perf_counter() - self._started, 1e-9)

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Leaves the block's time out of the speed."""
        stopped = time.perf_counter()
        yield
        self._started += time.perf_counter() - stopped

    def reset(self) -> None:
        """Opens the next window."""
        self.__init__()  # type: ignore[misc]

    def state_dict(self) -> dict[str, Any]:
        """What a resumed training needs to log the same mean."""
        return {
            "loss_sum": torch.as_tensor(self._loss_sum),
            "num_steps": self._num_steps,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes over what `state_dict` returned."""
        self._loss_sum = state["loss_sum"]
        self._num_steps = state["num_steps"]
