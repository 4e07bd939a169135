"""What a step changes on the host, which a CUDA graph of it does not repeat."""

import random
from collections.abc import Iterator

import numpy as np
import torch
from torch import nn

_PLAIN = (bool, int, float, str)


class HostState:
    """The state of the host's random generators, and the numbers that modules hold.

    A graph repeats what a GPU was told. A layer that is dropped by `random.random()`,
    or after so many calls, would be dropped always or never.
    """

    def __init__(self, model: nn.Module) -> None:
        """Notes how things are."""
        self._model = model
        self._generators = dict(_generators())
        self._attributes = dict(_attributes(model))

    def changed(self) -> str | None:
        """Returns in words what a step has changed since; None for nothing."""
        for name, state in _generators():
            if state != self._generators[name]:
                return f"a step draws random numbers of {name}"
        for place, value in _attributes(self._model):
            before = self._attributes.get(place, value)
            if before is not value and before != value:
                module, name = place
                return f"a step changes {name} of {module or 'the model'}"
        return None


def _generators() -> Iterator[tuple[str, object]]:
    yield "Python's random module", random.getstate()
    numpy_state = np.random.get_state(legacy=False)["state"]
    yield "NumPy", (numpy_state["pos"], numpy_state["key"].tobytes())
    yield "the CPU", torch.get_rng_state().numpy().tobytes()


def _attributes(model: nn.Module) -> Iterator[tuple[tuple[str, str], object]]:
    for path, module in model.named_modules():
        for name, value in vars(module).items():
            if isinstance(value, _PLAIN):
                yield (path, name), value
