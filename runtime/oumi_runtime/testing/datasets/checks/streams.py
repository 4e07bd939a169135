"""Checks of datasets whose samples come one after the other."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from oumi_runtime.core.datasets import Stream, StreamSource
from oumi_runtime.core.datasets.rows.seeding import random_numbers_from
from oumi_runtime.testing.datasets.case import MOST_READ, DatasetCase, streamed
from oumi_runtime.testing.datasets.comparing import difference
from oumi_runtime.testing.datasets.needs import streamed_rows
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError

# More than the rows that are read together.
_FAR = 70


@check(needs=[streamed_rows])
def check_two_passes_are_the_same(case: DatasetCase) -> None:
    """Catches a stream that can be read only once, or gives another order then.

    For example a file or generator that the constructor opens: the second epoch would
    have no samples. Up to 2,000 are read.

    If it fails, open what is read in `iter_raw`.
    """
    dataset = case.made()
    first = list(islice(streamed(dataset), MOST_READ))
    second = list(islice(streamed(dataset), MOST_READ))
    if len(first) != len(second):
        raise CheckFailedError(
            f"the first pass has {len(first):,} samples, the second {len(second):,}"
        )
    for number, (one, other) in enumerate(zip(first, second, strict=True)):
        if changed := difference(one, other):
            raise CheckFailedError(
                f"sample {number} of the second pass is another one: {changed}"
            )


@check(needs=[streamed_rows])
def check_reading_can_begin_anywhere(case: DatasetCase) -> None:
    """Catches a stream that cannot be resumed where it was left.

    Training that is resumed reads a new stream from the row after the last one it was
    trained on. For example rows that depend on how many were transformed before.

    If it fails, look for attributes that `transform` changes, and at `read_blocks` if
    the class has it.
    """
    whole = list(islice(_read_from(case.made(), 0), 2 * _FAR))
    if len(whole) < 2:
        raise NotApplicableError("there is one sample")
    start = min(_FAR, len(whole) // 2)
    rest = list(islice(_read_from(case.made(), start), len(whole) - start))
    if len(rest) != len(whole) - start:
        raise CheckFailedError(
            f"begun at sample {start}, the stream gives {len(rest)} samples, where "
            f"{len(whole) - start} of the whole are left"
        )
    for number, (one, other) in enumerate(zip(whole[start:], rest, strict=True), start):
        if changed := difference(one, other):
            raise CheckFailedError(
                f"begun at sample {start}, the stream has another sample {number}: "
                f"{changed}"
            )


def _read_from(dataset: Any, start: int) -> Iterator[Any]:
    """Yields the samples from a place on, as training reads them."""
    stream, place = Stream([StreamSource(dataset)]), start
    for block in stream.blocks(0, start):
        samples: Any = stream.columns(block)
        for index in range(len(block)):
            with random_numbers_from(place):
                sample = samples[index]
            yield sample
            place += 1
