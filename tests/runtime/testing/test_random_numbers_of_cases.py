"""What is drawn after a model or a batch is made does not depend on what was before."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from other_styles import sound_case
from sound_models import SOUND

from oumi_runtime.testing import CHECKS, ModelCase

CASES = {**SOUND, "masked_lm": sound_case("masked_lm")}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("make", [ModelCase.model, ModelCase.batch, ModelCase.inputs])
def test_the_first_time_is_like_the_second(make: Callable[..., Any], name: str):
    case = replace(CASES[name])  # One of which nothing is known yet.
    states: list[torch.Tensor] = []
    for _ in range(2):
        make(case)
        states.append(torch.get_rng_state())
    assert states[0].equal(states[1])


@pytest.mark.parametrize("name", ["cnn", "sound"])
def test_a_check_may_be_the_first(name: str):
    (check,) = (c for c in CHECKS if c.name == "same_seed_gives_the_same_training")
    check(replace(CASES[name]))
