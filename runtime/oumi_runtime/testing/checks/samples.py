"""Checks that an output depends only on its own sample, and does not modify it."""

import math
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.measuring import (
    Probe,
    logits_of,
    loss_of,
    require_equal,
)
from oumi_runtime.testing.needs import numbers, steady

_ROWS = 4
_LAYERS = (nn.Linear, *CONVOLUTIONS, nn.RNNBase)


@check(needs=[steady])
def check_samples_do_not_see_each_other(case: ModelCase) -> None:
    """Catches a model in which a sample's output depends on the rest of the batch.

    For example statistics over the batch, or a softmax over the wrong dimension. The
    check changes the other samples, which also reveals what gradients do not, such as a
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
                return  # A batch of other samples may have another length.
            column[row] = probe.inputs[name][row]
        if probe.differs(together, probe(mixed))[row].any():
            raise CheckFailedError(
                "a sample's logits change with the other samples of its batch: does an "
                "operation run over the batch dimension?"
            )


@check(needs=[steady])
def check_permuted_samples_permute_the_outputs(case: ModelCase) -> None:
    """Catches a model whose output depends on a sample's position in the batch.

    For example `view(-1, batch)` instead of a transpose, or outputs that are sorted by
    length.

    If it fails, look for a `sort`, for indexing by row, and for a `view` instead of a
    transpose.
    """
    probe, order = Probe(case, 5), torch.tensor([3, 0, 4, 2, 1])
    shuffled = {name: column[order] for name, column in probe.inputs.items()}
    require_equal(
        probe(probe.inputs)[order],
        probe(shuffled),
        "reordering the samples does not reorder the outputs in the same way",
    )


@check()
def check_inputs_are_not_changed(case: ModelCase) -> None:
    """Catches a forward that modifies its input tensors.

    For example `labels[labels == pad] = -100` or `images.div_(255)`: the next epoch
    then reads the modified data. Writing counts even if no value changes in this batch.

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
                    f"forward modifies {name} in place: is there a method ending in _, "
                    "or an assignment to a part of it?"
                )


@check(needs=[numbers])
def check_patches_stay_apart(case: ModelCase) -> None:
    """Catches rows that mix several patches of an image.

    For example `conv(images).reshape(batch, patches, channels)` without a transpose
    before it: a row then holds one channel of many patches. It applies to convolutions
    whose stride equals their kernel size: changing one patch must change one row. If
    the inputs are reshaped before the first layer, as patches or series may be, its
    rows have to be contiguous blocks of them.

    If it fails, use `conv(images).flatten(2).transpose(1, 2)`, or transpose or permute
    before the reshape.
    """
    _require_blocks(case)
    probe, rows = Probe(case), list[torch.Tensor]()
    cutting = [m for m in probe.model.modules() if _is_cutting(m)]
    if len(cutting) != 1 or len(case.numbers) != 1:
        raise NotApplicableError("no convolution cuts images into patches")
    (convolution,) = cutting
    shape: list[int] = []

    def note_patches(module: nn.Module, args: Any, output: torch.Tensor) -> None:
        shape[:] = [output.flatten(2).shape[2], output.shape[1]]
        rows.clear()

    def note_rows(module: nn.Module, args: Any) -> None:
        first = args[0] if args else None
        if isinstance(first, torch.Tensor) and [*first.shape[1:]] == shape:
            rows.append(first)

    convolution.register_forward_hook(note_patches)
    for module in probe.model.modules():
        module.register_forward_pre_hook(note_rows)
    (name,) = case.numbers
    changed = probe.inputs[name].clone()
    changed[(slice(None),) * 2 + (0,) * (changed.ndim - 2)] += 1
    found: list[torch.Tensor] = []
    for column in (probe.inputs[name], changed):
        probe({**probe.inputs, name: column})
        found += rows[:1]
    if len(found) < 2 or shape[0] == shape[1]:
        raise NotApplicableError("no layer has a row for every patch")
    number = int(probe.differs(*found)[0].flatten(1).any(1).sum())
    if number > 1:
        raise CheckFailedError(
            f"changing one patch of {shape[0]} changes {number} rows of the first "
            "layer's input: is a transpose missing before a reshape?"
        )


def _require_blocks(case: ModelCase) -> None:
    """Fails if a layer's inputs are reordered so that a row is not a block.

    A block consists of all numbers at some heights, widths and channels. For example,
    four or nine adjacent pixels of one line were meant to be a square patch.
    """
    model = case.model()
    for name in case.numbers:
        column = case.inputs(1)[name]
        if column.ndim < 3:
            continue
        marked = torch.arange(1.0, column.numel() + 1).reshape(column.shape)
        given: list[tuple[str, torch.Tensor]] = []
        handles = [
            module.register_forward_pre_hook(_noting(path, given))
            for path, module in model.named_modules()
            if isinstance(module, _LAYERS)
        ]
        logits_of(model, {**case.inputs(1), name: marked})
        for handle in handles:
            handle.remove()
        for path, rows in given:
            if not rows.flatten().sort().values.equal(marked.flatten()):
                continue
            if not all(_is_block(row, marked[0]) for row in rows):
                raise CheckFailedError(
                    f"a row of what {path} gets of {name} holds numbers of several "
                    "places, and of none all: is something reshaped that had to be "
                    "transposed or permuted before?"
                )


def _noting(path: str, given: list[tuple[str, torch.Tensor]]) -> Any:
    def note(module: nn.Module, args: Any) -> None:
        rows = args[0] if args else None
        if not isinstance(rows, torch.Tensor) or not rows.is_floating_point():
            return
        if isinstance(module, CONVOLUTIONS):
            rows = rows.movedim(1, -1)
        if rows.ndim > 2 or isinstance(module, nn.Linear):
            given.append((path, rows.detach().flatten(0, -2).clone()))

    return note


def _is_block(row: torch.Tensor, marked: torch.Tensor) -> bool:
    """Whether a row is a block: all marked numbers at some indices of each axis."""
    places = torch.unravel_index(row.long() - 1, marked.shape)
    sizes = [len(set(axis.tolist())) for axis in places]
    if len(sizes) == 3 and sizes[1] == 1 < sizes[2] < marked.shape[2]:
        return math.isqrt(sizes[2]) ** 2 != sizes[2]
    return math.prod(sizes) == len(row)


def _is_cutting(module: nn.Module) -> bool:
    return (
        isinstance(module, CONVOLUTIONS)
        and module.stride == module.kernel_size
        and max(module.kernel_size) > 1
    )
