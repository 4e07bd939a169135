"""Clipping gives the bits of torch's own function."""

import pytest
import torch
from torch import nn

from oumi_runtime.core.trainers.steps.clipping import GradientClipper


def parameters(*dtypes: torch.dtype, scale: float = 1.0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    made = []
    for size, dtype in enumerate(dtypes, start=2):
        parameter = nn.Parameter(torch.zeros(size, 3, dtype=dtype))
        values = torch.randn(size, 3, generator=generator)
        parameter.grad = (scale * values).to(dtype)
        made.append(parameter)
    return made


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0, float("inf")])
@pytest.mark.parametrize(
    "dtypes",
    [
        [torch.float32] * 3,
        [torch.bfloat16] * 2,
        [torch.float32, torch.bfloat16],
        [torch.float64],
    ],
)
def test_norm_and_gradients_are_those_of_torch(dtypes, scale) -> None:
    ours, theirs = parameters(*dtypes, scale=scale), parameters(*dtypes, scale=scale)
    norm = GradientClipper(ours, 1.0)()
    expected = nn.utils.clip_grad_norm_(theirs, 1.0)
    assert torch.equal(norm, expected)
    for one, other in zip(ours, theirs, strict=True):
        assert torch.equal(one.grad.nan_to_num(7), other.grad.nan_to_num(7))


@pytest.mark.parametrize("max_norm", [None, 0.0])
def test_without_a_limit_the_norm_alone_is_computed(max_norm) -> None:
    made = parameters(torch.float32)
    before = made[0].grad.clone()
    assert GradientClipper(made, max_norm)() == pytest.approx(float(before.norm()))
    assert torch.equal(made[0].grad, before)


def test_parameters_without_a_gradient_are_passed_over() -> None:
    made = parameters(torch.float32, torch.float32)
    made[0].grad = None
    assert GradientClipper(made, 0.5)() > 0.5
    made[1].grad = None
    assert GradientClipper(made, 0.5)() == 0
