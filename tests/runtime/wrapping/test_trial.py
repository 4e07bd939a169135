"""A module is tried without leaving a trace."""

from functools import partial

import pytest
import torch
from torch import nn

from oumi_runtime.exceptions import WrappingError
from oumi_runtime.wrapping import Trial

SIZES = {"num_features": 3, "num_classes": 2}


class Noisy(nn.Module):
    """Draws numbers when it is made, and when it runs."""

    def __init__(self, num_outputs: int = 2) -> None:
        super().__init__()
        if num_outputs == 0:
            raise ValueError(f"no outputs, but {torch.rand(1)}")
        self.layer = nn.Linear(3, num_outputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer(x + torch.rand_like(x))


@pytest.mark.parametrize("num_outputs", [2, 5, 0])
def test_random_numbers_go_on_as_if_nothing_had_been_tried(num_outputs: int):
    before = torch.get_rng_state()
    task = "tabular-classification"
    try:
        make = partial(Noisy, num_outputs)
        Trial("noisy", make, f"num_outputs={num_outputs}", task, SIZES).interface()
    except WrappingError:
        assert num_outputs != 2
    else:
        assert num_outputs == 2
    assert torch.equal(torch.get_rng_state(), before)
