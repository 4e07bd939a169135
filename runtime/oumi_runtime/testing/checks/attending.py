"""Finds what attends to what, by watching torch's functions while a model runs."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import Batch, ModelCase, Tokens
from oumi_runtime.testing.measuring import Probe, outputs_of
from oumi_runtime.testing.needs import token_ids

ROWS = 3
# Layers by which tokens meet without attention.
MIXING_LAYERS = (*CONVOLUTIONS, nn.RNNBase)
_MOST_LAYERS = 32
_SOFTMAXES = (F.softmax, torch.softmax, torch.Tensor.softmax)
_PRODUCTS = (torch.matmul, torch.Tensor.matmul, torch.Tensor.__matmul__)


def attends_to_anything(case: ModelCase) -> bool:
    """Whether tokens, patches or features attend to each other."""
    with AttentionWatch() as watch:
        outputs_of(case.model(training=True), case.batch())
    return bool(watch.lengths)


def heap_seen_by_attention(probe: Probe, changed: Batch) -> str:
    """Finds out whether the last attention layer ignores the order of its inputs.

    Args:
        probe: The model, and its inputs.
        changed: The inputs, with the tokens, patches or features in another order.

    Returns:
        The layer's name if it does: it then returns the same rows for both, reordered.
        "" if it knows the order, or if there is no such layer.
    """
    with AttentionWatch() as watch:
        probe(probe.inputs)
    layers = layers_over_tokens(probe, watch.lengths)
    if not layers:
        return ""
    name, layer = layers[-1]
    rows: list[torch.Tensor] = []

    def note(module: nn.Module, args: Any, output: Any) -> None:
        first = (output[0] if isinstance(output, tuple) else output).detach()
        order = first.double().sum(-1).argsort(1)
        rows.append(first.gather(1, order.unsqueeze(-1).expand_as(first)))

    handle = layer.register_forward_hook(note)
    probe(probe.inputs)
    probe(changed)
    handle.remove()
    are_told_apart = len(rows) != 2 or probe.differs(*rows).any()
    are_alike = not probe.differs(rows[0], rows[0][:, :1].expand_as(rows[0])).any()
    return "" if are_told_apart or are_alike else name


def attention(case: ModelCase) -> str:
    """Tokens that attend to each other."""
    if reason := token_ids(case):
        return reason
    return "" if attending(case) else "no tokens attend to each other"


def layers_over_tokens(probe: Probe, lengths: set[int]) -> list[tuple[str, nn.Module]]:
    """Returns composite layers that keep the shape (batch, tokens, hidden), by name."""
    found: list[tuple[str, nn.Module]] = []

    def noting(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if not (args and is_hidden(args[0]) and is_hidden(first)):
                return
            if args[0].shape == first.shape and first.shape[1] in lengths:
                found.append((name, module))

        return hook

    handles = [
        module.register_forward_hook(noting(name))
        for name, module in probe.model.named_modules()
        # The zero padding of a convolution makes tokens differ.
        if len(list(module.children())) > 1
        and not any(isinstance(m, MIXING_LAYERS) for m in module.modules())
    ]
    probe(probe.inputs)
    for handle in handles:
        handle.remove()
    return found[:_MOST_LAYERS]


def is_hidden(value: Any) -> bool:
    """Whether a value is (batch, tokens, hidden) with the batch size of the probe."""
    return (
        isinstance(value, torch.Tensor)
        and value.ndim == 3
        and value.is_floating_point()
        and value.shape[0] == ROWS
    )


def attending(case: ModelCase) -> list[Tokens]:
    """Returns the columns whose tokens attend to each other."""
    model, batch = case.model(training=True), case.batch()
    with AttentionWatch() as watch:
        outputs_of(model, batch)
    return [t for t in case.tokens if batch[t.ids].shape[1] in watch.lengths]


class AttentionWatch(TorchFunctionMode):
    """Records the lengths of sequences that attend to themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: set[int] = set()
        self.summed: list[int] = []
        """The dimensions over which scores, (batch, heads, T, T), are normalised."""
        self.is_twice = False
        """Whether a softmax is applied to the result of another one."""
        self._shares: dict[int, tuple[torch.Tensor, int]] = {}

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func is F.scaled_dot_product_attention:
            given = [*args, *(kwargs or {}).values()]
            if given[0].shape[-2] == given[1].shape[-2]:
                self.lengths.add(given[0].shape[-2])
        elif func is F.multi_head_attention_forward:
            if args[0].shape == args[1].shape:
                self.lengths.add(args[0].shape[0])  # (sequence, batch, hidden)
        elif func in _SOFTMAXES and len({1, *result.shape[-2:]}) == 2:
            self.lengths.add(result.shape[-1])
            self.is_twice |= id(args[0]) in self._shares
            if result.ndim == 4:
                dim = (kwargs or {}).get("dim", [*args, -1][1])
                self._shares[id(result)] = (result, dim % 4)
        elif func in _PRODUCTS and id(args[0]) in self._shares:
            self.summed.append(self._shares[id(args[0])][1])
        return result
