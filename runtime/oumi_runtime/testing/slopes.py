"""Compares the gradients of a model's value with finite differences of the value."""

import re
from collections.abc import Callable

import torch
from torch import nn

# A value of a model costs as much as it has numbers, and slopes for each of its tensors
# the square of that.
_LARGE = 3_000_000
_STEPS = (1e-4, 1e-3, 1e-2, 1e-5)


def is_large(model: nn.Module) -> bool:
    """Whether a slope for every parameter would take minutes."""
    return sum(each.numel() for each in model.parameters()) > _LARGE


class Slopes:
    """The slopes of a value along one random direction for each parameter."""

    def __init__(
        self, model: nn.Module, value_of: Callable[[], float], noise: float
    ) -> None:
        """Initializes the slopes.

        Args:
            model: The model in float64, with the gradients of the value.
            value_of: Computes the value, always with the same random numbers.
            noise: How far a value may be off by rounding.
        """
        self._value_of = value_of
        self._noise = noise
        self._parameters = {
            name: parameter
            for name, parameter in model.named_parameters()
            if parameter.grad is not None
        }
        self._is_large = is_large(model)
        self._seeds = {name: seed for seed, name in enumerate(self._parameters)}
        # Taken once: with those of a shifted parameter, it would not come back.
        self._sizes = {n: each.norm().item() for n, each in self._parameters.items()}
        self._kept: dict[str, torch.Tensor] = {}
        self._paddings = {
            id(module.weight): module.padding_idx
            for module in model.modules()
            if isinstance(module, nn.Embedding) and module.padding_idx is not None
        }

    def unlike_gradients(self) -> list[str]:
        """Returns the parameters whose gradients do not fit the slopes."""
        torch.manual_seed(7)
        return [n for names in self._groups() if not self._fits(names) for n in names]

    def _groups(self) -> list[list[str]]:
        """Returns the parameters that are changed together.

        Of a large model, these are all of a kind, as of a layer that is repeated: what
        each adds to a slope is of similar size, so that a wrong one is not lost.
        """
        groups: dict[object, list[str]] = {}
        for name, parameter in self._parameters.items():
            kind = (re.sub(r"\d+", "N", name), parameter.shape)
            groups.setdefault(kind if self._is_large else name, []).append(name)
        return list(groups.values())

    def _fits(self, names: list[str]) -> bool:
        """Whether the gradients fit finite differences with any step size."""
        expected = scale = 0.0
        for name in names:
            gradient, direction = self._parameters[name].grad, self._direction(name)
            assert gradient is not None
            expected += (gradient * direction).sum().item()
            share = gradient.norm() * direction.norm() / gradient.numel() ** 0.5
            scale = (scale**2 + share.item() ** 2) ** 0.5
        allowed = 0.02 * max(abs(expected), scale) + 1e-7
        return any(
            abs(self._slope(names, step) - expected) <= allowed + self._noise / step
            for step in _STEPS
        )

    @torch.no_grad()
    def _slope(self, names: list[str], step: float) -> float:
        values: list[float] = []
        # Float64 comes back from there and back to within its rounding.
        for change in (step, -2 * step):
            self._shift(names, change)
            values.append(self._value_of())
        self._shift(names, step)
        return (values[0] - values[1]) / (2 * step)

    def _shift(self, names: list[str], step: float) -> None:
        for name in names:
            self._parameters[name].add_(self._direction(name), alpha=step)

    def _direction(self, name: str) -> torch.Tensor:
        """Returns a parameter's direction; of a large model, it is drawn again."""
        if self._is_large:
            # All of them are as large as the model.
            draws = torch.Generator(self._parameters[name].device)
            return self._drawn(name, draws.manual_seed(self._seeds[name]))
        if name not in self._kept:
            self._kept = {name: self._drawn(name, None)}
        return self._kept[name]

    def _drawn(self, name: str, draws: torch.Generator | None) -> torch.Tensor:
        parameter = self._parameters[name]
        direction = torch.empty_like(parameter, requires_grad=False)
        direction.normal_(generator=draws)
        # The embedding of padding gets no gradient, on purpose.
        if (padding := self._paddings.get(id(parameter))) is not None:
            direction[padding] = 0
        size = self._sizes[name]
        return direction.mul_(size / direction.norm() if size else 0.01)
