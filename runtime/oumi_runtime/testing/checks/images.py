"""Checks of images: of their channels, their shape, and outputs for every pixel."""

import re
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from oumi_runtime.testing.case import Batch, ModelCase
from oumi_runtime.testing.checks.attending import attends_to_anything
from oumi_runtime.testing.declaring import check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    NotApplicableError,
    described,
)
from oumi_runtime.testing.measuring import (
    Probe,
    logits_of,
    perturbed,
    tolerance,
)
from oumi_runtime.testing.needs import arguments_of, numbers

_CHANNELS = re.compile(r"channel|in_chan|num_bands")
_TRIED_PIXELS = 64
# 0.5 where the places of pixels and outputs have nothing to do with each other.
_LEAST_RANK = 0.6
_SMALLEST_SIDE = 8
_SEEDS = 3
_MOST_LAYERS = 16
_TIMES_AS_LARGE = (4, 4)
_FAILURES = (IndexError, RuntimeError, TypeError, ValueError)


def images(case: ModelCase) -> str:
    """One column of images, (batch, channels, height, width)."""
    if reason := numbers(case):
        return reason
    shapes = [case.sample[name].ndim for name in case.numbers]
    return "" if shapes == [4] else "the inputs have no images"


@check(needs=[images])
def check_channels_are_told_apart(case: ModelCase) -> None:
    """Catches a model that does not distinguish the channels of an image.

    For example `images.mean(dim=1, keepdim=True)`, which goes unnoticed as long as
    images are greyscale: the check then builds a model for three channels.

    If it fails, look at what is done to dimension 1 before the first layer.
    """
    model, inputs = perturbed(case.model()), case.inputs()
    (name,) = case.numbers
    if inputs[name].shape[1] == 1:
        model, inputs = _for_three_channels(case, inputs)
    turned = {**inputs, name: inputs[name].roll(1, 1)}
    usual, found = logits_of(model, inputs), logits_of(model, turned)
    if (usual - found).abs().max() <= tolerance(usual):
        raise CheckFailedError(
            f"{name} with their channels in another order give the same output: are "
            "the channels averaged or summed before the first layer?"
        )


@check(needs=[images])
def check_images_need_not_be_square(case: ModelCase) -> None:
    """Catches height and width that are swapped.

    For example `x.transpose(2, 3)` in one of two branches that are joined again. It
    applies to models without attention that accept larger images too.

    If it fails, look at the named line: which of its dimensions are height and width?
    """
    if attends_to_anything(case):
        raise NotApplicableError("attention may count its patches by a square")
    model, inputs = case.model(), case.inputs(2)
    (name,) = case.numbers
    size = inputs[name].shape[2:]
    try:
        usual = logits_of(model, inputs)
        logits_of(model, {**inputs, name: inputs[name].repeat(1, 1, 2, 2)})
    except _FAILURES as error:
        raise NotApplicableError("the model takes images of one size") from error
    for times in ((1, 2), (2, 1)):
        longer = inputs[name].repeat(1, 1, *times)
        height, width = longer.shape[2:]
        try:
            found = logits_of(model, {**inputs, name: longer})
        except _FAILURES as error:
            raise CheckFailedError(
                f"{name} of {height} by {width} pixels fail, although larger squares "
                f"work: {described(error)}: are height and width swapped somewhere?"
            ) from error
        if usual.shape[2:] == size and found.shape[2:] != longer.shape[2:]:
            raise CheckFailedError(
                f"{name} of {height} by {width} pixels give an output of shape "
                f"{tuple(found.shape)}: are height and width swapped?"
            )


@check(needs=[images])
def check_every_pixel_has_its_own_output(case: ModelCase) -> None:
    """Catches layers, and outputs for every pixel, that move pixels.

    For example `x.permute(0, 2, 3, 1).reshape(x.shape)`, or a `reshape` from
    (batch, channels, height, width) to (batch, height, width, channels). On average,
    changing a pixel has to change the result at its position more than elsewhere.

    If it fails, look at every `reshape`, `permute` and `view` of the named layer.
    """
    found = _layers_of_maps(case, 0)
    if not found:
        raise NotApplicableError("there is no output for every pixel")
    if _are_all_pixels_mixed(case):
        raise NotApplicableError("a layer reads all pixels at once")
    moving = [path for path, given, run in found if not _keeps_places(given, run)]
    for seed in range(1, _SEEDS):  # A filter of few pixels may lean to one side.
        if moving:
            others = _layers_of_maps(case, seed)
            kept = {path for path, given, run in others if _keeps_places(given, run)}
            moving = [path for path in moving if path not in kept]
    if moving:
        raise CheckFailedError(
            f"a pixel in the input of {moving[0]} changes the output at its position "
            "no more than elsewhere: is there a reshape that should be a permute?"
        )


