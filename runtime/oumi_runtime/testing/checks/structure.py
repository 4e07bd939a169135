"""Checks of what the layers are: of their own, and each of use."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.documented import says_weights_are_tied
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    compute_gradients,
    listing,
    loss_of,
    other_tokens,
    perturbed,
)

_DIGITS = re.compile(r"\d+")
_LAYERS = (nn.Linear, nn.modules.conv._ConvNd, nn.MultiheadAttention)
_MOST_DRAWS = 12
_SHARE = 0.25
_TOLERANCE = 1e-9
_MOST_LAYERS = 64

_Inputs = dict[str, list[torch.Tensor]]


@check()
def check_layers_have_weights_of_their_own(case: ModelCase) -> None:
    """Catches layers that are one and the same by accident.

    For example `nn.ModuleList([Layer()] * 4)`, or `self.key = self.query`: there are
    four names, and the weights of one layer. Weights that are tied to an embedding, or
    that a docstring says are shared, are left alone.

    If it fails, make each layer by a call of its own: `Layer() for _ in range(4)`.
    """
    model, first = case.model(), dict[int, str]()
    embeddings = {
        id(p)
        for module in model.modules()
        if isinstance(module, nn.Embedding)
        for p in module.parameters()
    }
    shared, is_embedding_tied = list[str](), False
    for name, parameter in model.named_parameters(remove_duplicate=False):
        other = first.setdefault(id(parameter), name)
        if other != name and id(parameter) not in embeddings:
            shared.append(f"{name} is {other}")
        is_embedding_tied |= other != name and id(parameter) in embeddings
    if says_weights_are_tied(case) and not is_embedding_tied:
        raise NotApplicableError("a docstring says that weights are tied")
    if shared:
        raise CheckFailedError(
            f"{listing(shared)}: is a layer made once and used under several names? If "
            "it is meant, say in the docstring of the class that they share weights"
        )


@check()
def check_tied_weights_are_not_copies(case: ModelCase) -> None:
    """Catches weights that start as copies of each other and are trained apart.

    For example `nn.Parameter(self.embedding.weight.clone())` for the output, or an
    embedding that is replaced after its weights were given away: what was to be tied is
    tied at the start only. Layers that are copied within a list are left alone.

    If it fails, use one parameter under both names: `head.weight = embedding.weight`.
    """
    trained = [
        (name, parameter.detach())
        for name, parameter in case.model().named_parameters()
        if parameter.requires_grad and parameter.ndim > 1
    ]
    first: dict[tuple[str, str], tuple[str, torch.Tensor]] = {}
    for name, values in trained:
        if (values == values.flatten()[0]).all():  # Constants are alike anyway.
            continue
        key = (str(tuple(values.shape)), f"{values.double().sum().item():.17g}")
        other, same = first.setdefault(key, (name, values))
        is_of_a_list = _DIGITS.sub("", name) == _DIGITS.sub("", other)
        if other != name and not is_of_a_list and values.equal(same):
            raise CheckFailedError(
                f"{name} starts as a copy of {other}, and is trained apart from it: "
                "were they to be tied?"
            )


@check()
def check_every_unit_is_of_use(case: ModelCase) -> None:
    """Catches a layer of which a part is computed and not used.

    For example attention that takes the queries for the keys, so that a third of the
    `qkv` layer has no effect; or heads that all read the channels of the first.

    If it fails, look at how the output of the named layer is taken apart.
    """
    idle: dict[str, set[int]] = {}
    sizes: dict[str, int] = {}
    for seed in range(_MOST_DRAWS):
        model = perturbed(case.model(seed=seed))
        compute_gradients(loss_of(model, case.batch(8, seed + 1)))
        found = _units_without_gradient(model)
        if seed:  # A relu leaves some units idle, others at every start.
            found = {k: v & idle[k] for k, v in found.items() if k in idle}
        sizes = {k: len(model.get_parameter(k)) for k in found}
        idle = {k: v for k, v in found.items() if len(v) >= _SHARE * sizes[k]}
        if not idle:
            return
    name, units = next(iter(idle.items()))
    raise CheckFailedError(
        f"{len(units)} of {sizes[name]} units of {name} have no influence on the loss, "
        f"such as the one of number {min(units)}: is a part of it left out, or taken "
        "twice?"
    )


def _units_without_gradient(model: nn.Module) -> dict[str, set[int]]:
    """Of layers that learn, the units that do not."""
    found: dict[str, set[int]] = {}
    for name, module in model.named_modules():
        if not isinstance(module, _LAYERS):
            continue
        for own, parameter in module.named_parameters(name, recurse=False):
            if parameter.ndim > 1 and parameter.grad is not None:
                learns = parameter.grad.flatten(1).any(1)
                if learns.any():
                    found[own] = set((~learns).nonzero().flatten().tolist())
    return found


@check()
def check_no_two_layers_act_as_one(case: ModelCase) -> None:
    """Catches linear layers with nothing between them, which one layer could replace.

    For example an activation that is forgotten: `self.second(self.first(x))`. A first
    layer that is narrower than its input and output does something, and is left alone.

    If it fails, look at what comes between the named layers.
    """
    probe = Probe(case, 3)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    layers = {
        name: module
        for name, module in probe.model.named_modules()
        if isinstance(module, nn.Linear | nn.modules.conv._ConvNd)
        and getattr(module, "groups", 1) == 1
    }
    if len(layers) > _MOST_LAYERS:
        raise NotApplicableError(f"there are {len(layers)} layers")
    for name, layer in layers.items():
        after = _linear_in(probe, layers, name)
        width, given = layer.weight.shape[:2]
        taken = sum(layers[each].weight.shape[0] for each in after)
        if after and width >= min(given, taken):
            raise CheckFailedError(
                f"{listing(after)} gets what {name} gives, with nothing but sums "
                "between them, so that one layer could do what both do: is an "
                "activation forgotten?"
            )


def _linear_in(probe: Probe, layers: dict[str, Any], name: str) -> list[str]:
    """The layers that a layer acts by, if by sums alone: [] if it acts otherwise."""
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
    # What else it acts by, such as a residual connection, makes it a layer of its own.
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
    """What each layer gets where one of them gives a mixture of two draws."""
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
    """Gives the layers zeros in place of what they get."""

    def silence(module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...]:
        return (torch.zeros_like(args[0]), *args[1:])

    handles = [layers[name].register_forward_pre_hook(silence) for name in names]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _other_values(inputs: Batch) -> Batch:
    """Other tokens and numbers, of which the same ones are padding."""
    return {
        name: column + torch.randn_like(column)
        if column.is_floating_point()
        else column
        if "mask" in name
        else other_tokens(column)
        for name, column in inputs.items()
    }
