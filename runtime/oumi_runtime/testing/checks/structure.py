"""Checks that layers are distinct, and all of them are used."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.docstrings import says_weights_are_tied
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    compute_gradients,
    listing,
    loss_of,
    perturbed,
)

_DIGITS = re.compile(r"\d+")
_LAYERS = (nn.Linear, *CONVOLUTIONS, nn.MultiheadAttention)
_MOST_DRAWS = 12
_SHARE = 0.25
_WIDE_OPEN = 1e4


@check()
def check_layers_have_weights_of_their_own(case: ModelCase) -> None:
    """Catches layers that are the same object by accident.

    For example `nn.ModuleList([Layer()] * 4)`, or `self.key = self.query`: several
    names refer to the weights of one layer. Weights that are tied to an embedding, or
    that a docstring calls shared, are allowed.

    If it fails, create each layer separately: `Layer() for _ in range(4)`.
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
            f"{listing(shared)}: is a layer created once and used under several names? "
            "If so on purpose, say in the class docstring that they share weights"
        )


@check()
def check_tied_weights_are_not_copies(case: ModelCase) -> None:
    """Catches weights that start as copies of each other and are trained apart.

    For example `nn.Parameter(self.embedding.weight.clone())` for the output, or an
    embedding that is replaced after its weights were assigned: weights that should be
    tied are only equal at the start. Layers that are copied within a list are allowed.

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
                f"{name} starts as a copy of {other}, but is trained separately: "
                "should they be tied?"
            )


@check()
def check_every_unit_is_of_use(case: ModelCase) -> None:
    """Catches a layer whose output is only partly used.

    For example attention that uses the queries as keys, so that a third of the `qkv`
    layer has no effect; or heads that all read the channels of the first.

    If it fails, look at how the output of the named layer is split.
    """
    idle: dict[str, set[int]] = {}
    sizes: dict[str, int] = {}
    for seed in range(_MOST_DRAWS):
        model = perturbed(case.model(seed=seed))
        compute_gradients(loss_of(model, case.batch(8, seed + 1)))
        found = _units_without_gradient(model)
        if seed:  # Some units are idle behind a relu, but not the same for every seed.
            found = {k: v & idle[k] for k, v in found.items() if k in idle}
        sizes = {k: len(model.get_parameter(k)) for k in found}
        idle = {k: v for k, v in found.items() if len(v) >= _SHARE * sizes[k]}
        if not idle:
            return
    name, units = next(iter(idle.items()))
    raise CheckFailedError(
        f"{len(units)} of {sizes[name]} units of {name} have no influence on the loss, "
        f"such as unit {min(units)}: is a part of its output unused, or used twice?"
    )


def _units_without_gradient(model: nn.Module) -> dict[str, set[int]]:
    """Returns the units without a gradient in layers that have one."""
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
def check_layers_of_a_list_are_called_alike(case: ModelCase) -> None:
    """Catches a layer in a list that is called twice, or not at all.

    For example `x = self.layers[0](x)` before a loop over all of `self.layers`, or a
    loop over `self.layers[:-1]`; or an expert that is weighed by another one's gate.

    If it fails, look at every use of the named list in forward. If a model repeats a
    layer on purpose, declare an expected failure; experts are not checked.
    """
    model, calls = case.model(), defaultdict[str, list[torch.Size]](list)

    def noting(name: str) -> Callable[[nn.Module, Any], None]:
        return lambda module, args: calls[name].append(_shape(args))

    lists = {
        path: [f"{path}.{index}" for index in range(len(module))]
        for path, module in model.named_modules()
        if isinstance(module, nn.ModuleList)
        and len({str(each) for each in module}) == 1
        and "expert" not in path
    }
    for name in (name for names in lists.values() for name in names):
        model.get_submodule(name).register_forward_pre_hook(noting(name))
    with torch.no_grad():
        loss_of(model, case.batch(2))
    for path, names in lists.items():
        # Layers that receive different parts of a batch, such as experts, are allowed.
        shapes = {frozenset(calls[name]) for name in names if name in calls}
        counts = [len(calls[name]) for name in names]
        if len(set(counts)) > 1 and len(shapes) == 1:
            raise CheckFailedError(
                f"the layers of {path} are called {', '.join(map(str, counts))} times, "
                "although they are alike: does a loop skip one, or is one called twice?"
            )
    _require_gates_open_their_own(case)


def _require_gates_open_their_own(case: ModelCase) -> None:
    """Fails if each gate opens one layer, but not always its own."""
    model = case.model()
    for path, layers in model.named_modules():
        count = len(layers) if isinstance(layers, nn.ModuleList) else 0
        parent = model.get_submodule(path.rpartition(".")[0])
        for name, gate in parent.named_children() if count > 2 else ():
            if not isinstance(gate, nn.Linear) or gate.out_features != count:
                continue
            opened = [
                _layers_let_through(case, model, layers, gate, i) for i in range(count)
            ]
            own = [[i] for i in range(count)]
            if opened != own and all(len(each) == 1 for each in opened):
                raise CheckFailedError(
                    f"the largest output of {name} lets other layers of {path} through "
                    f"than that of its number: are the gates in another order?"
                )


def _layers_let_through(
    case: ModelCase, model: nn.Module, layers: nn.Module, gate: nn.Module, number: int
) -> list[int]:
    """Returns the layers that get gradients while one gate output is the largest."""

    def open_one(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
        widest = torch.zeros_like(output)
        widest[..., number] = _WIDE_OPEN
        return output.detach() + widest

    handle = gate.register_forward_hook(open_one)
    model.zero_grad()
    loss = loss_of(model, case.batch(8))
    handle.remove()
    if loss.requires_grad:  # If not, this layer is not a gate: it computes the logits.
        loss.backward()  # type: ignore[no-untyped-call]
    return [
        index
        for index, layer in enumerate(layers.children())
        if any(p.grad is not None and p.grad.any() for p in layer.parameters())
    ]


def _shape(args: Any) -> torch.Size:
    first = args[0] if args else None
    return first.shape if isinstance(first, torch.Tensor) else torch.Size()
