"""What a step changes on the host is found: random generators, numbers of modules."""

import math
import random
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from oumi_runtime.core.trainers.steps.host_state import HostState


@pytest.fixture
def model() -> nn.Module:
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.BatchNorm1d(2)))
    model[1].longest, model[1].gap = 4, math.nan
    return model


@pytest.mark.parametrize(
    ("draw", "of"),
    [
        (random.random, "Python's random module"),
        (np.random.rand, "NumPy"),
        (lambda: torch.rand(()), "the CPU"),
    ],
    ids=["random", "numpy", "torch"],
)
def test_random_numbers(model: nn.Module, draw: Callable[[], object], of: str) -> None:
    draw()  # NumPy then makes 624 numbers in advance
    host = HostState(model)
    draw()
    assert host.changed() == f"a step draws random numbers of {of}"


def test_a_number_of_a_module(model: nn.Module) -> None:
    host = HostState(model)
    model[1].longest += 1
    assert host.changed() == "a step changes longest of 1"
    host = HostState(model)
    model.eval()
    assert host.changed() == "a step changes training of the model"


def test_what_a_usual_step_changes_does_not_count(model: nn.Module) -> None:
    host = HostState(model)
    model(torch.ones(4, 2)).sum().backward()
    model[1].noticed = "for the first time"
    assert host.changed() is None
