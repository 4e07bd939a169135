"""The Lion optimizer (Chen et al. 2023, "Symbolic Discovery of Optimization...").

torch.optim has none.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

from oumi_runtime.core.trainers.optimizers import foreach


class Lion(Optimizer):
    """Moves every weight by the same amount, in the direction of a mean of gradients.

    Its rate is to be 3 to 10 times lower than AdamW's, and its weight decay higher by
    as much.
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float = 1e-4,
        betas: tuple[float, float] = (0.9, 0.99),
        weight_decay: float = 0.0,
    ) -> None:
        """Takes the parameters, or groups of them.

        Args:
            params: Parameters, or dicts with `params` and what differs for them.
            lr: How far a weight moves in a step.
            betas: How much of the mean counts in a step, and how much of it is kept; 0
                to less than 1.
            weight_decay: How strongly weights are pulled to 0, decoupled as in AdamW.
        """
        beta1, beta2 = betas
        if not (0.0 <= beta1 < 1.0 and 0.0 <= beta2 < 1.0):
            raise ValueError(f"betas are {betas}; each has to be 0 to less than 1")
        defaults = {"lr": lr, "betas": (beta1, beta2), "weight_decay": weight_decay}
        super().__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Makes one step by the gradients that there are."""
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
