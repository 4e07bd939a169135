"""What a step depends on that is on the host, which a CUDA graph knows as it was.

A graph repeats what a GPU was told. A layer that is dropped by `random.random()`, or
after so many calls, would be dropped always or never; and a weight decay that a
schedule changes would stay.
"""

import random
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.optim import Optimizer

_PLAIN = (bool, int, float, str, tuple)
# Those are written to the device in every step; see `DeviceRates`.
_RATES = ("lr", "initial_lr")

Facts = Iterator[tuple[str, object]]


class HostState:
    """Notes facts, to tell later which of them has changed."""

    def __init__(self, *sources: Callable[[], Facts]) -> None:
        """Notes them.

        Args:
            sources: Each gives facts, by what they are facts of.
        """
        self._sources = sources
        self._before = dict(self._facts())

    def changed(self) -> str | None:
        """Returns what has changed since, apart from what is new; None for nothing."""
        for what, value in self._facts():
            before = self._before.get(what, value)
            if before is not value and before != value:
                return what
        return None

    def _facts(self) -> Facts:
        for source in self._sources:
            yield from source()


def random_generators() -> Facts:
    """Gives the states of the random generators on the CPU."""
    yield "the random numbers of Python", random.getstate()
    numpy_state = np.random.get_state(legacy=False)["state"]
    numpy_numbers = numpy_state["pos"], numpy_state["key"].tobytes()
    yield "the random numbers of NumPy", numpy_numbers
    yield "the random numbers of the CPU", torch.get_rng_state().numpy().tobytes()


def settings_of(model: nn.Module) -> Facts:
    """Gives the plain attributes of modules, and which parameters are trained."""
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, _PLAIN):
                yield f"{name} of {path or 'the model'}", value
    for path, parameter in model.named_parameters():
        yield f"requires_grad of {path}", parameter.requires_grad


def options_of(optimizer: Optimizer) -> Facts:
    """Gives the options of each parameter group, apart from the learning rate."""
    for number, group in enumerate(optimizer.param_groups):
        for name, value in group.items():
            if isinstance(value, _PLAIN) and name not in _RATES:
                yield f"{name} of parameter group {number}", value
