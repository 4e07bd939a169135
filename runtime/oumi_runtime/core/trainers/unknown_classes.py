"""Finds labels of the data that are none of a model's classes, and their rows."""

import re
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils.data import Dataset

from oumi_runtime.core.datasets.in_memory.columns import ColumnDataset, RaggedColumn
from oumi_runtime.core.trainers.misfits import size_of
from oumi_runtime.exceptions import UnknownClassError

# What torch's losses say of a class that is out of range.
_BAD_TARGET = re.compile(r"Target (-?\d+) is out of bounds")


def class_misfit(model: nn.Module, error: Exception) -> UnknownClassError | None:
    """Returns the error that says of which label a loss complains; None if of none."""
    found = _BAD_TARGET.match(str(error)) if isinstance(error, IndexError) else None
    return None if found is None else _misfit(model, int(found[1]))


def unknown_class(model: nn.Module, dataset: Dataset[Any]) -> UnknownClassError | None:
    """Returns what a loss would complain of; None if nothing is known to be wrong.

    Args:
        model: The model; nothing is known of one without the argument `num_classes`.
        dataset: The data. Negative labels are for losses to ignore.
    """
    number = size_of(model, "num_classes")
    labels = _labels_of(dataset)
    # One class is the single output of a model that tells two apart.
    if number is None or number < 2 or labels is None or labels.is_floating_point():
        return None
    highest = int(labels.max()) if labels.numel() else 0
    if highest < number:
        return None
    misfit = _misfit(model, highest)
    return UnknownClassError(highest, misfit.reason, _first_with(dataset, highest))


@contextmanager
def naming_the_row(dataset: Dataset[Any]) -> Generator[None]:
    """Says in which row a label is that a loss complains of, where that is known."""
    try:
        yield
    except UnknownClassError as error:
        where = error.where or _first_with(dataset, error.label)
        raise UnknownClassError(error.label, error.reason, where) from error


def _first_with(dataset: Dataset[Any], label: int) -> str | None:
    """Describes the first sample with a label; None if it is not known which it is."""
    labels = _labels_of(dataset)
    if labels is None or not isinstance(dataset, ColumnDataset):
        return None
    places = (labels == label).nonzero()
    if dataset.origin is None or len(places) == 0:
        return None
    sample, column = int(places[0][0]), dataset.columns["labels"]
    if isinstance(column, RaggedColumn):
        sample = int(torch.searchsorted(column.lengths.cumsum(0), sample, right=True))
    return dataset.origin.describe(sample)


def _labels_of(dataset: Dataset[Any]) -> torch.Tensor | None:
    """Returns all labels of data in memory; of sequences, end to end."""
    if not isinstance(dataset, ColumnDataset):
        return None
    labels = dataset.columns.get("labels")
    return labels.values if isinstance(labels, RaggedColumn) else labels


def _misfit(model: nn.Module, label: int) -> UnknownClassError:
    number = size_of(model, "num_classes")
    which = "the classes" if number is None else f"the {number} classes"
    places = "" if number is None else f", 0 to {number - 1}"
    return UnknownClassError(
        label,
        f"the label {label} is none of {which} of {type(model).__name__}{places}; "
        "set their number in model.model_kwargs to that of the data, or correct the "
        "label",
    )
