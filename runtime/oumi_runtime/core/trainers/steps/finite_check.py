"""Keeps non-finite numbers out of the weights, without waiting for the device."""

import math

import torch
from torch.optim import Optimizer

from oumi_runtime.core.distributed import is_distributed
from oumi_runtime.core.trainers.optimizers import foreach


class FiniteCheck:
    """Prevents steps whose loss or gradient is not finite from being applied.

    On a GPU nothing waits: a fused optimizer is given the verdict as a tensor. After
    the first bad step, no step is applied until `reset` is called, so that the weights
    are still those from before the bad step.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        device: torch.device,
        *,
        reads_at_once: bool | None = None,
    ) -> None:
        """Initializes the check.

        Args:
            optimizer: The optimizer; a fused one skips bad steps on the device.
            device: The device of losses and gradients.
            reads_at_once: Whether `admit` waits for the numbers and returns the verdict
                itself; None to do so unless a fused optimizer can skip steps on a GPU.
        """
        if reads_at_once is None:
            fused = optimizer.defaults.get("fused", False)
            reads_at_once = device.type == "cpu" or not fused
        self.reads_at_once = reads_at_once
        """Whether `admit` waits for the numbers and returns the verdict itself."""
        self._optimizer = optimizer
        # Changed in place, since a CUDA graph reads and writes them.
        self._is_bad = torch.zeros((), device=device)
        self._num_bad = torch.zeros((), device=device)
        self._one = torch.ones((), device=device)
        self._num_bad_read = 0

    def admit(self, loss: torch.Tensor, grad_norm: torch.Tensor) -> bool:
        """Decides whether a step may be applied.

        Args:
            loss: The step's loss, a scalar.
            grad_norm: The norm of its gradients, a scalar.

        Returns:
            False if the step must be skipped. True also if the verdict is left to the
            optimizer on the device.
        """
        # Gradients are averaged over processes, losses are not.
        numbers = [grad_norm] if is_distributed() else [loss, grad_norm]
        if self.reads_at_once:
            is_good = all(map(math.isfinite, numbers))
            self._num_bad_read += not is_good
            return is_good
        # One launch, which GradScaler uses as well; it sets the verdict if a number is
        # not finite, and never clears it. Unscaling by one changes nothing.
        foreach.unscale_([_checkable(n) for n in numbers], self._is_bad, self._one)
        self._num_bad += self._is_bad
        # Fused optimizers read this attribute, which torch.amp.GradScaler sets as well.
        self._optimizer.found_inf = self._is_bad  # type: ignore[attr-defined]
        return True

    def first_bad_step(self) -> int | None:
        """Returns how many steps ago the first bad one was; None if all were good.

        It waits for the device.

        Returns:
            1 if the last step was the first bad one.
        """
        num_bad = self._num_bad_read if self.reads_at_once else int(self._num_bad)
        return num_bad or None

    def reset(self) -> None:
        """Applies steps again from now on."""
        if not self.reads_at_once:
            self._is_bad.zero_()
            self._num_bad.zero_()
        self._num_bad_read = 0


def _checkable(number: torch.Tensor) -> torch.Tensor:
    """Returns a number in a dtype that the check has a CUDA kernel for."""
    return number.float() if number.dtype is torch.bfloat16 else number
