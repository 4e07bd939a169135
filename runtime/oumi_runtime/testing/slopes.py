"""Compares the gradients of a model's value with finite differences of the value."""

import re
from collections.abc import Callable
from itertools import combinations

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import EMBEDDINGS

# A value of a model costs as much as it has numbers, and slopes for each of its tensors
# the square of that.
_LARGE = 3_000_000
# Within a small step there is hardly a kink, as of a ReLU; a model that computes in a
# lower precision needs a large one.
_SMALL_STEPS = (1e-6, 1e-7, 1e-5)
_LARGE_STEPS = (1e-4, 1e-3, 1e-2)
_CLOSE, _NEAR = 0.003, 0.02


def is_large(model: nn.Module) -> bool:
    """Whether a slope for every parameter would take minutes."""
    return sum(each.numel() for each in model.parameters()) > _LARGE


class Slopes:
    """The slopes of a value along random directions of each parameter."""

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
        self._paddings = {
            id(module.weight): module.padding_idx
            for module in model.modules()
            if isinstance(module, EMBEDDINGS) and module.padding_idx is not None
        }

    def unlike_gradients(self) -> list[str]:
        """Returns the parameters whose gradients do not fit the slopes.

        That is in two directions: a kink may lie in one, at every step size.
        """
        return [
            name
            for names in self._groups()
            if not any(self._fits(names, draw) for draw in range(2))
            for name in names
        ]

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

    def _fits(self, names: list[str], draw: int) -> bool:
        """Whether the gradients fit finite differences along a direction.

        A slope of a small step that is close is enough. If none is, although they are
        equal, the gradients are wrong; otherwise the slope of any step may be near.
        """
        expected = scale = 0.0
        for name in names:
            gradient, direction = self._parameters[name].grad, self._drawn(name, draw)
            assert gradient is not None
            expected += (gradient * direction).sum().item()
            share = gradient.norm() * direction.norm() / gradient.numel() ** 0.5
            scale = (scale**2 + share.item() ** 2) ** 0.5
        scale = max(abs(expected), scale)
        slopes: list[tuple[float, float]] = []
        for step in _SMALL_STEPS:
            slopes.append(self._slope(names, draw, step))
            if _agree(slopes[-1], (expected, 0.0), _CLOSE * scale):
                return True
        if any(_agree(*pair, _CLOSE * scale) for pair in combinations(slopes, 2)):
            return False
        slopes += (self._slope(names, draw, step) for step in _LARGE_STEPS)
        return any(_agree(slope, (expected, 0.0), _NEAR * scale) for slope in slopes)

    @torch.no_grad()
    def _slope(self, names: list[str], draw: int, step: float) -> tuple[float, float]:
        """Returns a slope and how far it may be off by rounding."""
        values: list[float] = []
        # Float64 comes back from there and back to within its rounding.
        for change in (step, -2 * step):
            self._shift(names, draw, change)
            values.append(self._value_of())
        self._shift(names, draw, step)
        return (values[0] - values[1]) / (2 * step), 1e-7 + self._noise / step

    def _shift(self, names: list[str], draw: int, step: float) -> None:
        for name in names:
            self._parameters[name].add_(self._drawn(name, draw), alpha=step)

    def _drawn(self, name: str, draw: int) -> torch.Tensor:
        """Returns a direction; drawn every time, since it is as large as the model."""
        parameter = self._parameters[name]
        draws = torch.Generator(parameter.device)
        draws.manual_seed(self._seeds[name] + draw * len(self._seeds))
        direction = torch.empty_like(parameter, requires_grad=False)
        direction.normal_(generator=draws)
        # The embedding of padding gets no gradient, on purpose.
        if (padding := self._paddings.get(id(parameter))) is not None:
            direction[padding] = 0
        size = self._sizes[name]
        return direction.mul_(size / direction.norm() if size else 0.01)


def _agree(one: tuple[float, float], other: tuple[float, float], limit: float) -> bool:
    """Whether two values, each with its own uncertainty, differ by at most a limit."""
    return abs(one[0] - other[0]) <= limit + one[1] + other[1]
