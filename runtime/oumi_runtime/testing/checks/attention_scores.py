"""The scores of attention: what a softmax over the keys is taken of."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

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
    """Of a head: the number of products that a score is the sum of."""
    heads: int | None
    """Where they are (batch, heads, queries, keys)."""
    spread: float
    """The standard deviation among the keys of a query, on average."""


@torch.no_grad()
def scores_of(
    model: nn.Module, inputs: Batch, *, at_random: bool = False
) -> list[Scores]:
    """The scores of each call of attention, in order.

    Args:
        model: The model.
        inputs: What it is given.
        at_random: Whether every linear layer gives random numbers of size 1, so that
            it does not matter how its weights are drawn.
    """

    def draw(module: nn.Module, args: Any, output: torch.Tensor) -> torch.Tensor:
        return torch.randn_like(output)

    layers = [m for m in model.modules() if at_random and isinstance(m, nn.Linear)]
    handles = [layer.register_forward_hook(draw) for layer in layers]
    torch.manual_seed(0)
    watch = _ScoreWatch()
    try:
        with watch:
            outputs_of(model.eval(), inputs)
    finally:
        for handle in handles:
            handle.remove()
    return watch.found


class _ScoreWatch(TorchFunctionMode):
    """Notes the scores, of attention written out and of torch's."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Scores] = []
        self._width: dict[torch.Size, int] = {}
        """Of the latest product of each shape, the number of its summands."""

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        if func is F.scaled_dot_product_attention:
            query, key = [*args, *kwargs.values()][:2]
            scale = kwargs.get("scale") or query.shape[-1] ** -0.5
            if query.shape[:-2] == key.shape[:-2]:  # Else keys are for several heads.
                self._note(query @ key.transpose(-2, -1) * scale, query.shape[-1])
        elif func in _PRODUCTS and isinstance(args[0], torch.Tensor):
            self._width[result.shape] = args[0].shape[-1]
        elif func in _SOFTMAXES and result.ndim > 2 and result.shape in self._width:
            self._note(args[0], self._width[result.shape])
        return result

    def _note(self, scores: torch.Tensor, width: int) -> None:
        counted = scores > _EXCLUDED  # Written so that masks leave keys out.
        number = counted.sum(-1)
        kept = torch.where(counted, scores, 0)
        mean = kept.sum(-1, keepdim=True) / number.unsqueeze(-1).clamp(min=1)
        squares = torch.where(counted, (scores - mean).square(), 0).sum(-1)
        deviations = (squares / number.clamp(min=1)).sqrt()[number > 1]
        if deviations.numel():
            heads = scores.shape[1] if scores.ndim == 4 else None
            self.found.append(Scores(width, heads, deviations.mean().item()))
