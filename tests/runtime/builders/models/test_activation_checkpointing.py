"""Activations computed again give the same training, and the same saved names."""

import pytest
import torch
from torch import nn

from oumi_runtime.builders.models.activation_checkpointing import checkpoint_activations
from oumi_runtime.exceptions import ModelBuildError


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.ReLU()) for _ in range(3)
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.first(x)
        for layer in self.layers:
            x = layer(x)
        return x


class Counted(nn.Module):
    """Counts how often it is run, and takes a keyword argument."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(4))
        self.runs = 0

    def forward(self, x: torch.Tensor, *, scale: float = 1.0) -> torch.Tensor:
        self.runs += 1
        return x * self.weight * scale


def gradients(model: nn.Module) -> list[torch.Tensor]:
    torch.manual_seed(3)
    model(torch.ones(2, 4, requires_grad=True)).square().sum().backward()
    return [p.grad for p in model.parameters()]


@pytest.mark.parametrize("options", [{}, {"modules": ["layers.*"]}, {"modules": ["*"]}])
@pytest.mark.parametrize("use_reentrant", [False, True])
def test_gradients_are_the_same_with_dropout_too(options, use_reentrant) -> None:
    torch.manual_seed(0)
    plain, saving = Net(), Net()
    saving.load_state_dict(plain.state_dict())
    checkpoint_activations(saving, {**options, "use_reentrant": use_reentrant})
    assert list(saving.state_dict()) == list(plain.state_dict())
    for one, other in zip(gradients(plain), gradients(saving), strict=True):
        assert torch.equal(one, other)


def test_only_the_named_modules_run_twice_and_only_in_training() -> None:
    model = nn.ModuleDict({"one": Counted(), "two": Counted()})
    assert checkpoint_activations(model, {"modules": ["two"]}) == 1
    model["two"](model["one"](torch.ones(4)), scale=2.0).sum().backward()
    assert (model["one"].runs, model["two"].runs) == (1, 2)
    with torch.no_grad():
        model["two"](torch.ones(4))
    assert model["two"].runs == 3


def test_a_module_inside_another_is_not_checkpointed_twice() -> None:
    assert checkpoint_activations(Net(), {"modules": ["layers.0", "layers.0.*"]}) == 1


def test_a_model_without_layers_is_told_what_it_has() -> None:
    model = nn.ModuleDict({"fc1": nn.Linear(2, 2), "relu": nn.ReLU()})
    with pytest.raises(ModelBuildError, match=r"such as modules: \[fc1\]"):
        checkpoint_activations(model, {})
    with pytest.raises(ModelBuildError, match=r"no module .* 'fc2' .*mean 'fc1'"):
        checkpoint_activations(model, {"modules": ["fc2"]})
