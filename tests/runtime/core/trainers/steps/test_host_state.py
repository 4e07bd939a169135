"""What changes on the host is found: random generators, settings, options."""

import math
import random
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from oumi_runtime.core.trainers.steps.host_state import (
    HostState,
    options_of,
    random_generators,
    settings_of,
)


@pytest.fixture
def model() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2)))
    model[1].longest, model[1].gap = 4, math.nan
    return model


@pytest.mark.parametrize(
    ("draw", "of"),
    [
        (random.random, "Python"),
        (np.random.rand, "NumPy"),
        (lambda: torch.rand(()), "the CPU"),
    ],
    ids=["random", "numpy", "torch"],
)
def test_random_numbers(draw: Callable[[], object], of: str) -> None:
    draw()  # NumPy then makes 624 numbers in advance
    host = HostState(random_generators)
    assert host.changed() is None
    draw()
    assert host.changed() == f"the random numbers of {of}"


def test_settings_of_a_model(model: nn.Module) -> None:
    def change_of(change: Callable[[], object]) -> str | None:
        host = HostState(partial(settings_of, model))
        change()
        return host.changed()

    assert change_of(lambda: setattr(model[1], "longest", 5)) == "longest of 1"
    assert change_of(model.eval) == "training of the model"
    frozen = change_of(lambda: model[0].bias.requires_grad_(False))
    assert frozen == "requires_grad of 0.bias"


def test_options_but_not_the_rates_of_an_optimizer(model: nn.Module) -> None:
    optimizer = torch.optim.AdamW(model.parameters())
    host = HostState(partial(options_of, optimizer))
    optimizer.param_groups[0]["lr"] = 0.5
    assert host.changed() is None
    optimizer.param_groups[0]["betas"] = (0.8, 0.99)
    assert host.changed() == "betas of parameter group 0"


def test_what_a_usual_step_changes_does_not_count(model: nn.Module) -> None:
    optimizer = torch.optim.AdamW(model.parameters())
    sources = partial(settings_of, model), partial(options_of, optimizer)
    host = HostState(random_generators, *sources)
    model(torch.ones(4, 2)).sum().backward()
    optimizer.step()
    model[1].noticed = "for the first time"
    assert host.changed() is None
