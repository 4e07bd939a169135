"""Gradient clipping by the total norm, in four calls.

It gives the same bits as torch.nn.utils.clip_grad_norm_, which groups the gradients by
device and dtype twice; that is noticeable with small models.
"""

from collections.abc import Sequence

import torch
from torch import nn
from torch.nn.utils import clip_grads_with_norm_, get_total_norm

from oumi_runtime.core.trainers.optimizers import foreach
from oumi_runtime.core.trainers.parallel import to_local


class GradientClipper:
    """Clips the gradients of some parameters by their total norm."""

    def __init__(
        self, parameters: Sequence[nn.Parameter], max_norm: float | None
    ) -> None:
        """Initializes the clipper.

        Args:
            parameters: The trainable parameters.
            max_norm: The maximum norm; None or 0 only computes the norm.
        """
        self._parameters = parameters
        self._max_norm = max_norm
        kinds = {(p.device, p.dtype, hasattr(p, "full_tensor")) for p in parameters}
        self._is_uniform = len(kinds) == 1 and not next(iter(kinds))[2]

    @torch.no_grad()
    def __call__(self) -> torch.Tensor:
        """Clips the gradients; returns their norm before, a scalar on the device."""
        gradients = [p.grad for p in self._parameters if p.grad is not None]
        if not self._is_uniform or not gradients:
            return self._clip_mixed(gradients)
        norms = torch.stack(foreach.norm(gradients))
        norm: torch.Tensor = torch.linalg.vector_norm(norms)
        if self._max_norm:
            factor = (self._max_norm / (norm + 1e-6)).clamp(max=1.0)
            foreach.mul_(gradients, factor)
        return norm

    def _clip_mixed(self, gradients: list[torch.Tensor]) -> torch.Tensor:
        """Handles parameters of several devices or dtypes, and DTensors."""
        norm = get_total_norm(gradients)
        if self._max_norm:
            clip_grads_with_norm_(self._parameters, self._max_norm, norm)
        return to_local(norm)
