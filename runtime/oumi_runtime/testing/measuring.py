"""Runs and compares models for the checks; failures say where to look."""

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import EMBEDDINGS
from oumi_runtime.core.models.operator_mode import OperatorMode
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError

_LARGEST_TOLERANCE = 0.05
_CONVERSION: Any = torch.ops.aten._to_copy.default  # noqa: SLF001
# `A_log`, `log_std`, `logit_scale`: the exponential of 30 times as much is infinite.
_LOGARITHM = re.compile(r"(^|[._])log(it_scale|_|\.|$)", re.IGNORECASE)
_EMBEDDINGS = ("embeddings", "target_embeddings")
_LABELS = "labels"
_NOT_THE_MODELS = {*vars(nn.Module()), "_init_kwargs"}


def outputs_of(model: nn.Module, inputs: Batch) -> dict[str, torch.Tensor]:
    """Returns the dict that forward returns, without outputs that are None."""
    outputs = model(**inputs)
    if not isinstance(outputs, dict):
        raise CheckFailedError(
            f"forward returns a {type(outputs).__name__}, but must return a dict"
        )
    return {name: value for name, value in outputs.items() if value is not None}


def output_name(outputs: dict[str, torch.Tensor]) -> str:
    """Returns the name of the main output: `logits`, or else the first numeric one.

    Raises:
        CheckFailedError: There is none.
        NotApplicableError: There is none, but a loss.
    """
    if "logits" in outputs:
        return "logits"
    for name, value in outputs.items():
        if name != "loss" and isinstance(value, torch.Tensor) and value.ndim:
            return name
    if "loss" in outputs:
        raise NotApplicableError("the model returns only a loss")
    raise CheckFailedError("forward returns no 'logits' in its dict")


def main_output(outputs: dict[str, torch.Tensor], inputs: Batch) -> torch.Tensor:
    """Returns the main output of given inputs, (batch, ...).

    Of a model with an encoder for each of two inputs, such as texts and images, these
    are both embeddings, joined, since neither depends on all inputs.
    """
    name = output_name(outputs)
    if name == _EMBEDDINGS[0] and _LABELS not in inputs and _EMBEDDINGS[1] in outputs:
        return torch.cat([outputs[each] for each in _EMBEDDINGS], dim=-1)
    return outputs[name]


def logits_of(model: nn.Module, inputs: Batch) -> torch.Tensor:
    """Returns the main output, computed without gradients."""
    with torch.no_grad():
        outputs = outputs_of(model, inputs)
    output = main_output(outputs, inputs)
    if output.isnan().any():
        raise CheckFailedError(
            f"the {output_name(outputs)} contain NaN: is a weight not initialised, or "
            "something divided by zero?"
        )
    return output


def result_of(model: nn.Module, inputs: Batch) -> torch.Tensor:
    """Returns the main output, or the loss of a model that returns nothing else.

    It is computed without gradients.
    """
    with torch.no_grad():
        return main_output_or_loss(outputs_of(model, inputs), inputs)


def main_output_or_loss(
    outputs: dict[str, torch.Tensor], inputs: Batch
) -> torch.Tensor:
    """Returns the main output of given inputs, or the loss if there is nothing else."""
    try:
        return main_output(outputs, inputs)
    except NotApplicableError:
        return outputs["loss"]


