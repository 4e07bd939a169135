"""Notices numbers gone wrong before they reach the weights, without any waiting."""

import math

import torch
from torch.optim import Optimizer

from oumi_runtime.core.distributed import is_distributed


class FiniteCheck:
    """Keeps steps whose loss or gradient is not finite from being applied.

    On a GPU nothing waits: a fused optimizer is handed the verdict as a tensor. From
    the first bad step on no step is applied until somebody has read of it, so that the
    weights are still those that the bad step began with.
    """

    def __init__(self, optimizer: Optimizer, device: torch.device) -> None:
        """Takes what applies the steps.

        Args:
            optimizer: One with a fused step leaves it out by itself.
            device: Where losses and gradients are.
        """
        fused = optimizer.defaults.get("fused", False)
        self.reads_at_once = device.type == "cpu" or not fused
        """Whether `admit` itself tells, and not only `first_bad_step`."""
        self._optimizer = optimizer
        # Changed in place: a captured step goes on reading and writing them.
        self._is_bad = torch.zeros((), device=device)
        self._num_bad = torch.zeros((), device=device)
        self._num_bad_read = 0

    def admit(self, loss: torch.Tensor, grad_norm: torch.Tensor) -> bool:
        """Decides whether the step that these belong to may be applied.

        Args:
            loss: The step's loss, a scalar.
            grad_norm: The norm of its gradients, a scalar.

        Returns:
            False where the step must be left out. True also where the optimizer is told
            on the device.
        """
        # The gradients of several processes are one; their losses are not.
        number = grad_norm if is_distributed() else loss + grad_norm
        if self.reads_at_once:
            is_good = math.isfinite(number)
            self._num_bad_read += not is_good
            return is_good
        # What is not finite, less itself, is no number. isfinite is five launches.
        self._is_bad.logical_or_((number - number).ne(0))
        self._num_bad += self._is_bad
        # What a fused optimizer reads, as torch.amp.GradScaler sets it.
        self._optimizer.found_inf = self._is_bad  # type: ignore[attr-defined]
        return True

    def first_bad_step(self) -> int | None:
        """How many steps ago the first bad one began; None where all were good.

        It waits for the device.

        Returns:
            1 where the last step is the first bad one.
        """
        num_bad = self._num_bad_read if self.reads_at_once else int(self._num_bad)
        return num_bad or None

    def reset(self) -> None:
        """Begins anew: steps are applied again."""
        if not self.reads_at_once:
            self._is_bad.zero_()
            self._num_bad.zero_()
        self._num_bad_read = 0
