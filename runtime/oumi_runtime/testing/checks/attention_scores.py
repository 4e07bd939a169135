"""Records attention scores: the values of which a softmax over the keys is taken."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from oumi_runtime.core.models.layer_types import EMBEDDINGS
from oumi_runtime.testing.case import Batch
from oumi_runtime.testing.measuring import outputs_of

_SOFTMAXES = (F.softmax, torch.softmax, torch.Tensor.softmax)
_PRODUCTS = (
    torch.matmul,
    torch.bmm,
    torch.Tensor.matmul,
    torch.Tensor.__matmul__,
    torch.Tensor.bmm,
)
_EXCLUDED = -1e4


@dataclass(frozen=True)
class Scores:
    """The scores of one call of attention."""

    width: int
    """The width of a head."""
    heads: int | None
    """None unless the scores are (batch, heads, queries, keys)."""
    spread: float
    """The standard deviation over the keys, averaged over the queries."""


@dataclass(frozen=True)
class Attended:
    """The inputs of one call of attention."""

    query: torch.Tensor
    """(..., queries, width)"""
    key: torch.Tensor
    """(..., keys, width)"""
    scores: torch.Tensor
    """Including bias and mask, (..., queries, keys)."""


def attended_by(run: Callable[[], object]) -> list[Attended]:
    """Returns the inputs of each call of attention while a function runs."""
    watch = _ScoreWatch()
    with watch:
        run()
    return watch.attended


@torch.no_grad()
def scores_of(
    model: nn.Module, inputs: Batch, *, at_random: bool = False
) -> list[Scores]:
    """Summarizes the scores of each call of attention, in order.

    Args:
        model: The model.
        inputs: Its inputs.
        at_random: Whether to replace the outputs of linear layers by standard normal
            numbers, so that the initialization does not matter. The scores are then
            differences between two such runs, in which an added bias cancels out.
    """

    def draw(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
        return torch.randn_like(output)

    layers = [m for m in model.eval().modules() if _is_projection(m)]
    handles = [layer.register_forward_hook(draw) for layer in layers if at_random]
    torch.manual_seed(0)
    try:
        found = attended_by(lambda: outputs_of(model, inputs))
        others = attended_by(lambda: outputs_of(model, inputs)) if at_random else found
    finally:
        for handle in handles:
            handle.remove()
    summaries: list[Scores] = []
    for one, other in zip(found, others, strict=True):
        counted = (one.scores > _EXCLUDED) & (other.scores > _EXCLUDED)
        both = (one.scores - other.scores) / 2**0.5 if at_random else one.scores
        spread = _spread(both, counted)
        if spread is not None:
            heads = both.shape[1] if both.ndim == 4 else None
            summaries.append(Scores(one.query.shape[-1], heads, spread))
    return summaries


def _is_projection(module: nn.Module) -> bool:
    """Whether it is a linear layer, of torch or of a class like GPT-2's.

    A module that has others within it may have a matrix, too, but is more than that.
    """
    weight = getattr(module, "weight", None)
    is_matrix = isinstance(weight, torch.Tensor) and weight.ndim == 2
    is_table = isinstance(module, EMBEDDINGS)
    return is_matrix and not is_table and not any(module.children())


def _spread(scores: torch.Tensor, counted: torch.Tensor) -> float | None:
    """Returns the standard deviation over unmasked keys, averaged over the queries."""
    number = counted.sum(-1)
    kept = torch.where(counted, scores, 0)
    mean = kept.sum(-1, keepdim=True) / number.unsqueeze(-1).clamp(min=1)
    squares = torch.where(counted, (scores - mean).square(), 0).sum(-1)
    deviations = (squares / number.clamp(min=1)).sqrt()[number > 1]
    return deviations.mean().item() if deviations.numel() else None


def _factors_of(args: Any) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Returns the factors of an einsum of queries and keys, as for a matrix product.

    Returns:
        (..., queries, width) and (..., width, keys); None for any other einsum.
    """
    equation = args[0].replace(" ", "") if isinstance(args[0], str) else ""
    operands = args[1] if isinstance(args[1], list | tuple) else args[1:]
    match = re.fullmatch(r"(\w+),(\w+)->(\w+)(\w)(\w)", equation)
    if match is None or len(operands) != 2:
        return None
    given, (batch, row, at) = list(match.groups()[:2]), match.groups()[2:]
    summed = {*given[0]} & {*given[1]} - {*batch}
    if row not in given[0]:
        given, operands = given[::-1], operands[::-1]
    wanted = f"{batch}{row}{{0}}", f"{batch}{{0}}{at}"
    if len(summed) != 1:
        return None
    names = [each.format(*summed) for each in wanted]
    if any(sorted(a) != sorted(b) for a, b in zip(given, names, strict=True)):
        return None
    query, key = (
        each.permute([name.index(letter) for letter in order])
        for each, name, order in zip(operands, given, names, strict=True)
    )
    return query, key


class _ScoreWatch(TorchFunctionMode):
    """Records calls of attention, both torch's own and written out."""

    def __init__(self) -> None:
        super().__init__()
        self.attended: list[Attended] = []
        self._factors: dict[torch.Size, tuple[torch.Tensor, torch.Tensor]] = {}
        """The factors of the latest product of each shape."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            query, key = [*args, *kwargs.values()][:2]
            scale = kwargs.get("scale") or query.shape[-1] ** -0.5
            if query.shape[:-2] == key.shape[:-2]:  # No shared keys.
                scores = query @ key.transpose(-2, -1) * scale
                mask = kwargs.get("attn_mask", args[3] if len(args) > 3 else None)
                if mask is not None and mask.dtype is torch.bool:
                    scores = scores.masked_fill(~mask, -torch.inf)
                elif mask is not None:
                    scores = scores + mask
                self.attended.append(Attended(query, key, scores))
        elif func in _PRODUCTS and isinstance(args[0], torch.Tensor):
            self._factors[result.shape] = (args[0], args[1])
        elif func is torch.einsum and (factors := _factors_of(args)) is not None:
            self._factors[result.shape] = factors
        elif func in _SOFTMAXES and result.ndim > 2 and result.shape in self._factors:
            query, key = self._factors[result.shape]
            self.attended.append(Attended(query, key.transpose(-2, -1), args[0]))
        return result
