"""Checks of scaling before the first layer and after the last."""

import re
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import Probe
from oumi_runtime.testing.needs import class_labels, numbers

_SMALLEST, _LARGEST = 0.05, 20.0
_LEAST_CHANGE = 10.0
_LAYERS = (nn.Linear, *CONVOLUTIONS)
_PRODUCTS = (
    F.linear,
    torch.matmul,
    torch.Tensor.matmul,
    torch.Tensor.__matmul__,
)
_FACTORS = re.compile(r"scal|temp|tau|mult|alpha|factor")


@check(needs=[numbers])
def check_first_layer_gets_numbers_of_a_fair_size(case: ModelCase) -> None:
    """Catches pixels or features that the model scales far too small, or too large.

    For example `images / 255` with pixels that are in 0..1 already: the first layer
    then returns little more than its bias, and all images look alike.

    If it fails, look at what happens to the inputs before the named layer; or give the
    test's batch the same range as the dataset's.
    """
    if case.tokens or len(case.numbers) != 1:
        raise NotApplicableError("there is not one column of numbers alone")
    model, inputs = case.model(), case.inputs(16)
    (name,) = case.numbers
    given = inputs[name].square().mean().sqrt().item()
    found: list[tuple[str, float]] = []

    def noting(layer: str) -> Any:
        return lambda module, args: found.append(
            (layer, args[0].detach().square().mean().sqrt().item())
        )

    for path, module in model.named_modules():
        if isinstance(module, _LAYERS):
            module.register_forward_pre_hook(noting(path))
    with torch.no_grad():
        model(**inputs)
    if not found:
        raise NotApplicableError("no layer is called")
    layer, size = found[0]
    is_small = size < _SMALLEST and size * _LEAST_CHANGE < given
    if is_small or (size > _LARGEST and size > given * _LEAST_CHANGE):
        raise CheckFailedError(
            f"{name} have a magnitude of {given:.2g}, but of {size:.2g} when they "
            f"reach {layer}: are they scaled although the dataset has scaled them?"
        )


@check(needs=[class_labels])
def check_logits_are_not_multiplied(case: ModelCase) -> None:
    """Catches logits that are multiplied, or divided, by a constant.

    For example `logits / 10`, or `/ vocab_size`: a fresh model guesses as it should,
    but learns that much more slowly. Dividing by the width, or by its root, is allowed,
    and so are models with a temperature or scale among their arguments or weights, and
    models that compute cosines.

    If it fails, return the last layer's output; or make the factor an argument that is
    named as a scale.
    """
    probe = Probe(case)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    if _has_a_factor(probe.model):
        raise NotApplicableError("the model has a scale of its own")
    with _Products() as products:
        logits = probe(probe.inputs)
    for product, given in products.found:
        if product.shape != logits.shape or not product.all():
            continue
        factors = logits / product
        factor = factors.flatten()[0].item()
        if not torch.allclose(factors, torch.full_like(factors, factor), rtol=1e-6):
            continue
        width, length = given.shape[-1], given.norm(dim=-1)
        usual = (1.0, width**-0.5, 1 / width)
        is_cosine = torch.allclose(length, torch.ones_like(length), rtol=1e-4)
        if not is_cosine and all(abs(factor / u - 1) > 1e-6 for u in usual):
            raise CheckFailedError(
                f"the logits are {factor:.4g} times the output of the last layer, and "
                "no argument sets this: are they multiplied or divided by a constant?"
            )


def _has_a_factor(model: nn.Module) -> bool:
    """Whether an argument is a factor by its name, or a weight is a single number."""
    arguments: dict[str, Any] = (
        model.init_kwargs if isinstance(model, BaseModel) else {}
    )
    return any(_FACTORS.search(name) for name in arguments) or any(
        value.numel() == 1 for value in [*model.parameters(), *model.buffers()]
    )


class _Products(TorchFunctionMode):
    """Records matrix products, each with its first factor."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[torch.Tensor, torch.Tensor]] = []

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        if func in _PRODUCTS and isinstance(args[0], torch.Tensor):
            self.found.append((result.detach(), args[0].detach()))
        return result
