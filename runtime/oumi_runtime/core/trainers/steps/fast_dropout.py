"""Dropout with the random numbers that torch would draw, drawn faster, on a CPU.

`Tensor.bernoulli_` draws 64 bits for each element, one element after the other, and on
processors that are not Intel's takes several times as long for it as `Tensor.random_`,
which draws the same bits. On a convolutional network this was a tenth of a step.
"""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

_LEAST_INT64 = -(2**63)
_FRACTION_BITS = 53
_SMALLEST_SIZE = 8192
_CHUNK_SIZE = 2**17


class FastDropout:
    """A context for forward passes, in which dropout draws its numbers faster.

    It makes no difference otherwise: outputs, gradients and the state of the random
    generator are the same, bit for bit.
    """

    def __init__(self, model: nn.Module) -> None:
        """Initializes the context for a model on its device."""
        on_cpu = next(model.parameters()).device.type == "cpu"
        # A change of context would compile a compiled model again.
        is_useful = on_cpu and not _is_compiled(model) and _draws_the_same()
        self._mode = _DropoutMode() if is_useful else None

    def __call__(self) -> AbstractContextManager[Any]:
        """Returns the context for one forward pass."""
        if self._mode is not None and self._mode.was_in_vain:
            self._mode = None  # It costs a little with every operation.
        return nullcontext() if self._mode is None else self._mode


class _DropoutMode(TorchFunctionMode):
    """Replaces `torch.nn.functional.dropout`, which `nn.Dropout` calls as well."""

    def __init__(self) -> None:
        super().__init__()
        self._has_run = False
        self._has_drawn = False

    @property
    def was_in_vain(self) -> bool:
        """Whether there was a pass, and nothing in it to be faster at."""
        return self._has_run and not self._has_drawn

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        self._has_run = True
        if func is F.dropout and not _is_traced():
            found = self._dropout(*args, **(kwargs or {}))
            if found is not None:
                return found
        return func(*args, **(kwargs or {}))

    def _dropout(
        self,
        input: torch.Tensor,
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
    ) -> torch.Tensor | None:
        """Returns what dropout does; None leaves it to torch."""
        is_plain = type(input) is torch.Tensor and input.device.type == "cpu"
        if not (is_plain and training and 0.0 < p < 1.0):
            return None
        if input.numel() < _SMALLEST_SIZE or not input.is_floating_point():
            return None
        self._has_drawn = True
        noise = draw_noise(input, 1.0 - p)
        return input.mul_(noise) if inplace else input * noise


def draw_noise(like: torch.Tensor, keep: float) -> torch.Tensor:
    """Draws what dropout multiplies by: 0, or 1 / keep with probability `keep`.

    It is what `torch.empty_like(like).bernoulli_(keep).div_(keep)` gives, with the same
    state of the random generator afterwards.

    Args:
        like: A tensor of the shape, dtype and layout to return.
        keep: The probability, above 0 and below 1.
    """
    noise = torch.empty_like(like, requires_grad=False)
    kept = torch.ones((), dtype=like.dtype).div_(keep)
    # bernoulli_ compares the lowest 53 bits, as a fraction of 1, to `keep`.
    fraction, limit = 2**_FRACTION_BITS - 1, math.ceil(keep * 2**_FRACTION_BITS)
    in_memory_order = noise.as_strided((noise.numel(),), (1,))
    for part in torch.split(in_memory_order, _CHUNK_SIZE):
        bits = torch.empty(len(part), dtype=torch.int64).random_(_LEAST_INT64, None)
        torch.mul(bits.bitwise_and_(fraction) < limit, kept, out=part)
    return noise


def _is_traced() -> bool:
    """Whether this is the tracing of a compiler, or within vmap and the like."""
    if torch.compiler.is_compiling():
        return True
    is_active: bool = torch._C._are_functorch_transforms_active()
    return is_active


def _is_compiled(model: nn.Module) -> bool:
    return any(
        module._compiled_call_impl is not None or hasattr(module, "_orig_mod")
        for module in model.modules()
    )


def _draws_the_same() -> bool:
    """Tries on a few numbers whether this torch draws as `draw_noise` takes it to."""
    like, keep = torch.empty(64), 0.7
    before = torch.get_rng_state()
    try:
        expected = torch.empty_like(like).bernoulli_(keep).div_(keep)
        state = torch.get_rng_state()
        torch.set_rng_state(before)
        is_same = torch.equal(draw_noise(like, keep), expected)
        return is_same and torch.equal(torch.get_rng_state(), state)
    finally:
        torch.set_rng_state(before)
