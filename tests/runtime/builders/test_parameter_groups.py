"""Parameters are sorted by how they are trained; none is lost or trained twice."""

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_lr_scheduler, build_optimizer
from oumi_runtime.builders.parameter_groups import build_parameter_groups
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.exceptions import ModelBuildError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(3, 2)
        self.layers = nn.ModuleList(
            nn.ModuleDict({"fc": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
            for _ in range(2)
        )
        self.head = nn.Linear(2, 3)


def sorted_by(**training) -> dict[str, dict[str, float]]:
    """The rates of each parameter that differ from the config's."""
    net = Net()
    names = {id(p): name for name, p in net.named_parameters()}
    found: dict[str, dict[str, float]] = {}
    for group in build_parameter_groups(net, TrainingParams(**training)):
        rates = {name: value for name, value in group.items() if name != "params"}
        for parameter in group["params"]:
            assert names[id(parameter)] not in found
            found[names[id(parameter)]] = rates
    assert len(found) == len(names)
    return found


def test_without_wishes_there_is_one_group() -> None:
    assert all(rates == {} for rates in sorted_by().values())
    assert len(build_parameter_groups(Net(), TrainingParams())) == 1


def test_norms_and_biases_can_be_left_without_decay() -> None:
    rates = sorted_by(weight_decay=0.1, weight_decay_on_norms_and_biases=False)
    spared = {name for name, own in rates.items() if own == {"weight_decay": 0.0}}
    assert spared == {
        "head.bias",
        *(f"layers.{n}.fc.bias" for n in "01"),
        *(f"layers.{n}.norm.{p}" for n in "01" for p in ("weight", "bias")),
    }


def test_the_first_group_that_names_a_parameter_holds_for_it() -> None:
    rates = sorted_by(
        weight_decay_on_norms_and_biases=False,
        parameter_groups=[
            {"parameters": ["layers.0"], "learning_rate": 0.1},
            {"parameters": ["*.fc.*", "head"], "weight_decay": 0.5},
        ],
    )
    assert rates["layers.0.fc.weight"] == {"lr": 0.1}
    assert rates["layers.0.fc.bias"] == {"lr": 0.1, "weight_decay": 0.0}
    assert rates["layers.1.fc.weight"] == {"weight_decay": 0.5}
    assert rates["head.bias"] == {"weight_decay": 0.5}
    assert rates["embedding.weight"] == {}


def test_frozen_parameters_are_in_no_group() -> None:
    net = Net()
    net.embedding.requires_grad_(False)
    groups = build_parameter_groups(
        net, TrainingParams(parameter_groups=[{"parameters": ["*"], "weight_decay": 1}])
    )
    held = [id(p) for group in groups for p in group["params"]]
    assert len(held) == len(list(net.parameters())) - 1
    assert id(net.embedding.weight) not in held


def test_the_schedule_scales_the_rate_of_every_group() -> None:
    config = TrainingParams(
        learning_rate=1.0,
        parameter_groups=[{"parameters": ["head"], "learning_rate": 0.1}],
    )
    optimizer = build_optimizer(Net(), config)
    schedule = build_lr_scheduler(optimizer, config, 4)
    optimizer.step()
    schedule.step()
    assert [g["lr"] for g in optimizer.param_groups] == pytest.approx([0.75, 0.075])


def test_a_pattern_that_names_nothing_is_refused() -> None:
    config = TrainingParams(
        parameter_groups=[{"parameters": ["embeding"], "learning_rate": 0.1}]
    )
    with pytest.raises(ModelBuildError, match=r"groups\[0\].*mean 'embedding'"):
        build_parameter_groups(Net(), config)


def test_every_optimizer_trains_with_groups() -> None:
    for name in ("adamw", "adam", "sgd", "adafactor", "lion", "muon"):
        torch.manual_seed(0)
        net = Net()
        config = TrainingParams(
            optimizer=name,
            learning_rate=0.1,
            parameter_groups=[{"parameters": ["*"], "learning_rate": 0.2}],
        )
        optimizer = build_optimizer(net, config)
        before = [p.detach().clone() for p in net.parameters()]
        for parameter in net.parameters():
            parameter.grad = torch.randn(parameter.shape)
        optimizer.step()
        for old, new in zip(before, net.parameters(), strict=True):
            assert not torch.equal(old, new), name
