"""Checks that an output depends on its own sample, and leaves it as it is."""

import torch

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError
from oumi_runtime.testing.measuring import (
    Probe,
    loss_of,
    require_equal,
)

_ROWS = 4


@check()
def check_samples_do_not_see_each_other(case: ModelCase) -> None:
    """Catches a model in which a sample's output depends on the batch it is in.

    For example statistics over the batch, or a softmax over the wrong dimension. It is
    found by changing the other samples, which shows what a gradient does not, such as a
    detached mean.

    If it fails, look for an operation over dimension 0, and for a `view` that moves
    elements from one sample to the next.
    """
    probe = Probe(case, _ROWS)
    together = probe(probe.inputs)
    for row in range(_ROWS):
        one = {name: column[row : row + 1] for name, column in probe.inputs.items()}
        require_equal(
            probe(one),
            together[row : row + 1],
            "a sample's logits differ between a batch of its own and one of four: does "
            "an operation run over the batch dimension?",
        )
    others = case.inputs(_ROWS, seed=99)
    for row in range(_ROWS):
        mixed = {name: column.clone() for name, column in others.items()}
        for name, column in mixed.items():
            if column.shape != probe.inputs[name].shape:
                return  # Another length, which a batch of other samples may have.
            column[row] = probe.inputs[name][row]
        if probe.differs(together, probe(mixed))[row].any():
            raise CheckFailedError(
                "a sample's logits change with the other samples of its batch: does an "
                "operation run over the batch dimension?"
            )


@check()
def check_permuted_samples_permute_the_outputs(case: ModelCase) -> None:
    """Catches a model that treats a sample by its place in the batch.

    For example a `view(-1, batch)` in place of a transpose, or outputs that come sorted
    by length.

    If it fails, look for a `sort`, for indexing by row, and for a `view` in place of a
    transpose.
    """
    probe, order = Probe(case, 5), torch.tensor([3, 0, 4, 2, 1])
    shuffled = {name: column[order] for name, column in probe.inputs.items()}
    require_equal(
        probe(probe.inputs)[order],
        probe(shuffled),
        "samples in another order do not give the same outputs in that order",
    )


@check()
def check_inputs_are_not_changed(case: ModelCase) -> None:
    """Catches a forward that writes into the tensors it is given.

    For example `labels[labels == pad] = -100` or `images.div_(255)`: the next epoch
    gets what this one left. Writing counts, even if it changes nothing in this batch.

    If it fails, look for methods that end in `_` and for assignments to an index; use
    `masked_fill` and `torch.where`.
    """
    for training in (True, False):
        batch = case.batch()
        versions = {name: column._version for name, column in batch.items()}
        loss_of(case.model(training=training), batch)
        for name, version in versions.items():
            if batch[name]._version != version:
                raise CheckFailedError(
                    f"forward changes {name} in place: is there a method that ends in "
                    "_, or an assignment to a part of it?"
                )
