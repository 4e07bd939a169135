"""Checks of how samples are read by index."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from oumi_runtime.testing.datasets.case import (
    MOST_READ,
    DatasetCase,
    read,
    streamed,
)
from oumi_runtime.testing.datasets.comparing import difference
from oumi_runtime.testing.datasets.needs import indexable, known_length
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError


@check(needs=[known_length])
def check_length_is_that_of_iteration(case: DatasetCase) -> None:
    """Catches a length that is not the number of samples.

    For example the length of a list from which `__getitem__` leaves rows out. Of a
    dataset with more than 2,000 samples, only the last one is read.

    If it fails, look at `__len__`.
    """
    length = case.length or 0
    if length == 0:
        raise CheckFailedError(f"the split {case.splits[0]!r} has no samples")
    first = 0 if length <= MOST_READ else length - 1
    if not case.is_streamed:
        samples = _iterated(case.dataset, first)
    elif first == 0:
        samples = streamed(case.dataset)
    else:
        raise NotApplicableError(f"it has more than {MOST_READ:,} samples")
    number = first + sum(1 for _ in islice(samples, length + 1 - first))
    if number != length:
        found = "more" if number > length else "fewer"
        raise CheckFailedError(
            f"the length is {length:,}, but there are {found} samples"
        )


@check(needs=[indexable])
def check_same_index_gives_the_same_sample(case: DatasetCase) -> None:
    """Catches a sample that is another one when it is read again.

    For example a `transform` that changes its row in place, or draws from a random
    generator of its own: training that is resumed would then be another one. Random
    numbers of `random`, `numpy.random` and `torch` are seeded for each batch, and do
    not count.

    If it fails, look at `transform` or `__getitem__`.
    """
    for index in case.indices:
        first, second = read(case.dataset, index), read(case.dataset, index)
        if changed := difference(first, second):
            raise CheckFailedError(
                f"sample {index} is another one when it is read again: {changed}"
            )


@check(needs=[indexable])
def check_order_of_reading_does_not_matter(case: DatasetCase) -> None:
    """Catches samples that depend on those read before them.

    For example a file that is read on from where it was, or a running mean. Training
    reads samples in another order in each epoch, and some workers read some of them.

    If it fails, look for attributes that `transform` or `__getitem__` changes.
    """
    forward, backward = case.made(), case.made()
    there = {index: read(forward, index) for index in case.indices}
    for index in reversed(case.indices):
        if changed := difference(there[index], read(backward, index)):
            raise CheckFailedError(
                f"sample {index} is another one when later samples have been read "
                f"before it: {changed}"
            )


@check(needs=[indexable])
def check_index_out_of_range_raises_index_error(case: DatasetCase) -> None:
    """Catches a dataset that a plain loop does not end, or ends with an error.

    For example an index that wraps around, or a `KeyError` of a table.

    If it fails, raise IndexError in `__getitem__` for an index of `len(self)` or more.
    """
    length = case.length or 0
    try:
        sample = read(case.dataset, length)
    except IndexError:
        return
    except Exception as error:
        raise CheckFailedError(
            f"index {length} of {length} samples raises {type(error).__name__} rather "
            "than IndexError, by which a loop over the samples ends"
        ) from error
    raise CheckFailedError(
        f"index {length} of {length} samples gives a {type(sample).__name__}: raise "
        "IndexError, or a loop over the samples never ends"
    )


@check()
def check_made_again_it_is_the_same(case: DatasetCase) -> None:
    """Catches rows whose order, or choice, differs from run to run.

    For example rows that are shuffled, or divided into splits, with random numbers that
    nobody has seeded, or files in the order of the file system. A run that is resumed
    would train on other samples.

    If it fails, sort what is read, and divide it by a fixed seed or by a hash.
    """
    pairs = zip(_some(case, seed=1), _some(case, seed=2), strict=False)
    for number, (one, other) in enumerate(pairs):
        if changed := difference(one, other):
            raise CheckFailedError(
                "made again, with random numbers from another seed, the dataset has "
                f"another sample {number}: {changed}"
            )


def _some(case: DatasetCase, seed: int) -> Iterator[Any]:
    dataset = case.made(seed=seed)
    if case.is_streamed:
        return islice(streamed(dataset, seed=seed), len(case.samples))
    if len(dataset) != case.length:
        raise CheckFailedError(
            f"made again, the dataset has {len(dataset):,} samples and not "
            f"{case.length:,}"
        )
    return (read(dataset, index) for index in case.indices)


def _iterated(dataset: Any, index: int) -> Iterator[Any]:
    """Yields the samples from an index on as a plain loop does: until IndexError."""
    while True:
        try:
            yield read(dataset, index)
        except IndexError:
            return
        index += 1
