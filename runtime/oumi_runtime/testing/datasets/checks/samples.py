"""Checks of what the samples hold."""

from collections.abc import Iterator, Mapping
from typing import Any

import torch

from oumi_runtime.builders.data.own_texts import (
    holds_texts,
    mistake_in_texts,
    unusable_field,
)
from oumi_runtime.core.datasets import ColumnDataset, RowCollator, TextColumns
from oumi_runtime.testing.datasets.case import DatasetCase
from oumi_runtime.testing.datasets.comparing import (
    digest,
    form_of,
    shown,
    tensors_of,
)
from oumi_runtime.testing.datasets.needs import class_labels
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError

_LABELS = ("labels", "label")


@check()
def check_samples_have_the_same_fields(case: DatasetCase) -> None:
    """Catches samples that differ in their fields, dtypes or number of dimensions.

    For example a label that is missing in some rows, or an integer in most rows and a
    float in some: a batch would fail, or have another dtype than the one before it.

    If it fails, give a field one dtype in `transform`, as in
    `torch.tensor(value, dtype=torch.float32)`.
    """
    first: Mapping[str, Any] | None = None
    for number, sample in enumerate(case.many_samples):
        if not isinstance(sample, Mapping):
            raise CheckFailedError(
                f"a sample is a {type(sample).__name__}: return a dict of what the "
                "model's forward takes, such as {'images': image, 'labels': label}"
            )
        first = sample if first is None else first
        if sample.keys() != first.keys():
            raise CheckFailedError(
                f"the sample looked at as number {number} has {', '.join(sample)}, "
                f"others have {', '.join(first)}"
            )
        for name, value in sample.items():
            if value is None and first[name] is None:
                raise CheckFailedError(f"{name!r} is None: leave it out of the samples")
            if value is None or form_of(value) != form_of(first[name]):
                raise CheckFailedError(
                    f"{name!r} is {form_of(first[name])} in most samples, but "
                    f"{form_of(value)} in others: {shown(value)}"
                )
    if first is None:
        raise CheckFailedError(f"the split {case.splits[0]!r} has no samples")


@check()
def check_samples_fit_into_a_batch(case: DatasetCase) -> None:
    """Catches samples that cannot be put into one batch.

    For example images of different sizes, or a text beside other fields. Sequences of
    different lengths are padded; anything else must be of one shape.

    If it fails, resize in `transform`, or name a collator in the config.
    """
    if case.collate is None and (isinstance(case.dataset, TextColumns)):
        return
    if case.collate is None and case.are_texts:
        bad = [sample for sample in case.many_samples if not holds_texts(sample)]
        if bad:
            raise CheckFailedError(f"most samples are texts, but not {shown(bad[0])}")
        mistake = unusable_field(case.many_samples[0])
        if mistake := mistake or mistake_in_texts(case.many_samples):
            raise CheckFailedError(mistake)
        return
    if case.collate is None and (mistake := unusable_field(case.samples[0])):
        raise CheckFailedError(mistake)
    collate = RowCollator(case.dataset, case.collate)
    batch = collate.batch_of(list(enumerate(case.samples)))
    for name, column in batch.items():
        if len(column) != len(case.samples):
            raise CheckFailedError(
                f"a batch of {len(case.samples)} samples has {len(column)} of {name!r}"
            )


@check()
def check_numbers_are_finite(case: DatasetCase) -> None:
    """Catches missing values and overflows: NaN and infinity.

    For example an empty cell of a table, the logarithm of zero, or a division by the
    standard deviation of a column that is constant. One such number makes every weight
    NaN.

    If it fails, fill in or leave out the value in `transform`.
    """
    if isinstance(case.dataset, ColumnDataset):
        columns = case.dataset.table_columns or ()
        if not all(column.is_plain for column in columns):
            raise NotApplicableError("missing values are filled in later")
    for sample in case.many_samples:
        for name, value in sample.items():
            for numbers in tensors_of(value):
                if numbers.is_floating_point() and not numbers.isfinite().all():
                    wrong = numbers[~numbers.isfinite()].flatten()[0].item()
                    raise CheckFailedError(f"{name!r} has a {wrong} in a sample")


@check(needs=[class_labels])
def check_labels_are_classes(case: DatasetCase) -> None:
    """Catches labels that are not the number, or the name, of a class.

    For example classes that count from 1, a class that the list lacks, or numbers as
    float. Negative labels are ignored by the loss, and allowed.

    If it fails, look at the labels that `transform` returns, and at `label_names` or
    `num_classes`.
    """
    labels = [label for sample in case.many_samples for label in _labels(sample)]
    if not labels:
        raise NotApplicableError("the samples have no labels")
    count, names = case.num_classes or 0, case.label_names
    if names is not None and len(names) != count:
        raise CheckFailedError(
            f"there are {count} classes, but {len(names)} label_names"
        )
    seen = set[int | str]()
    for label in labels:
        if isinstance(label, float):
            raise CheckFailedError(f"the label {label} is a float, not a class id")
        is_known = label < count if isinstance(label, int) else names is None
        if not is_known and not (names and label in names):
            allowed = f"0 to {count - 1}" if isinstance(label, int) else str(names)
            raise CheckFailedError(f"the label {label!r} is no class: {allowed}")
        seen.add(label)
    if len(seen) > count:
        raise CheckFailedError(f"there are {len(seen)} labels, but {count} classes")


@check()
def check_samples_differ(case: DatasetCase) -> None:
    """Catches a dataset that gives the same sample, or label, again and again.

    For example a variable that a loop has left at its last value, or a label that is
    looked up with the wrong key. It looks at samples from the whole split.

    If it fails, look at how `transform` finds its row.
    """
    samples = case.samples
    if len(samples) < 2:
        raise NotApplicableError("there is one sample")
    constant = {
        name
        for name in samples[0]
        if len({digest(sample.get(name)) for sample in samples}) == 1
    }
    labels = constant.intersection(_LABELS)
    if labels and not case.is_streamed:  # the first rows may well be of one class
        name = labels.pop()
        raise CheckFailedError(
            f"{name!r} is the same in all of {len(samples)} samples from the whole "
            f"split: {shown(samples[0][name])}"
        )
    if constant | {*_LABELS} >= samples[0].keys():
        raise CheckFailedError(f"all of {len(samples)} samples are the same")


def _labels(sample: Mapping[str, Any]) -> Iterator[int | float | str]:
    """Yields the labels of a sample: one, or one for each token."""
    for name in _LABELS:
        yield from _flat(sample.get(name))


def _flat(value: Any) -> Iterator[int | float | str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _flat(each)
    elif value is not None:
        yield from torch.as_tensor(value).flatten().tolist()
