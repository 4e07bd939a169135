"""The Lion optimizer (Chen et al. 2023, "Symbolic Discovery of Optimization...").

torch.optim does not have it.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

from oumi_runtime.core.trainers.optimizers import foreach


class Lion(Optimizer):
    """Updates weights by the sign of an interpolated mean of gradients.

    Use a learning rate 3 to 10 times lower than with AdamW, and a weight decay higher
    by the same factor.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        """Initializes the optimizer.

        Args:
            params: Parameters, or parameter groups.
            lr: The learning rate.
            betas: The weight of the mean in an update, and its decay rate; 0 to less
                than 1.
            weight_decay: Decoupled weight decay, as in AdamW.
        """
        beta1, beta2 = betas
        if not (0.0 <= beta1 < 1.0 and 0.0 <= beta2 < 1.0):
            raise ValueError(f"betas are {betas}; each must be from 0 to less than 1")
        defaults = {"lr": lr, "betas": (beta1, beta2), "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Updates the parameters that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            held = [p for p in group["params"] if p.grad is not None]
            if held:
                self._step_group(group, held, [p.grad for p in held])
        return loss

    def _step_group(
        self,
        group: dict[str, Any],
        parameters: list[torch.Tensor],
        gradients: list[torch.Tensor],
    ) -> None:
        means = [self._mean(parameter) for parameter in parameters]
        beta1, beta2 = group["betas"]
        if group["weight_decay"] != 0:
            foreach.mul_(parameters, 1.0 - group["lr"] * group["weight_decay"])
        directions = foreach.lerp(gradients, means, beta1)
        foreach.sign_(directions)
        foreach.add_(parameters, directions, alpha=-group["lr"])
        foreach.lerp_(means, gradients, 1.0 - beta2)

    def _mean(self, parameter: torch.Tensor) -> torch.Tensor:
        state = self.state[parameter]
        if "exp_avg" not in state:
            state["exp_avg"] = torch.zeros_like(parameter)
        mean: torch.Tensor = state["exp_avg"]
        return mean