def _are_all_pixels_mixed(case: ModelCase) -> bool:
    """Whether a linear layer maps a whole image to one vector."""
    probe, (name,) = Probe(case, 2), case.numbers
    places, found = probe.inputs[name][0, 0].numel(), list[bool]()

    def note(module: nn.Module, args: Any) -> None:
        found.append(args[0].ndim == 2 and args[0].shape[1] >= places)

    for module in probe.model.modules():
        if isinstance(module, nn.Linear):
            module.register_forward_pre_hook(note)
    probe(probe.inputs)
    return any(found)


_Layer = tuple[str, torch.Tensor, Callable[[torch.Tensor], torch.Tensor]]


def _layers_of_maps(case: ModelCase, seed: int) -> list[_Layer]:
    """Returns what maps feature maps to feature maps: layers, or the whole model.

    If the model accepts larger images, layers are also examined without the residual
    connection around them: a filter then sees only a small part of the map.

    Returns:
        The name, input and function of each.
    """
    probe, (name,) = Probe(case, 2, seed), case.numbers
    found: list[_Layer] = []
    usual, given = probe(probe.inputs), probe.inputs[name]
    if _is_map_of(usual, given):
        found.append(("the model", given, lambda x: probe({**probe.inputs, name: x})))
    large = {**probe.inputs, name: probe.inputs[name].repeat(1, 1, *_TIMES_AS_LARGE)}
    try:
        probe(large)
        is_large = True
    except _FAILURES:
        is_large = False

    def noting(path: str) -> Callable[[nn.Module, Any, Any], None]:
        def hook(module: nn.Module, args: Any, output: Any) -> None:
            is_map = len(args) == 1 and isinstance(args[0], torch.Tensor)
            if is_map and args[0].ndim == 4 and _is_map_of(output, args[0]):
                given = args[0].detach()
                found.append((path, given, module))
                if is_large and output.shape == given.shape:
                    added = f"{path}, without its input,"
                    found.append((added, given, lambda x: module(x) - x))

        return hook

    handles = [
        module.register_forward_hook(noting(path))
        for path, module in probe.model.named_modules()
        if path and not type(module).__module__.startswith("torch.")
    ]
    probe(large if is_large else probe.inputs)
    for handle in handles:
        handle.remove()
    return found[:_MOST_LAYERS]


def _is_map_of(output: Any, given: torch.Tensor) -> bool:
    """Whether an output is a feature map of the same height and width."""
    is_map = isinstance(output, torch.Tensor) and output.ndim == 4
    size = given.shape[2:]
    return is_map and output.shape[2:] == size and min(size) >= _SMALLEST_SIDE


@torch.no_grad()
def _keeps_places(
    given: torch.Tensor, run: Callable[[torch.Tensor], torch.Tensor]
) -> bool:
    """Whether changing a pixel changes the output most at its own position.

    A filter changes only a few positions, of which a pixel's own is in the middle on
    average. If all positions change, as after many layers, a pixel's own has to be
    among those that change most.
    """
    draws = torch.Generator().manual_seed(0)
    height, width = given.shape[2:]
    usual, ranks, reach = run(given), list[float](), list[float]()
    for place in torch.randperm(height * width, generator=draws)[:_TRIED_PIXELS]:
        row, at = divmod(int(place), width)
        changed = given.clone()
        changed[:, :, row, at] += 0.1
        moved = (run(changed) - usual).abs().mean((0, 1))
        if not moved.any():
            continue
        less, same = moved < moved[row, at], moved == moved[row, at]
        ranks.append((less.double() + 0.5 * same).mean().item())
        reach.append((moved > 0).double().mean().item())
    if not ranks:
        return True
    still = 1 - sum(reach) / len(reach)
    return sum(ranks) / len(ranks) >= max(_LEAST_RANK, 0.5 + 0.35 * still)


def _for_three_channels(
    case: ModelCase, inputs: Batch
) -> tuple[torch.nn.Module, Batch]:
    """Returns a model for three channels, and inputs for it."""
    (name,) = case.numbers
    for argument, value in arguments_of(case).items():
        if value == 1 and _CHANNELS.search(argument):
            torch.manual_seed(0)
            made = case.make_model_class(**{**arguments_of(case), argument: 3})
            images = torch.rand_like(inputs[name].expand(-1, 3, -1, -1).contiguous())
            return perturbed(made.eval()), {**inputs, name: images}
    raise NotApplicableError("there is one channel, and no argument for more")
