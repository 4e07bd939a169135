"""The optimizers that a config names, over what is to be trained."""

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_optimizer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.exceptions import OumiRuntimeError


def model() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))


def step(net: nn.Module, optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    for _ in range(3):
        optimizer.zero_grad()
        net(torch.ones(2, 3)).square().sum().backward()
        optimizer.step()
    return [parameter.detach() for parameter in net.parameters()]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (
            {"optimizer": "adamw_torch", "weight_decay": 0.1, "adam_beta1": 0.8},
            lambda p: torch.optim.AdamW(p, 0.01, (0.8, 0.999), 1e-8, 0.1),
        ),
        (
            {"optimizer": "adam", "adam_beta2": 0.9, "adam_epsilon": 1e-3},
            lambda p: torch.optim.Adam(p, 0.01, (0.9, 0.9), 1e-3, 0.0),
        ),
        (
            {"optimizer": "sgd", "sgd_momentum": 0.7, "weight_decay": 0.1},
            lambda p: torch.optim.SGD(p, 0.01, 0.7, weight_decay=0.1),
        ),
        (
            {"optimizer": "adafactor", "weight_decay": 0.1},
            lambda p: torch.optim.Adafactor(p, 0.01, weight_decay=0.1),
        ),
    ],
)
def test_a_step_is_that_of_torchs_own_optimizer(params, expected):
    ours, theirs = model(), model()
    built = build_optimizer(ours, TrainingParams(learning_rate=0.01, **params))
    reference = expected(theirs.parameters())
    assert type(built) is type(reference)
    for one, other in zip(step(ours, built), step(theirs, reference), strict=True):
        assert torch.allclose(one, other, atol=1e-7)


@pytest.mark.parametrize("name", ["adamw_torch", "adam", "sgd"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_it_is_fused_and_works_in_every_dtype(name, dtype):
    net = model().to(dtype)
    optimizer = build_optimizer(net, TrainingParams(optimizer=name))
    assert optimizer.defaults["fused"] is True
    before = [parameter.detach().clone() for parameter in net.parameters()]
    net(torch.ones(2, 3, dtype=dtype)).square().sum().backward()
    optimizer.param_groups[0]["lr"] = 0.5
    optimizer.step()
    for old, new in zip(before, net.parameters(), strict=True):
        assert not new.equal(old)
        assert new.isfinite().all()


def test_frozen_parameters_are_left_out():
    net = model()
    net[0].requires_grad_(False)
    optimizer = build_optimizer(net, TrainingParams())
    held = [p for group in optimizer.param_groups for p in group["params"]]
    assert [id(p) for p in held] == [id(p) for p in net[1].parameters()]


def test_a_model_without_anything_to_train_is_refused():
    with pytest.raises(
        OumiRuntimeError, match=r"Sequential has no .*parameter"
    ) as error:
        build_optimizer(model().requires_grad_(False), TrainingParams())
    assert isinstance(error.value, ValueError)
