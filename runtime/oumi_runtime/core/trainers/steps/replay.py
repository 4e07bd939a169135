"""Replays a step to find where its first non-finite number appears.

The model is left unchanged: weights, gradients and buffers. So are the random numbers.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.utils.hooks import RemovableHandle

from oumi_runtime.core.models.reading import first_not_finite
from oumi_runtime.core.trainers.batches.micro_batches import MicroBatch


@dataclass
class Finding:
    """The first places with a non-finite number; None for those without one."""

    column: str | None = None
    """A column of the batch."""
    weight: str | None = None
    """A parameter, by name."""
    output: str | None = None
    """The first module whose output has one, by name; "" is the model itself."""
    gradient: str | None = None
    """The first in the backward pass: the name of a parameter or module."""

    @property
    def num_found(self) -> int:
        """How many of these places there are."""
        return sum(place is not None for place in dataclasses.astuple(self))

    def sentence(self, model: nn.Module) -> str:
        """Describes the finding."""
        found = []
        if self.column is not None:
            found.append(f"the batch has one in {self.column!r}")
        if self.weight is not None:
            found.append(f"the weight {self.weight} has one")
        if self.output is not None:
            kind = type(model.get_submodule(self.output)).__name__
            name = self.output or "the model"
            found.append(f"the first output with one is that of {name} ({kind})")
        elif self.gradient is not None:
            found.append(f"the first gradient with one is that of {self.gradient}")
        return ", and ".join(found) or "replaying the step gives none"


def find_not_finite(
    model: nn.Module,
    micro_batches: list[MicroBatch],
    autocast: Callable[[], Any],
    random_state: torch.Tensor | None = None,
) -> Finding:
    """Replays the forward and backward passes of a step, watching all tensors.

    Args:
        model: The model, with the weights from before the step.
        micro_batches: The micro-batches of the step.
        autocast: Returns the context for a forward pass.
        random_state: The CPU generator state from before the step; None for the
            current one.
    """
    finding = Finding()
    for columns, _ in micro_batches:
        finding.column = finding.column or first_not_finite(columns.items())
    finding.weight = first_not_finite(model.named_parameters())
    with _unchanged(model, random_state), _watching(model, finding):
        for columns, weight in micro_batches:
            with autocast():
                loss = model(**columns)["loss"] * weight
            loss.backward()
    return finding


@contextlib.contextmanager
def _watching(model: nn.Module, finding: Finding) -> Iterator[None]:
    handles: list[RemovableHandle] = []

    def look_at_gradient(name: str, gradient: torch.Tensor) -> None:
        if finding.gradient is None and _has_bad(gradient):
            finding.gradient = name

    def watch_module(name: str, module: nn.Module) -> None:
        def look_at_output(module: nn.Module, inputs: Any, output: Any) -> None:
            for tensor in _tensors(output):
                if finding.output is None and _has_bad(tensor):
                    finding.output = name
                if tensor.requires_grad:
                    look: Any = tensor.register_hook
                    look(lambda gradient: look_at_gradient(name, gradient))

        handles.append(module.register_forward_hook(look_at_output))

    for name, module in model.named_modules():
        watch_module(name, module)
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            watch: Any = parameter.register_post_accumulate_grad_hook
            handles.append(watch(lambda p, name=name: look_at_gradient(name, p.grad)))
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextlib.contextmanager
def _unchanged(model: nn.Module, random_state: torch.Tensor | None) -> Iterator[None]:
    device = next(model.parameters()).device
    gpus = [device] if device.type == "cuda" else []
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    gradients = [(parameter, parameter.grad) for parameter in model.parameters()]
    for parameter, _ in gradients:
        parameter.grad = None
    with torch.random.fork_rng(gpus):
        if random_state is not None:
            torch.set_rng_state(random_state)
        try:
            yield
        finally:
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)
            for parameter, gradient in gradients:
                parameter.grad = gradient


def _has_bad(tensor: torch.Tensor) -> bool:
    return first_not_finite([("", tensor)]) is not None


def _tensors(output: Any) -> Iterator[torch.Tensor]:
    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, dict):
        for value in output.values():
            yield from _tensors(value)
    elif isinstance(output, list | tuple):
        for value in output:
            yield from _tensors(value)
