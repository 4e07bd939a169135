"""The results of the steps between two log lines, without a device sync."""

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from typing import Any

import torch

from oumi_runtime.core.distributed import (
    all_gather_object,
    all_reduce_sum,
    get_rank,
    get_world_size,
    is_distributed,
)
from oumi_runtime.core.trainers.steps.train_step import StepResult


class LogWindow:
    """The losses and the time of the steps since the last log line."""

    def __init__(self, loss_sum: torch.Tensor) -> None:
        """Opens the first window.

        Args:
            loss_sum: What the steps add their losses to, a scalar on the device.
        """
        self._loss_sum = loss_sum
        self.reset()

    def reset(self) -> None:
        """Opens the next window."""
        self._loss_sum.zero_()
        self.num_steps = 0
        """The number of steps, also those before a run was resumed."""
        self._timed_steps = 0
        self._last: StepResult | None = None
        self._started = time.perf_counter()

    def add(self, result: StepResult) -> None:
        """Counts a step, without waiting for its result."""
        self.num_steps += 1
        self._timed_steps += 1
        self._last = result

    def metrics(self) -> dict[str, float]:
        """Returns the mean loss, and the rest of the last step.

        That is its learning rate and gradient norm, and what the model returns as
        single numbers. If every step was skipped, there is none of them.

        It waits for the device, and every process must call it.
        """
        loss = self.mean_loss()
        metrics = {"loss": loss} if self.num_steps or not math.isfinite(loss) else {}
        if self._last is not None:
            numbers = self._last.numbers
            metrics |= _mean_terms(numbers.terms)
            metrics["learning_rate"] = float(self._last.learning_rate)
            metrics["grad_norm"] = numbers.grad_norm.item()
        return metrics

    def mean_loss(self) -> float:
        """Returns the mean over steps and processes; 0.0 if there were no steps.

        It waits for the device, and every process must call it. The mean is not finite
        if any loss was not.
        """
        loss_sum = all_reduce_sum(self._loss_sum.clone())
        return float(loss_sum) / get_world_size() / max(1, self.num_steps)

    def speed(self) -> tuple[int, float]:
        """Returns the number of steps in this process, and the seconds they took."""
        return self._timed_steps, max(time.perf_counter() - self._started, 1e-9)

    def start_clock(self) -> None:
        """Starts counting time now."""
        self._started = time.perf_counter()

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Excludes the time of the block from the speed."""
        stopped = time.perf_counter()
        yield
        self._started += time.perf_counter() - stopped

    def state_dict(self) -> dict[str, Any]:
        """Returns what a resumed run needs to log the same mean."""
        loss_sum = self._loss_sum.clone()
        return {
            # Other processes may not have this one's device.
            "loss_sum": loss_sum.cpu() if is_distributed() else loss_sum,
            "num_steps": self.num_steps,
        }

    def load_states(self, states: list[dict[str, Any]] | dict[str, Any]) -> None:
        """Restores what `state_dict` returned in each process.

        Args:
            states: In the order of the ranks. Each process of another number takes the
                mean. Older checkpoints have only the first process's.
        """
        if isinstance(states, dict):
            states = [states]
        sums = [state["loss_sum"] for state in states]
        is_own = len(sums) == get_world_size()
        self._loss_sum.copy_(sums[get_rank()] if is_own else torch.stack(sums).mean())
        self.num_steps = states[0]["num_steps"]


def _mean_terms(terms: Mapping[str, torch.Tensor]) -> dict[str, float]:
    """Returns the means over processes, of which each may have terms of its own."""
    own = {name: float(term) for name, term in terms.items()}
    shares = all_gather_object(own)
    return {
        name: sum(each.get(name, 0.0) for each in shares) / len(shares) for name in own
    }
