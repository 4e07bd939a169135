"""Which inputs of a model are targets: those that only its loss reads."""

import inspect
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import nn

USUAL_TARGETS = frozenset(("labels", "label"))
# A model that reads its mask in the loss alone has a bug, and no target.
_NEVER_TARGETS = re.compile(r"(attention_mask|_type_ids|position_ids|lengths)$")
_FEW = 4
# Of None, of a loss that is not in the outputs yet, and of one without a value.
_MISSING = (TypeError, AttributeError, KeyError, NameError)

Batch = Mapping[str, torch.Tensor]
Outputs = dict[str, torch.Tensor]


def targets_of(model: nn.Module, batch: Batch) -> frozenset[str]:
    """Returns the columns of a batch that a model needs for its loss alone.

    These are `labels` and `label`, by their names, and others that forward can do
    without and that change the loss, but no prediction: labels under another name, or
    of a second task, and weights of the samples. To find them, the model is called
    with the first rows.

    Args:
        model: The model, in evaluation mode.
        batch: What forward takes, (batch, ...) each. Of labels that are not all there,
            those are found that forward cannot take without the others.

    Returns:
        Their names; those of `labels` and `label` alone if the model fails.
    """
    usual = USUAL_TARGETS & batch.keys()
    optional = [
        name
        for name in _optional_arguments(model, batch)
        if name not in usual and not _NEVER_TARGETS.search(name)
    ]
    lone = _needing_others(model, batch, optional)
    if lone:
        return usual | lone
    further = _read_by_loss_alone(model, batch, optional)
    if not further or _can_do_without(model, batch, usual | further):
        return usual | further
    return usual | {name for name in further if _can_do_without(model, batch, {name})}


def needed_targets(model: nn.Module, batch: Batch) -> frozenset[str]:
    """Returns the columns that only the loss reads, but forward cannot be without.

    Args:
        model: The model, in evaluation mode.
        batch: What forward takes, with the labels.
    """
    needed = needed_arguments(model) & batch.keys()
    usual = needed & USUAL_TARGETS
    return usual | _read_by_loss_alone(model, batch, needed - usual)


def _optional_arguments(model: nn.Module, batch: Batch) -> list[str]:
    parameters = inspect.signature(model.forward).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters.values())
    taken = [name for name in batch if takes_any or name in parameters]
    needed = needed_arguments(model)
    return [name for name in taken if name not in needed]


def needed_arguments(model: nn.Module) -> frozenset[str]:
    """Returns the names of forward's arguments that have no default."""
    return frozenset(
        name
        for name, parameter in inspect.signature(model.forward).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )


def _needing_others(
    model: nn.Module, batch: Batch, names: Sequence[str]
) -> frozenset[str]:
    """Returns which of these columns forward cannot take, since others are not there.

    They are labels of a second task, if those of the first are not there.
    """
    few = _first_rows(batch)
    least = {name: column for name, column in few.items() if name not in names}
    if not names or not _misses_some(model, few) or _misses_some(model, least):
        return frozenset()
    return frozenset(
        name for name in names if _misses_some(model, {**least, name: few[name]})
    )


def _misses_some(model: nn.Module, batch: Batch) -> bool:
    """Whether forward fails as it does without a value that it goes on with.

    Values and shapes that do not fit raise other errors.
    """
    return isinstance(_called(model, batch), _MISSING)


def _read_by_loss_alone(
    model: nn.Module, batch: Batch, names: Iterable[str]
) -> frozenset[str]:
    """Returns which of these columns change the loss, and no prediction."""
    few = _first_rows(batch)
    usual = tried_outputs(model, few) if names else {}
    found: set[str] = set()
    for name in names if "loss" in usual else ():
        others = tried_outputs(model, {**few, name: _moved(few[name])})
        is_in_loss = "loss" in others and not usual["loss"].equal(others["loss"])
        if is_in_loss and _predict_the_same(usual, others):
            found.add(name)
    return frozenset(found)


def _can_do_without(model: nn.Module, batch: Batch, names: Iterable[str]) -> bool:
    """Whether the model predicts the same without these columns."""
    few = _first_rows(batch)
    left = {name: column for name, column in few.items() if name not in names}
    return _predict_the_same(tried_outputs(model, few), tried_outputs(model, left))


def _first_rows(batch: Batch) -> Outputs:
    return {name: column[:_FEW] for name, column in batch.items()}


def tried_outputs(model: nn.Module, batch: Batch) -> Outputs:
    """Returns the tensors that the model returns by name; none if it fails."""
    found = _called(model, batch)
    if not hasattr(found, "items"):
        return {}
    return {k: v for k, v in found.items() if isinstance(v, torch.Tensor)}


def _called(model: nn.Module, batch: Batch) -> Any:
    """Returns what forward returns, or the error that it raises."""
    try:
        # What it draws at random is the same in each call, and drawn again after them.
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            return model(**batch)
    except Exception as error:  # Of the user's code, of any kind.
        return error


def _predict_the_same(ours: Outputs, theirs: Outputs) -> bool:
    """Whether there are predictions, apart from losses, and all of them are equal."""
    names = [k for k, v in ours.items() if v.ndim > 0 and "loss" not in k]
    return bool(names) and all(k in theirs and ours[k].equal(theirs[k]) for k in names)


def _moved(column: torch.Tensor) -> torch.Tensor:
    """Returns other values of the same range: classes 0 and 1, or numbers."""
    if column.dtype is torch.bool:
        return ~column
    if column.is_floating_point():  # Of shares and probabilities, the others.
        return 1 - column
    return (column == 0).to(column.dtype)
