"""Which inputs of a model are targets: those that only its loss reads."""

import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn

USUAL_TARGETS = frozenset(("labels", "label"))
# A model that reads its mask in the loss alone has a bug, and no target.
_NEVER_TARGETS = re.compile(r"(attention_mask|_type_ids|position_ids|lengths)$")
_FEW = 4

Batch = Mapping[str, torch.Tensor]
_Outputs = dict[str, torch.Tensor]


def targets_of(model: nn.Module, batch: Batch) -> frozenset[str]:
    """Returns the columns of a batch that a model needs for its loss alone.

    These are `labels` and `label`, by their names, and others that forward can do
    without and that change the loss, but no prediction: labels under another name, or
    of a second task, and weights of the samples. To find them, the model is called
    with the first rows.

    Args:
        model: The model, in evaluation mode.
        batch: What forward takes, with the labels, (batch, ...) each.

    Returns:
        Their names; those of `labels` and `label` alone if the model fails.
    """
    usual = USUAL_TARGETS & batch.keys()
    needed = needed_arguments(model)
    optional = [name for name in batch if name not in needed]
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
    return (needed & USUAL_TARGETS) | _read_by_loss_alone(model, batch, needed)


def needed_arguments(model: nn.Module) -> frozenset[str]:
    """Returns the names of forward's arguments that have no default."""
    return frozenset(
        name
        for name, parameter in inspect.signature(model.forward).parameters.items()
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    )


def _read_by_loss_alone(
    model: nn.Module, batch: Batch, names: Iterable[str]
) -> frozenset[str]:
    """Returns which of these columns change the loss, and no prediction."""
    names = [
        name
        for name in names
        if name not in USUAL_TARGETS and not _NEVER_TARGETS.search(name)
    ]
    few = {name: column[:_FEW] for name, column in batch.items()}
    usual = _outputs(model, few) if names else None
    if usual is None or "loss" not in usual:
        return frozenset()
    found: set[str] = set()
    for name in names:
        others = _outputs(model, {**few, name: _moved(few[name])})
        if others is None or "loss" not in others:
            continue
        is_in_loss = not usual["loss"].equal(others["loss"])
        if is_in_loss and _predict_the_same(usual, others):
            found.add(name)
    return frozenset(found)


def _can_do_without(model: nn.Module, batch: Batch, names: Iterable[str]) -> bool:
    """Whether the model predicts the same without these columns."""
    few = {name: column[:_FEW] for name, column in batch.items()}
    left = {name: column for name, column in few.items() if name not in names}
    usual, others = _outputs(model, few), _outputs(model, left)
    return usual is not None and others is not None and _predict_the_same(usual, others)


def _outputs(model: nn.Module, batch: Batch) -> _Outputs | None:
    """Returns the tensors that the model returns by name; None if it fails."""
    try:
        # What it draws at random is the same in each call, and drawn again after them.
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            found: Any = model(**batch)
        return {k: v for k, v in found.items() if isinstance(v, torch.Tensor)}
    except Exception:  # Of the user's code, of any kind.
        return None


def _predict_the_same(ours: _Outputs, theirs: _Outputs) -> bool:
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
