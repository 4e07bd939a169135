"""Checks of inputs of numbers and ids: their memory layout, and their order."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.models.layer_types import CONVOLUTIONS
from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.checks.attending import attention, heap_seen_by_attention
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
from oumi_runtime.testing.needs import numbers, steady, token_ids

_READS_FORWARD = re.compile(r"causal|decoder|gpt|autoregress|left to right", re.I)


@check(needs=[steady])
def check_inputs_of_any_layout_are_taken(case: ModelCase) -> None:
    """Catches a `view` that requires a contiguous input.

    For example `images.view(batch, -1)`, which fails on images in `channels_last`
    format, and on cropped ones.

    If it fails, use `flatten` or `reshape`, which copy if necessary.
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
            f"on inputs that are not contiguous in memory {described(error)}: is there "
            "a view, where flatten or reshape accept any layout?"
        ) from error
    require_equal(
        usual, found, "inputs that are not contiguous in memory give another loss"
    )


@check(needs=[numbers, steady])
def check_places_are_told_apart(case: ModelCase) -> None:
    """Catches a model that ignores the order of features, or of an image's patches.

    For example features that are sorted or summed, a single weight for all of them, or
    patches without position embeddings.

    If it fails, look at how the model distinguishes features, or patches.
    """
    probe = Probe(case, 3)
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
                    "does the model know the position of each?"
                )
            if layer := heap_seen_by_attention(probe, {**probe.inputs, name: changed}):
                raise CheckFailedError(
                    f"{name} with its {what} in another order give {layer} the same "
                    "rows in another order: are positions added after attention, and "
                    "not before?"
                )


@check(needs=[token_ids, steady])
def check_tokens_on_both_sides_are_read(case: ModelCase) -> None:
    """Catches a window of tokens on only one side of the labelled token.

    For example `F.pad(x, (0, 0, 2, 0))` where one row on either side was meant. It
    applies if each token has a label that is not the next token. Models with attention
    or recurrence are not checked: they may be meant for one direction.

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


@check(needs=[token_ids, steady])
def check_encoders_see_what_comes_after(case: ModelCase) -> None:
    """Catches an encoder whose tokens see only earlier tokens.

    For example `is_causal=True`, or `mask.tril()`, copied from a language model: the
    first token then knows nothing of the text. It applies if layers return a row for
    every token, and the labels are not the next tokens. Models named causal or decoder,
    and recurrent ones, are not checked.

    If it fails, look at the masks of the layers, and at one-sided padding.
    """
    model, ids = case.model(), case.tokens[0].ids
    is_forward = case.label_shift is not None or _is_said_to_read_forward(case, model)
    if is_forward or any(isinstance(m, nn.RNNBase) for m in model.modules()):
        raise NotApplicableError("the model reads in one direction")
    probe = Probe(case)
    inputs = {
        name: torch.ones_like(c) if name == case.tokens[0].mask else c
        for name, c in probe.inputs.items()
    }
    length = inputs[ids].shape[1]
    if length < 3 or any(
        inputs[name].shape[1:2] == (length,) for name in case.targets & inputs.keys()
    ):
        raise NotApplicableError("layers of the source cannot be told from others")
    usual = _rows_by_layer(probe, inputs, length)
    moved: dict[bool, set[str]] = {}
    for is_first in (True, False):
        changed = inputs[ids].clone()
        place = 0 if is_first else length - 1
        changed[:, place] = other_tokens(changed)[:, place]
        found = _rows_by_layer(probe, {**inputs, ids: changed}, length)
        moved[is_first] = {
            name
            for name in usual.keys() & found.keys()
            if probe.differs(usual[name], found[name])[:, length - 1 - place].any()
        }
    if moved[True] and not moved[False]:
        name = next(name for name in usual if name in moved[True])
        raise CheckFailedError(
            f"the last of {length} {ids} changes with the first in {name}, "
            "but the first changes with the last in no layer: is a mask causal, or a "
            "window padded on one side, although the whole text is known?"
        )


def _is_said_to_read_forward(case: ModelCase, model: nn.Module) -> bool:
    """Whether names or docstrings say that the model sees only earlier tokens."""
    if case.is_teacher_forced:  # It has a decoder, but an encoder too.
        return False
    classes = {type(m) for m in model.modules() if "torch.nn" not in type(m).__module__}
    said = " ".join(f"{c.__name__} {vars(c).get('__doc__') or ''}" for c in classes)
    return _READS_FORWARD.search(said) is not None


def _rows_by_layer(probe: Probe, inputs: Batch, length: int) -> dict[str, torch.Tensor]:
    """Returns layers' outputs with a row for every token, (batch, length, ...)."""
    found: dict[str, torch.Tensor] = {}

    def noting(name: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            first = output[0] if isinstance(output, tuple) else output
            if not isinstance(first, torch.Tensor) or first.ndim != 3:
                return
            if isinstance(module, CONVOLUTIONS):
                first = first.transpose(1, 2)
            if first.shape[1] == length and first.is_floating_point():
                found[name] = first.detach()

        return hook

    handles = [
        module.register_forward_hook(noting(name))
        for name, module in probe.model.named_modules()
        if name
    ]
    probe(inputs)
    for handle in handles:
        handle.remove()
    return found


def _images_of_blocks(images: torch.Tensor) -> dict[str, torch.Tensor]:
    """Returns the images, (batch, channels, height, width), with blocks reversed."""
    height, width = images.shape[2:]
    found: dict[str, torch.Tensor] = {}
    for size in range(1, min(height, width) // 2 + 1):
        if height % size == 0 and width % size == 0:
            blocks = images.reshape(
                *images.shape[:2], height // size, size, width // size, size
            )
            what = f"blocks of {size}x{size} pixels"
            orders = {"": (2, 4), " of a column": (2,), " of a row": (4,)}
            for order, axes in orders.items():
                found[f"{what}{order}"] = blocks.flip(axes).reshape(images.shape)
    return found


def _spread_out(column: torch.Tensor) -> torch.Tensor:
    """Returns the same values with reversed strides, and gaps in memory."""
    wide = column.new_zeros([size + 1 for size in reversed(column.shape)])
    spread = wide.permute(*reversed(range(column.ndim)))
    spread = spread[tuple(slice(size) for size in column.shape)]
    return spread.copy_(column)
