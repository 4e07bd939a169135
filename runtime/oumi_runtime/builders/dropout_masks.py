"""Has torch draw the masks of dropout on a CPU in half the time, bit for bit the same.

torch draws a number, compares it, and goes on to the next; a processor that guesses
what comes of each comparison is wrong half of the time where half is dropped. Here many
are drawn, and then compared together.
"""

from collections.abc import Callable
from functools import cache, partial
from typing import Any
from warnings import catch_warnings, simplefilter

import torch
from torch.library import Library

_OPERATOR = "bernoulli_.float"
# What is smaller is drawn before Python has begun.
_FEWEST_NUMBERS = 4096
# Of 8 bytes each: they stay in the processor's cache.
_NUMBERS_AT_ONCE = 32768
_TYPES = {torch.float32, torch.float64, torch.bfloat16, torch.float16}
_FORMATS = {4: torch.channels_last, 5: torch.channels_last_3d}

Draw = Callable[..., torch.Tensor]


def draw_masks_faster(device: torch.device) -> bool:
    """Changes how this process draws masks on a CPU, until it ends.

    Args:
        device: Where the model is.

    Returns:
        Whether it was done. Not where torch draws in another way, as on Intel's
        processors, where it uses MKL.
    """
    return device.type == "cpu" and _replace()


@cache
def _replace() -> bool:
    # Not in every release of torch.
    get_kernel = getattr(torch.library, "get_kernel", None)
    if get_kernel is None or not draws_as_torch(_draw):
        return False
    original = get_kernel(f"aten::{_OPERATOR}", "CPU")
    library: Any = Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    with catch_warnings():
        simplefilter("ignore", UserWarning)  # That an operator's kernel is replaced.
        library.impl(_OPERATOR, partial(_bernoulli, original), "CPU", with_keyset=True)
    _replaced.append(library)
    return True


# The kernels go with their library.
_replaced: list[Library] = []


def draws_as_torch(draw: Draw) -> bool:
    """Whether a way to draw gives torch's numbers, and leaves its generator alike."""
    ours, theirs = torch.Generator(), torch.Generator()
    size, share = 2 * _FEWEST_NUMBERS + 1, 0.3
    found = draw(torch.empty(size), share, ours.manual_seed(0))
    wanted = torch.empty(size).bernoulli_(share, generator=theirs.manual_seed(0))
    is_same_after = torch.equal(ours.get_state(), theirs.get_state())
    return is_same_after and torch.equal(found, wanted)


def _bernoulli(
    original: Any,
    keys: Any,
    mask: torch.Tensor,
    p: float = 0.5,
    *,
    generator: torch.Generator | None = None,
) -> Any:
    """`torch.Tensor.bernoulli_`."""
    is_large = mask.numel() >= _FEWEST_NUMBERS and mask.dtype in _TYPES
    if is_large and 0 <= p <= 1 and _is_in_row(mask):
        return _draw(mask, p, generator)
    return original.call_boxed(keys, mask, p, generator=generator)


def _is_in_row(mask: torch.Tensor) -> bool:
    """Whether the numbers lie one behind the other, in the order they are drawn in."""
    other = _FORMATS.get(mask.ndim)
    return mask.is_contiguous() or (
        other is not None and mask.is_contiguous(memory_format=other)
    )


def _draw(
    mask: torch.Tensor, p: float, generator: torch.Generator | None
) -> torch.Tensor:
    size = mask.numel()
    row = mask.as_strided((size,), (1,))
    numbers = mask.new_empty(min(size, _NUMBERS_AT_ONCE), dtype=torch.float64)
    for part in torch.split(row, _NUMBERS_AT_ONCE):
        drawn = numbers[: len(part)].uniform_(generator=generator)
        torch.lt(drawn, p, out=part)
    return mask
