"""What the steps between two log lines leave, kept on the device until it is read."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import torch

from oumi_runtime.core.distributed import all_reduce_sum, get_world_size
from oumi_runtime.core.trainers.steps.train_step import StepResult


class LogWindow:
    """Adds up the losses of the steps since the last log."""

    def __init__(self) -> None:
        """Starts empty."""
        self._loss_sum: torch.Tensor | float = 0.0
        self._num_steps = 0
        self._timed_steps = 0
        self._last: StepResult | None = None
        self._started = time.perf_counter()

    def add(self, result: StepResult) -> None:
        """Takes what one step left, without reading it."""
        self._loss_sum = self._loss_sum + result.loss
        self._num_steps += 1
        self._timed_steps += 1
        self._last = result

    def metrics(self) -> dict[str, float]:
        """The mean loss, and rate and gradient norm of the last step.

        It waits for the device, and every process must ask for it.
        """
        metrics = {"loss": self.mean_loss()}
        if self._last is not None:
            metrics["learning_rate"] = float(self._last.learning_rate)
            metrics["grad_norm"] = self._last.grad_norm.item()
        return metrics

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

    def start_clock(self) -> None:
        """Counts the time from now on, rather than from when it was made."""
        self._started = time.perf_counter()

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
