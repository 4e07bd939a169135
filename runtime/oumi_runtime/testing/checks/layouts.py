"""Checks of inputs of numbers and ids: of their layout, and of what stands where."""

import torch
from torch import nn

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.checks.attention import attention
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import (
    Probe,
    loss_of,
    other_tokens,
    require_equal,
)
from oumi_runtime.testing.needs import numbers, token_ids


@check()
def check_inputs_of_any_layout_are_taken(case: ModelCase) -> None:
    """Catches a `view` that wants its input to lie in memory in one way.

    For example `images.view(batch, -1)`, which fails on images in `channels_last`, and
    on those that were cropped.

    If it fails, use `flatten` or `reshape`, which copy where they must.
    """
    model, batch = case.model(), case.batch()
    usual = loss_of(model, batch)
    strided = {
        name: column if name in case.targets else _spread_out(column)
        for name, column in batch.items()
    }
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


@check(needs=[token_ids])
def check_tokens_on_both_sides_are_read(case: ModelCase) -> None:
    """Catches a window of tokens that lies on one side of the token that is labelled.

    For example `F.pad(x, (0, 0, 2, 0))` where one row was meant on either side. It
    applies where the labels are of tokens and are not the next ones. Models that attend
    or read by steps are left alone: they may be made for one direction.

    If it fails, look at every pad and slice along the sequence.
    """
    is_by_step = any(isinstance(m, nn.RNNBase) for m in case.model().modules())
    if case.label_shift is not None or case.is_teacher_forced or is_by_step:
        raise NotApplicableError("the model reads in one direction")
    if not attention(case):
        raise NotApplicableError("the tokens attend to each other")
    probe = Probe(case, 8)
    usual = probe(probe.inputs)
    for tokens in case.tokens:
        column = probe.inputs[tokens.ids]
        if case.labels is None or not (
            case.labels.shape[1:] == column.shape[1:] == usual.shape[1:2]
        ):
            raise NotApplicableError("the labels are not of tokens")
        counted = probe.inputs[tokens.mask] > 0 if tokens.mask else column >= 0
        sides = {"before": False, "after": False}
        for place in range(column.shape[1]):
            changed = column.clone()
            changed[:, place] = other_tokens(column)[:, place]
            found = probe({**probe.inputs, tokens.ids: changed})
            moved = (probe.differs(usual, found).flatten(2).any(2) & counted).any(0)
            sides["after"] |= bool(moved[:place].any())
            sides["before"] |= bool(moved[place + 1 :].any())
        if sides["before"] != sides["after"]:
            side = "before" if sides["before"] else "after"
            raise CheckFailedError(
                f"a token's output changes with the {tokens.ids} {side} it alone: is a "
                "window padded on one side only?"
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
    """The same values with the dimensions turned round in memory, and with gaps."""
    wide = column.new_zeros([size + 1 for size in reversed(column.shape)])
    spread = wide.permute(*reversed(range(column.ndim)))
    spread = spread[tuple(slice(size) for size in column.shape)]
    return spread.copy_(column)
