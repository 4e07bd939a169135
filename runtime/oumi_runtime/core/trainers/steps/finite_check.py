"""Keeps non-finite numbers out of the weights, without waiting for the device.

What is read of the steps when logging is added up here too, in the same launch.
"""

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
        dtype: torch.dtype = torch.float32,
        reads_at_once: bool | None = None,
    ) -> None:
        """Initializes the check.

        Args:
            optimizer: The optimizer; a fused one skips bad steps on the device.
            device: The device of losses and gradients.
            dtype: The dtype of the parameters; losses are added up in float32 at least.
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
        wide = torch.promote_types(dtype, torch.float32)
        self.loss_sum = torch.zeros((), dtype=wide, device=device)
        """The sum of the losses of the steps since it was last set to zero."""
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
        # Fused optimizers read this attribute, which torch.amp.GradScaler sets as well.
        self._optimizer.found_inf = self._is_bad  # type: ignore[attr-defined]
        return True

    def add_up(self, loss: torch.Tensor) -> None:
        """Adds up the loss of a step that was admitted, and the device's verdict.

        Args:
            loss: The step's loss, a scalar.
        """
        if self.reads_at_once:
            self.loss_sum += loss
        else:
            foreach.add_([self.loss_sum, self._num_bad], [loss, self._is_bad])

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
