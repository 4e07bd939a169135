"""Reads from a dataset which sizes a module has to have to be trained on it."""

from collections.abc import Iterator, Mapping
from itertools import chain, islice
from random import Random
from typing import Any, NamedTuple

import torch
from torch.utils.data import IterableDataset

from oumi_runtime.builders import build_dataset
from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping.source import told

_MOST_SAMPLES = 2000
_INPUTS = {"image": "images", "tabular": "features"}


class SampleSizes(NamedTuple):
    """The sizes of a dataset's samples, by the task's names, and what to say of them.

    A size that the samples do not tell is left out.
    """

    sizes: dict[str, int]
    notes: list[str]


def sizes_of_samples(name: str, task: str, what: str) -> SampleSizes:
    """Reads samples of a dataset's training split.

    Args:
        name: The name of the dataset.
        task: The task.
        what: The module that is to be trained on it, for errors.

    Raises:
        WrappingError: The samples are not what models of the task take.
    """
    try:
        dataset: Any = build_dataset(name, split="train")
        samples = _some_of(dataset)
        first = next(samples)
    except (Exception, SystemExit) as error:
        note = (
            f"{name!r} cannot be read without arguments ({told(error)}): give them in "
            "dataset_kwargs of the config, and its sizes with --set"
        )
        return SampleSizes({}, [note])
    sizes, notes = _sizes_of_input(name, task, first, what)
    if not task.endswith("classification"):
        return SampleSizes(sizes, notes)
    if (names := getattr(dataset, "label_names", None)) is not None:
        return SampleSizes({**sizes, "num_classes": len(names)}, notes)
    labels = [_labels_in(sample) for sample in chain([first], samples)]
    if count := _num_classes(set().union(*labels)):
        sizes["num_classes"] = count
        total = _length_of(dataset)
        if total != len(labels):
            of = "" if total is None else f" of its {total:,}"
            notes.append(
                f"num_classes={count} is that of {len(labels):,}{of} samples of "
                f"{name!r}: if others have more, say so with --set"
            )
    return SampleSizes(sizes, notes)


def _some_of(dataset: Any) -> Iterator[Any]:
    """Yields samples, from all parts of a dataset if it tells its length."""
    total = _length_of(dataset)
    if total is None or isinstance(dataset, IterableDataset):
        return islice(iter(dataset), _MOST_SAMPLES)
    # Every n-th one might always be of the same class.
    indices = Random(0).sample(range(total), min(total, _MOST_SAMPLES))
    return (dataset[index] for index in sorted(indices))


def _length_of(dataset: Any) -> int | None:
    try:
        return len(dataset)
    except TypeError:  # a stream
        return None


def _sizes_of_input(
    name: str, task: str, sample: Any, what: str
) -> tuple[dict[str, int], list[str]]:
    """Returns the sizes of what a model is given, and notes on them.

    Raises:
        WrappingError: It is not there, or of another shape or dtype.
    """
    field = next((f for part, f in _INPUTS.items() if task.startswith(part)), None)
    if not isinstance(sample, Mapping) or (field and field not in sample):
        fields = sample if isinstance(sample, Mapping) else [type(sample).__name__]
        found = ", ".join(map(str, fields))
        reason = f"a sample of {name!r} has {found}, and a model of {task} takes"
        wanted = f"{field or 'text'} and labels"
        raise WrappingError(what, f"{reason} {wanted}: return them in a dict")
    if field is None:
        return {}, []  # texts have any length
    value = torch.as_tensor(sample[field])
    shape = tuple(value.shape)
    said = f"the {field} of a sample of {name!r}"
    if field == "features" and len(shape) != 1:
        raise WrappingError(
            what,
            f"{said} have shape {shape}, and a model takes rows of numbers: let the "
            "dataset flatten them, and wrap a subclass that gives them their shape, "
            f"as in super().forward(features.unflatten(1, {shape}))",
        )
    if field == "images" and len(shape) != 3:
        reason = f"{said} have shape {shape}, and a model takes (channels, height,"
        raise WrappingError(what, f"{reason} width)")
    # Whole numbers become float32 where features are standardized.
    is_float = value.is_floating_point() or field == "images"
    if is_float and value.dtype is not torch.float32:
        dtype = str(value.dtype).removeprefix("torch.")
        wanted = "float32 in 0..1" if field == "images" else "float32"
        reason = f"{said} are {dtype}, and a model takes {wanted}"
        raise WrappingError(what, f"{reason}: convert them in the dataset")
    if field == "features":
        return {"num_features": shape[0]}, []
    channels, height, width = value.shape
    side = max(height, width)
    note = (
        f"{said} have {width}x{height} pixels, but the module is tried, and its tests "
        f"are run, with squares of {side}"
    )
    sizes = {"in_channels": channels, "image_size": side}
    return sizes, [] if height == width else [note]


def _labels_in(sample: Mapping[str, Any]) -> set[Any]:
    value = sample.get("labels", sample.get("label"))
    value = value.tolist() if hasattr(value, "tolist") else value
    return set(value if isinstance(value, list | tuple) else [value])


def _num_classes(labels: set[Any]) -> int | None:
    """Returns the number of classes; None if the labels are no classes."""
    if all(isinstance(each, str) for each in labels):
        return len(labels)
    numbers = [each for each in labels if isinstance(each, int)]
    return max(max(numbers) + 1, 0) if len(numbers) == len(labels) else None
