"""Finds what drops units out in a model: layers of torch's, and calls in forward."""

from typing import Any

from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from oumi_runtime.core.models.layer_types import DROPOUTS


def share_left_out(module: nn.Module) -> float:
    """Returns the dropout probability of a torch layer; 0 if it is another layer."""
    if isinstance(module, DROPOUTS):
        return float(module.p)
    is_layer = isinstance(module, nn.RNNBase | nn.MultiheadAttention)
    return float(module.dropout) if is_layer else 0.0  # type: ignore[arg-type]


class DropoutCalls(TorchFunctionMode):
    """Records calls of dropout functions, with their probabilities."""

    def __init__(self) -> None:
        """Starts without a call."""
        super().__init__()
        self.found: list[tuple[str, float]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Records the call, and makes it."""
        kwargs = kwargs or {}
        if func is F.dropout and kwargs.get("training", True):
            self._note("F.dropout", [*args[1:2], kwargs.get("p", 0.5)][0])
        elif func is F.scaled_dot_product_attention:
            self._note("attention", [*args[4:5], kwargs.get("dropout_p", 0.0)][0])
        return func(*args, **kwargs)

    def _note(self, name: str, share: float) -> None:
        if share:
            self.found.append((name, share))
