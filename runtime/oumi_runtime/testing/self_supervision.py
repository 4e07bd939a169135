"""Recognizes models that learn from inputs alone: diffusion, autoencoders, masking.

Their loss needs no labels, and may draw noise or masks in evaluation, too.
"""

import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models.targets import tried_outputs
from oumi_runtime.testing.dropouts import DropoutCalls

_OF_PAIRS = "target_embeddings"
_TARGETS = ("label", "target")


def learns_from_inputs(model: nn.Module, batch: Mapping[str, torch.Tensor]) -> bool:
    """Whether forward names no labels, and returns the same loss without any.

    Args:
        model: The model, in evaluation mode.
        batch: What forward takes; `labels` among it are left out to compare.
    """
    if any(word in name for name in _arguments(model) for word in _TARGETS):
        return False
    inputs = {name: column for name, column in batch.items() if name != "labels"}
    without, with_labels = (tried_outputs(model, each) for each in (inputs, batch))
    if _OF_PAIRS in without or not {"loss"} <= without.keys() & with_labels.keys():
        return False
    return without["loss"].equal(with_labels["loss"])


def draws_in_evaluation(model: nn.Module, inputs: Mapping[str, torch.Tensor]) -> bool:
    """Whether forward draws random numbers in evaluation, apart from dropout.

    Args:
        model: The model, in evaluation mode.
        inputs: What forward takes.
    """
    with torch.no_grad(), torch.random.fork_rng(devices=[]), DropoutCalls() as dropouts:
        torch.manual_seed(0)
        state = torch.get_rng_state()
        model(**inputs)
        has_drawn = not torch.get_rng_state().equal(state)
    return has_drawn and not dropouts.found


def predicts_next_tokens(
    model: nn.Module, inputs: Mapping[str, torch.Tensor], ids: str
) -> bool:
    """Whether the loss is that of the next tokens, which forward shifts by itself.

    Args:
        model: The model, in evaluation mode.
        inputs: What forward takes, without padding.
        ids: The name of the token ids, (batch, sequence) int64.
    """
    tokens = inputs[ids]
    with torch.no_grad():
        outputs = model(**inputs)
    logits = outputs.get("logits")
    if logits is None or logits.ndim != 3 or logits.shape[:2] != tokens.shape:
        return False
    expected = F.cross_entropy(logits[:, :-1].flatten(0, 1), tokens[:, 1:].flatten())
    return torch.allclose(outputs["loss"], expected, rtol=1e-3)


def draw_the_same(model: nn.Module, args: Any) -> None:
    """Has each evaluation draw the same numbers: a hook to call before forward."""
    if not model.training:
        torch.manual_seed(0)


def _arguments(model: nn.Module) -> list[str]:
    return list(inspect.signature(model.forward).parameters)
