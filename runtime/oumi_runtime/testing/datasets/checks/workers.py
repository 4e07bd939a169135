"""Checks of datasets that other processes read, and of the batches made of them."""

import os
import pickle
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any
from unittest import mock

import torch
from torch.utils.data import DataLoader

from oumi_runtime.core.datasets import ColumnDataset, RowCollator
from oumi_runtime.core.datasets.rows.pickling import pickled
from oumi_runtime.core.datasets.rows.seeding import SeededRows
from oumi_runtime.testing.datasets.case import DatasetCase, read, streamed
from oumi_runtime.testing.datasets.comparing import difference, tensors_of
from oumi_runtime.testing.datasets.needs import indexable, tensors
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError

_BATCH = 4
_TIMEOUT_S = 60


@check()
def check_dataset_can_be_sent_to_workers(case: DatasetCase) -> None:
    """Catches a dataset that cannot be pickled, or loses something when it is.

    For example an open file, a connection to a database, or a lambda. Workers get a
    copy of the dataset.

    If it fails, open the file or connection when the first row is read.
    """
    dataset = case.dataset
    try:
        copy = pickle.loads(pickle.dumps(dataset))
    except Exception as error:
        text = " ".join(str(error).split())
        raise CheckFailedError(
            f"the dataset cannot be sent to a worker: {text}; open files and "
            "connections when the first row is read, not in the constructor"
        ) from error
    for number, (one, other) in enumerate(
        zip(_some(case, dataset), _some(case, copy), strict=False)
    ):
        if changed := difference(one, other):
            raise CheckFailedError(
                f"a copy of the dataset has another sample {number}: {changed}"
            )


@check(needs=[indexable])
def check_two_workers_read_the_same(case: DatasetCase) -> None:
    """Catches samples that depend on the process that reads them.

    For example rows that a dataset divides among workers itself, or a file handle that
    two processes share and move.

    If it fails, look for what `transform` or `__getitem__` uses besides its row.
    """
    indices = case.indices
    batches = [indices[i : i + _BATCH] for i in range(0, len(indices), _BATCH)]
    rows = SeededRows(case.dataset, seed=0)
    alone = [sample for batch in batches for sample in rows.__getitems__(batch)]
    loader = DataLoader(
        rows,
        batch_sampler=batches,
        num_workers=2,
        collate_fn=pickled,
        timeout=_TIMEOUT_S,
    )
    together = [sample for batch in loader for sample in pickle.loads(batch)]
    for index, one, other in zip(indices, alone, together, strict=True):
        if changed := difference(one, other):
            raise CheckFailedError(
                f"sample {index} is another one when a worker reads it: {changed}"
            )


@check()
def check_every_process_reads_the_same(case: DatasetCase) -> None:
    """Catches a dataset that divides its rows among the processes of a training.

    For example by `torch.distributed.get_rank()` or the variable RANK. The trainer
    divides the rows already, so that most would never be trained on.

    If it fails, let every process read all rows.
    """
    found: list[list[Any]] = []
    for rank in (0, 1):
        with _as_process(rank):
            found.append(list(_some(case, case.made(seed=rank + 1))))
    if len(found[0]) != len(found[1]) or len(found[0]) != len(case.samples):
        raise CheckFailedError(
            f"of two processes, one reads {len(found[0])} samples and the other "
            f"{len(found[1])}, where one alone reads {len(case.samples)}"
        )
    for number, (one, other, alone) in enumerate(
        zip(*found, case.samples, strict=True)
    ):
        if changed := difference(one, other) or difference(alone, one):
            raise CheckFailedError(
                f"two processes read different samples {number}: {changed}"
            )


@check(needs=[indexable, tensors])
def check_batches_are_copies(case: DatasetCase) -> None:
    """Catches batches that share memory with the dataset.

    For example a `collate` or `take` that returns a view: a model that changes its
    input in place would change the data for all later epochs.

    If it fails, copy the tensors with `clone()`.
    """
    dataset, indices = case.made(), case.indices[:_BATCH]
    before = [read(dataset, index) for index in indices]
    before = pickle.loads(pickle.dumps(before))
    if isinstance(dataset, ColumnDataset) and case.collate is None:
        batch = dataset.take(torch.tensor(indices))
    else:
        rows = [(index, read(dataset, index)) for index in indices]
        batch = RowCollator(dataset, case.collate).batch_of(rows)
    for column in batch.values():
        for values in tensors_of(column):
            values.zero_()
    for index, one in zip(indices, before, strict=True):
        if changed := difference(one, read(dataset, index)):
            raise CheckFailedError(
                f"a change to a batch changes sample {index} of the dataset: {changed}"
            )


@contextmanager
def _as_process(rank: int) -> Iterator[None]:
    """Pretends to be one of two processes of a distributed training."""
    variables = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
    answers = {"is_initialized": True, "get_rank": rank, "get_world_size": 2}
    with mock.patch.dict(os.environ, variables):
        patches = [
            mock.patch.object(torch.distributed, name, return_value=answer)
            for name, answer in answers.items()
        ]
        for patch in patches:
            patch.start()
        try:
            yield
        finally:
            for patch in patches:
                patch.stop()


def _some(case: DatasetCase, dataset: Any) -> Iterator[Any]:
    if case.is_streamed:
        return islice(streamed(dataset), len(case.samples))
    indices = [index for index in case.indices if index < len(dataset)]
    return (read(dataset, index) for index in indices)