def loss_of(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Returns the loss, after checking that it is one finite number."""
    loss = outputs_of(model, batch).get("loss")
    if loss is None:
        given = "labels" if "labels" in batch else ", ".join(batch)
        raise CheckFailedError(f"forward received {given}, but returns no 'loss'")
    if loss.shape != ():
        raise CheckFailedError(
            f"the loss has the shape {tuple(loss.shape)}, but must be a scalar: does "
            "the criterion reduce it to a mean?"
        )
    if not loss.isfinite():
        raise CheckFailedError(
            f"the loss is {loss.item()}: is a weight not initialised, or is there a "
            "logarithm of zero?"
        )
    return loss


def terms_of(outputs: dict[str, torch.Tensor]) -> list[str]:
    """Returns the names of the terms that a loss has, such as `aux_loss`.

    These are the outputs that are single numbers, apart from the loss itself.
    """
    return [
        name
        for name, value in outputs.items()
        if name != "loss" and value.ndim == 0 and value.is_floating_point()
    ]


def require_no_terms(model: nn.Module, batch: Batch) -> None:
    """Raises where a loss may differ, since some of its terms are of whole batches.

    Raises:
        NotApplicableError: The loss has terms that are outputs of their own.
    """
    terms = terms_of(outputs_of(model, batch))
    if terms:
        raise NotApplicableError(f"the loss has terms of its own: {listing(terms)}")


def compute_gradients(loss: torch.Tensor) -> None:
    """Runs backward."""
    if not loss.requires_grad:
        raise CheckFailedError(
            "the loss has no gradient: is it detached, or computed under no_grad?"
        )
    loss.backward()  # type: ignore[no-untyped-call]


@torch.no_grad()
def perturbed(model: nn.Module, scale: float = 0.02) -> nn.Module:
    """Perturbs every weight a little, since weights of zero can hide mistakes.

    The embedding of padding stays as it is, as in training.
    """
    tables = [module for module in model.modules() if isinstance(module, EMBEDDINGS)]
    padding = {
        table: table.weight[table.padding_idx].clone()
        for table in tables
        if table.padding_idx is not None
    }
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.add_(torch.randn_like(parameter), alpha=scale)
    for table, row in padding.items():
        table.weight[table.padding_idx] = row
    return model


@torch.no_grad()
def set_buffers(model: nn.Module, values: dict[str, torch.Tensor]) -> None:
    """Puts buffers back to what they were."""
    for name, value in values.items():
        model.get_buffer(name).copy_(value)


def is_logarithm(name: str) -> bool:
    """Whether a parameter is a logarithm, by its name."""
    return _LOGARITHM.search(name) is not None


@torch.no_grad()
def enlarged(model: nn.Module, factor: float, *, least_ndim: int = 0) -> nn.Module:
    """Multiplies every weight by a factor, except those that are logarithms."""
    for name, parameter in model.named_parameters():
        if parameter.is_floating_point() and not is_logarithm(name):
            parameter.mul_(factor if parameter.ndim >= least_ndim else 1)
    return model


def require_equal(left: torch.Tensor, right: torch.Tensor, message: str) -> None:
    """Fails with the message if two outputs differ by more than rounding errors."""
    if left.shape != right.shape:
        shapes = f"{tuple(left.shape)} and {tuple(right.shape)}"
        raise CheckFailedError(f"{message} (shapes {shapes})")
    if not left.numel():
        return
    if not (left.is_floating_point() or left.is_complex()):
        if not left.equal(right):  # Counts and masks: no rounding.
            raise CheckFailedError(message)
        return
    difference = torch.where(left == right, 0, left - right).abs().max().item()
    # Written so that NaN fails.
    if not difference <= tolerance(left):
        raise CheckFailedError(f"{message} (largest difference {difference:.3g})")


def tolerance(values: torch.Tensor) -> float:
    """Returns how much two computations of the same values may differ.

    In float64 this allows for a norm that is computed in float32 on purpose.
    """
    share = {torch.float64: 1e-5}.get(
        values.dtype, min(_LARGEST_TOLERANCE, 1000 * torch.finfo(values.dtype).eps)
    )
    finite = values[values.isfinite()]
    scale = finite.abs().max().item() if finite.numel() else 0.0
    return share * scale + (1e-9 if values.dtype is torch.float64 else 1e-6)


class Probe:
    """A model in evaluation mode for comparing outputs, in float64 if possible.

    In float64 a real difference is far larger than rounding errors.
    """

    def __init__(self, case: ModelCase, batch_size: int = 4, seed: int = 0) -> None:
        """Makes the model and the inputs."""
        self.inputs = case.inputs(batch_size, seed + 1)
        self.model = perturbed(case.model(seed=seed)).double()
        self.is_double = True
        self._is_single_inside = False
        try:
            with _CastsWatch() as casts:
                self(self.inputs)
            self._is_single_inside = casts.found
        except (RuntimeError, TypeError):
            self.is_double = False
            self.model = perturbed(case.model(seed=seed))

    def __call__(self, inputs: Batch) -> torch.Tensor:
        """Returns the main output, (batch, ...)."""
        return logits_of(self.model, in_double(inputs) if self.is_double else inputs)

    def differs(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        """Returns where two outputs differ, (batch, ...) bool."""
        if left.shape != right.shape:
            return torch.ones(left.shape[:2], dtype=torch.bool)
        gap = torch.where(left == right, 0, left - right).abs()
        if self.is_double:
            scale = left[left.isfinite()].abs().max().item() if left.numel() else 0.0
            # An FFT in float32 gives rounding errors to all positions.
            return gap > (1e-6 if self._is_single_inside else 1e-10) * scale
        return gap > tolerance(left)


class _CastsWatch(OperatorMode):
    """Watches whether numbers in float64 are converted to fewer bits."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False

    def run(self, operator: Any, args: Any, kwargs: Any) -> Any:
        returned = super().run(operator, args, kwargs)
        if operator is _CONVERSION:
            is_less = returned.is_floating_point() and returned.itemsize < 8
            self.found |= is_less and args[0].dtype is torch.float64
        return returned


def in_double(batch: Batch) -> Batch:
    """Returns the batch with its numbers in float64."""
    return {k: v.double() if v.is_floating_point() else v for k, v in batch.items()}


def other_tokens(ids: torch.Tensor, turn: int = 1) -> torch.Tensor:
    """Replaces each id with another one from the batch, if there is another."""
    known = torch.unique(ids)
    others: torch.Tensor = known[(torch.searchsorted(known, ids) + turn) % len(known)]
    return others


def strays(model: nn.Module, kind: type | tuple[type, ...]) -> list[str]:
    """Names objects that a module stores in plain attributes, lists or dicts.

    Such layers are neither trained nor saved, and such tensors do not move with the
    model. Layers without parameters are left out.

    Args:
        model: The model.
        kind: The type to look for: `nn.Module`, `nn.Parameter`, `torch.Tensor`.
    """
    known = {id(x) for x in [*model.modules(), *model.parameters(), *model.buffers()]}
    return [
        f"{module_name}.{name}".lstrip(".")
        for module_name, module in model.named_modules()
        for attribute, value in vars(module).items()
        if attribute not in _NOT_THE_MODELS
        for name, part in _parts(attribute, value)
        if isinstance(part, kind) and id(part) not in known and _is_trained(part)
    ]


def listing(names: list[str]) -> str:
    """Returns the names on one line, or the first few of many."""
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more


def _is_trained(part: Any) -> bool:
    return not isinstance(part, nn.Module) or any(
        parameter.requires_grad for parameter in part.parameters()
    )


def _parts(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yields a value or, of a list or dict, its items, each with its name."""
    yield name, value
    if isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from _parts(f"{name}[{index}]", part)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from _parts(f"{name}[{key!r}]", part)
