"""Optimizers and schedules by the name that a user's file registers."""

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim.lr_scheduler import StepLR

from oumi_runtime.builders import build_lr_scheduler, build_optimizer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.exceptions import (
    ConfigError,
    ModelBuildError,
    RegisteredValueError,
    UnknownNameError,
)


def test_a_registered_optimizer_gets_the_trainable_parameters_and_the_section() -> None:
    @register("Slow", RegistryType.OPTIMIZER)
    def slow(parameters, params):
        return SGD(parameters, lr=params.learning_rate / 10)

    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    optimizer = build_optimizer(
        model, TrainingParams(optimizer="slow", learning_rate=0.5)
    )
    (group,) = optimizer.param_groups
    assert isinstance(optimizer, SGD)
    assert group["lr"] == 0.05
    assert [id(p) for p in group["params"]] == [id(model.weight)]


def test_a_registered_optimizer_may_be_a_class() -> None:
    @register("Slower", RegistryType.OPTIMIZER)
    class Slower(SGD):
        def __init__(self, params, lr=0.1, momentum=0.0, factor=1.0):
            super().__init__(params, lr=lr * factor, momentum=momentum)

    params = TrainingParams(
        optimizer="Slower", learning_rate=0.5, optimizer_kwargs={"factor": 0.1}
    )
    (group,) = build_optimizer(nn.Linear(2, 2), params).param_groups
    assert group["lr"] == pytest.approx(0.05)
    params.optimizer_kwargs = {"faktor": 0.1}
    with pytest.raises(ConfigError, match="Slower takes no 'faktor'"):
        build_optimizer(nn.Linear(2, 2), params)


def test_a_registered_schedule_may_be_a_class() -> None:
    @register("Steps", RegistryType.LR_SCHEDULER)
    class Steps(StepLR):
        pass

    optimizer = SGD(nn.Linear(2, 2).parameters(), lr=1.0)
    options = {"step_size": 1, "gamma": 0.5}
    params = TrainingParams(lr_scheduler_type="Steps", lr_scheduler_kwargs=options)
    schedule = build_lr_scheduler(optimizer, params, 4)
    optimizer.step()
    schedule.step()
    assert schedule.get_last_lr() == [0.5]
    params.lr_scheduler_kwargs = {"gamma": 0.5}
    with pytest.raises(ConfigError, match="Steps also needs step_size"):
        build_lr_scheduler(optimizer, params, 4)


def test_a_registered_schedule_is_told_how_many_steps_there_are() -> None:
    @register("Halves", RegistryType.LR_SCHEDULER)
    def halves(optimizer, params, num_training_steps):
        return StepLR(optimizer, step_size=num_training_steps // 2, gamma=0.5)

    optimizer = SGD(nn.Linear(2, 2).parameters(), lr=1.0)
    schedule = build_lr_scheduler(
        optimizer, TrainingParams(lr_scheduler_type="halves"), 4
    )
    rates = []
    for _ in range(4):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    assert rates == [1.0, 1.0, 0.5, 0.5]


@pytest.mark.parametrize("kind", [RegistryType.OPTIMIZER, RegistryType.LR_SCHEDULER])
def test_what_makes_something_else_is_named(kind: RegistryType) -> None:
    register("Odd", kind)(lambda *_: "nothing")
    model = nn.Linear(2, 2)
    params = TrainingParams()
    if kind is RegistryType.OPTIMIZER:
        params.optimizer = "odd"
    else:
        params.lr_scheduler_type = "odd"
    with pytest.raises(
        RegisteredValueError,
        match=f"the {kind.value} 'odd' returned an object of type str",
    ):
        build_lr_scheduler(build_optimizer(model, params), params, 2)


def test_a_name_that_nobody_registers_is_said_with_the_nearest() -> None:
    register("MyLion", RegistryType.OPTIMIZER)(SGD)
    params = TrainingParams(optimizer="mylyon")
    with pytest.raises(UnknownNameError, match="did you mean 'MyLion'"):
        build_optimizer(nn.Linear(2, 2), params)


def test_a_model_without_a_trainable_parameter_has_no_optimizer() -> None:
    model = nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(ModelBuildError, match="Linear has no parameter to train"):
        build_optimizer(model, TrainingParams())


def test_adamw_is_the_default_and_adamw_torch() -> None:
    for name in ("adamw", "adamw_torch", "adamw_torch_fused"):
        optimizer = build_optimizer(nn.Linear(2, 2), TrainingParams(optimizer=name))
        assert type(optimizer) is torch.optim.AdamW
