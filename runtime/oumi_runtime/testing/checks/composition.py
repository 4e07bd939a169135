"""Checks that several layers can do more than a single one."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import Probe, listing, other_tokens

_LAYERS = (nn.Linear, *CONVOLUTIONS)
_TOLERANCE = 1e-9
_MOST_LAYERS = 64
# One to read, one to tell, and at least one between them.
_LEAST_LAYERS = 3
_SHARES = ((0, 0), (1, 0), (0, 1), (1, 1))

_Inputs = dict[str, list[torch.Tensor]]


@check()
def check_no_two_layers_act_as_one(case: ModelCase) -> None:
    """Catches linear layers without an activation between them.

    For example a missing activation in `self.second(self.first(x))`, which a single
    layer could replace. A first layer that is narrower than its input and output is
    allowed, since it reduces the rank.

    If it fails, look at what comes between the named layers.
    """
    probe = Probe(case, 3)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    layers = {
        name: module
        for name, module in probe.model.named_modules()
        if isinstance(module, _LAYERS) and getattr(module, "groups", 1) == 1
    }
    if len(layers) > _MOST_LAYERS:
        raise NotApplicableError(f"there are {len(layers)} layers")
    for name, layer in layers.items():
        after = _linear_in(probe, layers, name)
        width, given = layer.weight.shape[:2]
        taken = sum(layers[each].weight.shape[0] for each in after)
        if after and width >= min(given, taken):
            raise CheckFailedError(
                f"{listing(after)} receives the output of {name} with nothing but sums "
                "between them, so one layer could replace both: is an activation "
                "missing?"
            )


@check()
def check_layers_have_an_activation_between_them(case: ModelCase) -> None:
    """Catches a model of several layers without any activation.

    For example `nn.Sequential(nn.LayerNorm(n), nn.Linear(n, n), nn.Dropout(0.1))`, each
    added to its input, from which `nn.GELU()` has gone. With the norms taken out, such
    a model is one matrix. Pooling by the maximum, attention, gates and recurrence
    count as activations.

    If it fails, look at what follows the layers in forward, or in the `Sequential`.
    """
    probe = Probe(case, 3)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    layers = [m for m in probe.model.modules() if isinstance(m, _LAYERS)]
    if len(layers) < _LEAST_LAYERS:
        raise NotApplicableError(f"there are fewer than {_LEAST_LAYERS} layers")
    _pass_by_norms(probe.model)
    first = _first_called(probe, layers)
    if first is None:
        raise NotApplicableError("no layer is called")
    none, one, other, both = (
        _output_given(probe, first, probe.inputs, *shares) for shares in _SHARES
    )
    moves = not _close(one, none) and not _close(other, none)
    if moves and _close(one - none, both - other):
        raise CheckFailedError(
            f"apart from norms, the outputs are linear in the output of the first of "
            f"{len(layers)} layers: is an activation missing between the layers?"
        )


def _pass_by_norms(model: nn.Module) -> None:
    def pass_by(module: nn.Module, args: Any, output: Any) -> Any:
        return args[0]

    for name, module in model.named_modules():
        is_of_weights = "parametrizations." in name
        if type(module).__name__.rstrip("123d").endswith("Norm") and not is_of_weights:
            module.register_forward_hook(pass_by)


def _first_called(probe: Probe, layers: list[Any]) -> nn.Module | None:
    """Returns the layer that is called first, unless it computes the outputs.

    A model may add a linear function of its inputs to another one that is not; then
    the next layer is returned.
    """
    called: list[tuple[nn.Module, int]] = []

    def note(module: nn.Module, args: Any, output: Any) -> None:
        called.append((module, output.numel()))

    handles = [layer.register_forward_hook(note) for layer in layers]
    size = probe(probe.inputs).numel()
    for handle in handles:
        handle.remove()
    inner = [layer for layer, given in called if given != size]
    return next(iter(inner or [layer for layer, _ in called]), None)


def _linear_in(probe: Probe, layers: dict[str, Any], name: str) -> list[str]:
    """Returns the layers through which a layer acts, if only linearly; else []."""
    usual, others = probe.inputs, _other_values(probe.inputs)
    nothing = _inputs_given(probe, layers, name, usual, 0, 0)
    one = _inputs_given(probe, layers, name, usual, 1, 0)
    other = _inputs_given(probe, layers, name, usual, 0, 1)
    both = _inputs_given(probe, layers, name, usual, 1, 1)
    elsewhere = _inputs_given(probe, layers, name, others, 1, 0)

    def is_linear(after: str) -> bool:
        runs = [run.get(after, []) for run in (nothing, one, other, both, elsewhere)]
        return len({len(run) for run in runs}) == 1 and all(
            z.shape == a.shape == b.shape == c.shape == e.shape
            and not z.any()
            and bool(a.any())
            and _close(a + b, c)
            and _close(a, e)
            for z, a, b, c, e in zip(*runs, strict=True)
        )

    after = [each for each in layers if each != name and one.get(each)]
    after = [each for each in after if is_linear(each)]
    if not after:
        return []
    # If it also acts otherwise, as through a residual connection, it is not redundant.
    with _silenced(layers, after):
        outputs = [
            _output_given(probe, layers[name], usual, *s) for s in ((1, 0), (0, 1))
        ]
    return after if _close(*outputs) else []


def _close(left: torch.Tensor, right: torch.Tensor) -> bool:
    scale = left.abs().max().item() if left.numel() else 0.0
    return left.shape == right.shape and bool(
        ((left - right).abs() <= _TOLERANCE * scale).all()
    )


def _inputs_given(
    probe: Probe,
    layers: dict[str, Any],
    name: str,
    inputs: Batch,
    *shares: float,
) -> _Inputs:
    """Returns the inputs of each layer, with one's output a mixture of two draws."""
    found: _Inputs = {}

    def noting(each: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        return lambda module, args: found.setdefault(each, []).append(args[0])

    handles = [
        layer.register_forward_pre_hook(noting(each)) for each, layer in layers.items()
    ]
    try:
        _output_given(probe, layers[name], inputs, *shares)
    finally:
        for handle in handles:
            handle.remove()
    return found


def _output_given(
    probe: Probe, layer: nn.Module, inputs: Batch, *shares: float
) -> torch.Tensor:
    def give(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
        draws = torch.Generator().manual_seed(output.shape[-1])
        kind = output.dtype
        one, other = (
            torch.randn(output.shape, generator=draws, dtype=kind) for _ in range(2)
        )
        return one * shares[0] + other * shares[1]

    handle = layer.register_forward_hook(give)
    try:
        return probe(inputs)
    finally:
        handle.remove()


@contextmanager
def _silenced(layers: dict[str, Any], names: list[str]) -> Generator[None]:
    """Replaces the inputs of the layers by zeros."""

    def silence(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (torch.zeros_like(args[0]), *args[1:])

    handles = [layers[name].register_forward_pre_hook(silence) for name in names]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _other_values(inputs: Batch) -> Batch:
    """Returns other tokens and numbers, with the same padding."""
    return {
        name: column + torch.randn_like(column)
        if column.is_floating_point()
        else column
        if "mask" in name
        else other_tokens(column)
        if "ids" in name
        else column.roll(1, 0)
        for name, column in inputs.items()
    }
