"""Tracing of recurrent layers for texts of any length.

Where torch only needs the shapes of what an LSTM or a GRU returns, it computes them
step by step, and the number of steps becomes a constant of the program.
"""

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch._decomp import decompositions


@contextmanager
def in_any_length() -> Generator[None]:
    """Lets torch know the shapes of recurrent layers without their steps.

    The program calls the layers as before. In a version of torch that lacks the
    functions replaced here, the length becomes a constant, which tracing refuses.
    """
    replaced = {"one_layer_lstm": _lstm_shapes, "one_layer_rnn": _rnn_shapes}
    with ExitStack() as stack:
        for name, new in replaced.items():
            if hasattr(decompositions, name):
                stack.enter_context(patch.object(decompositions, name, new))
        yield


def _lstm_shapes(
    inp: torch.Tensor, hidden: Any, *given: Any, **options: Any
) -> tuple[torch.Tensor, tuple[torch.Tensor, torch.Tensor]]:
    """Returns empty outputs, (sequence, batch, features), hidden states and cells."""
    hx, cx = hidden
    outputs = inp.new_empty(inp.shape[0], inp.shape[1], hx.shape[-1])
    return outputs, (torch.empty_like(hx), torch.empty_like(cx))


def _rnn_shapes(
    inp: torch.Tensor, hidden: torch.Tensor, *given: Any, **options: Any
) -> tuple[torch.Tensor, torch.Tensor]:
    """Returns empty outputs, (sequence, batch, features), and states."""
    outputs = inp.new_empty(inp.shape[0], inp.shape[1], hidden.shape[-1])
    return outputs, torch.empty_like(hidden)
