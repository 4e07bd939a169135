"""Checks of inputs of numbers and ids: of their layout, and of what stands where."""

import torch

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import Probe, loss_of, require_equal
from oumi_runtime.testing.needs import numbers


@check()
def check_inputs_of_any_layout_are_taken(case: ModelCase) -> None:
    """Catches a `view` that wants its input to lie in memory in one way.

    For example `images.view(batch, -1)`, which fails on images in `channels_last`, or
    `labels.view(-1)` on labels that were sliced.

    If it fails, use `flatten` or `reshape`, which copy where they must.
    """
    model, batch = case.model(), case.batch()
    usual = loss_of(model, batch)
    strided = {name: _spread_out(column) for name, column in batch.items()}
    try:
        found = loss_of(model, strided)
    except RuntimeError as error:
        raise CheckFailedError(
            f"on inputs that do not lie in one piece of memory {described(error)}: "
            "is there a view, where flatten or reshape takes any layout?"
        ) from error
    require_equal(
        usual, found, "inputs that do not lie in one piece of memory give another loss"
    )


@check(needs=[numbers])
def check_places_are_told_apart(case: ModelCase) -> None:
    """Catches a model to which features, or the patches of an image, are a heap.

    For example features that are sorted or summed, one weight for all of them, or
    patches whose positions are never added.

    If it fails, look at what tells the model which feature, or which patch, is which.
    """
    probe = Probe(case)
    if not probe.is_double:
        raise NotApplicableError("the model does not run in float64")
    usual = probe(probe.inputs)
    for name in case.numbers:
        column = probe.inputs[name]
        if column.ndim == 2 and column.shape[1] > 1:
            turned = {"features": column.roll(1, 1)}
        elif column.ndim == 4:
            turned = _images_of_blocks(column)
        else:
            continue
        for what, changed in turned.items():
            if not probe.differs(usual, probe({**probe.inputs, name: changed})).any():
                raise CheckFailedError(
                    f"{name} with its {what} in another order give the same output: "
                    "is it told which is which?"
                )


def _images_of_blocks(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Images, (batch, channels, height, width), whose rows of blocks are reversed."""
    height, width = images.shape[2:]
    found: dict[str, torch.Tensor] = {}
    for size in range(1, min(height, width) // 2 + 1):
        if height % size == 0 and width % size == 0:
            blocks = images.reshape(
                *images.shape[:2], height // size, size, width // size, size
            )
            turned = blocks.flip((2, 4)).reshape(images.shape)
            found[f"blocks of {size}x{size} pixels"] = turned
    return found


def _spread_out(column: torch.Tensor) -> torch.Tensor:
    """The same values, the first dimension last in memory, and with gaps."""
    wide = column.new_zeros((*column.shape[1:], column.shape[0], 2))
    spread = wide[..., 0].movedim(-1, 0)
    return spread.copy_(column)
