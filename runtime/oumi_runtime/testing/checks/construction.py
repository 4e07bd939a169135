"""Checks that every argument of the constructor does something."""

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError
from oumi_runtime.testing.measuring import listing, outputs_of, perturbed
from oumi_runtime.testing.needs import arguments_of, constructor_arguments


@check(needs=[constructor_arguments])
def check_every_constructor_argument_has_an_effect(case: ModelCase) -> None:
    """Catches a constructor argument that is accepted but not used.

    For example `nn.Dropout(0.1)` where `nn.Dropout(dropout)` was meant: setting the
    argument in a config, or searching over it, then changes nothing.

    Models are built with another value of each number. The argument has an effect if
    the layers, their initialization or the output change, or if the constructor refuses
    the value.

    If it fails, look for a number that is hard-coded instead of the argument.
    """
    kwargs, batch = arguments_of(case), case.batch()
    usual = _fingerprint(case, kwargs, batch)
    idle: list[str] = []
    for name, value in kwargs.items():
        if not isinstance(value, int | float):
            continue
        others = list(_others(case, name, batch))
        if others and not any(other.differs(usual) for other in others):
            idle.append(name)
        broken = [other.error for other in others if other.error]
        if broken and len(broken) == len(others):
            raise CheckFailedError(
                f"with a {name} other than {value} the model can be built, but not run "
                f"({broken[0]}): is the number {value} hard-coded somewhere?"
            )
    if idle:
        raise CheckFailedError(
            f"{listing(idle)} of the constructor changes neither the layers nor the "
            "output: is a number hard-coded instead?"
        )


@dataclass(frozen=True)
class _Fingerprint:
    """The layers, weights and outputs of a model."""

    layers: str
    weights: dict[str, tuple[torch.Size, str]]
    """Shapes and hashes, as several models need not be in memory."""
    ties: int
    outputs: dict[str, torch.Tensor]
    error: str

    def differs(self, other: "_Fingerprint") -> bool:
        """Whether the two models differ in anything."""
        if (self.layers, self.ties) != (other.layers, other.ties):
            return True
        if self.weights != other.weights:
            return True
        return not _same(self.outputs, other.outputs)


def _others(case: ModelCase, name: str, batch: Batch) -> Iterator[_Fingerprint]:
    """Yields models for other values of an argument, except values it refuses."""
    arguments = arguments_of(case)
    usual = arguments[name]
    for value in _other_values(usual):
        kwargs = {**arguments, name: value}
        try:
            made = cast(BaseModel, case.make_model_class(**kwargs))
            recorded = made.init_kwargs
            del made
            found = _fingerprint(case, kwargs, batch)
            if found.error:
                # Another number of features, say, is for batches of that number.
                if _is_whole_size(usual, batch):
                    continue  # There are several ways to resize a picture to it.
                found = _fingerprint(case, kwargs, _resized(batch, usual, value))
        except Exception:  # Any error will do: the argument is not ignored.
            continue
        yield found
        if recorded != kwargs:
            raise CheckFailedError(
                f"a model made with {kwargs} is saved as one of {recorded}: "
                "does the constructor change what is recorded?"
            )


def _is_whole_size(value: Any, batch: Batch) -> bool:
    """Whether an argument is the number of values of a sample, such as its pixels."""
    return any(
        column.ndim > 2 and math.prod(column.shape[1:]) == value
        for column in batch.values()
    )


def _other_values(value: Any) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from (value + 1, value + 2, 2 * value, max(1, value // 2))
    elif value == 0:
        yield from (0.5, 0.1)
    elif 0 < value < 1:
        # The last leaves out all but certainly, where a share of whole layers is meant.
        yield from (value / 2, (1 + value) / 2, 0.999)
    else:
        yield from (value * 2, value + 1)


def _resized(batch: Batch, old: Any, new: Any) -> Batch:
    """Returns the batch with every dimension of size `old` changed to `new`."""
    resized = dict(batch)
    for name, column in batch.items():
        for axis in range(1, column.ndim):
            if column.shape[axis] == old:
                places = torch.arange(new) % old
                resized[name] = resized[name].index_select(axis, places)
    return resized


def _fingerprint(case: ModelCase, kwargs: dict[str, Any], batch: Batch) -> _Fingerprint:
    torch.manual_seed(0)
    model: nn.Module = case.make_model_class(**kwargs).train()
    tensors = {**model.state_dict(), **dict(model.named_buffers())}
    weights = {name: (value.shape, _hash(value)) for name, value in tensors.items()}
    del tensors
    torch.manual_seed(1)
    perturbed(model)
    torch.manual_seed(2)
    outputs: dict[str, torch.Tensor] = {}
    failure = ""
    try:
        with torch.no_grad():
            outputs = outputs_of(model, batch)
    except Exception as error:  # The batch need not fit the other model.
        failure = f"{type(error).__name__}: {' '.join(str(error).split())}"
    ties = len(list(model.parameters()))
    return _Fingerprint(str(model), weights, ties, outputs, failure)


def _hash(values: torch.Tensor) -> str:
    content = values.detach().cpu().reshape(-1).view(torch.uint8)
    return hashlib.blake2b(content.numpy().data).hexdigest()


def _same(left: dict[str, torch.Tensor], right: dict[str, torch.Tensor]) -> bool:
    return left.keys() == right.keys() and all(
        value.shape == right[name].shape and value.equal(right[name])
        for name, value in left.items()
    )
