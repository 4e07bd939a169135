"""Models that learn in the few steps of a check, whatever their rate of dropout."""

from torch import nn

from oumi_runtime.core.models.layer_types import DROPOUTS

_MOST = 0.5


def with_little_dropout(model: nn.Module) -> nn.Module:
    """Lowers higher rates to a half, with which a small layer is rarely zero."""
    for module in model.modules():
        if isinstance(module, DROPOUTS):
            module.p = min(module.p, _MOST)
    return model
