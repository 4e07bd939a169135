"""The optimizers that a config names, over what is to be trained."""

import sys
from types import ModuleType

import pytest
import torch
from torch import nn

from oumi_runtime.builders import build_optimizer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.exceptions import ConfigError, MissingExtraError, OumiRuntimeError


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


def test_lion_moves_every_weight_alike_as_its_paper_says() -> None:
    net, reference = model(), model()
    config = TrainingParams(optimizer="lion", learning_rate=0.01, weight_decay=0.1)
    optimizer = build_optimizer(net, config)
    means = [torch.zeros_like(p) for p in reference.parameters()]
    for _ in range(4):
        reference.zero_grad()
        reference(torch.ones(2, 3)).square().sum().backward()
        with torch.no_grad():
            for weight, mean in zip(reference.parameters(), means, strict=True):
                direction = (0.9 * mean + 0.1 * weight.grad).sign()
                weight.mul_(1 - 0.01 * 0.1).sub_(0.01 * direction)
                mean.mul_(0.99).add_(0.01 * weight.grad)
        optimizer.zero_grad()
        net(torch.ones(2, 3)).square().sum().backward()
        optimizer.step()
    for one, other in zip(net.parameters(), reference.parameters(), strict=True):
        torch.testing.assert_close(one, other)


class Language(nn.Module):
    def __init__(self, *, tied: bool) -> None:
        super().__init__()
        self.embedding = nn.Embedding(5, 4)
        self.hidden = nn.Linear(4, 4)
        self.norm = nn.LayerNorm(4)
        self.head = nn.Linear(4, 5, bias=False)
        if tied:
            self.head.weight = self.embedding.weight

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return self.head(self.norm(self.hidden(self.embedding(ids))))


@pytest.mark.parametrize("tied", [False, True])
def test_muon_is_for_the_matrices_inside_and_adamw_for_the_rest(tied) -> None:
    net = Language(tied=tied)
    optimizer = build_optimizer(net, TrainingParams(optimizer="muon"))
    inside = [g["params"] for g in optimizer.param_groups if g["is_muon"]]
    rest = [g["params"] for g in optimizer.param_groups if not g["is_muon"]]
    assert [id(p) for (p,) in inside] == [id(net.hidden.weight)]
    assert sum(map(len, rest)) == len(list(net.parameters())) - 1


def test_muon_steps_as_torchs_own_two_do_and_goes_on_from_a_state() -> None:
    torch.manual_seed(0)
    net, theirs = Language(tied=False), Language(tied=False)
    theirs.load_state_dict(net.state_dict())
    config = TrainingParams(optimizer="muon", learning_rate=0.02, weight_decay=0.1)
    optimizer = build_optimizer(net, config)
    rest = [p for p in theirs.parameters() if p is not theirs.hidden.weight]
    both = [
        torch.optim.Muon(
            [theirs.hidden.weight], 0.02, 0.1, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(rest, 0.02, weight_decay=0.1),
    ]
    for number in range(6):
        for each, steppers in ((net, [optimizer]), (theirs, both)):
            each.zero_grad()
            each(torch.arange(5)).square().sum().backward()
            for stepper in steppers:
                stepper.step()
        if number == 3:
            state = optimizer.state_dict()
            optimizer = build_optimizer(net, config)
            optimizer.load_state_dict(state)
    for one, other in zip(net.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one, other)


def test_optimizer_kwargs_reach_the_optimizer() -> None:
    kwargs = {"amsgrad": True, "betas": [0.5, 0.6]}
    config = TrainingParams(optimizer="adam", optimizer_kwargs=kwargs)
    assert build_optimizer(model(), config).defaults["amsgrad"] is True
    assert build_optimizer(model(), config).defaults["betas"] == (0.5, 0.6)


@pytest.mark.parametrize(
    ("name", "kwargs", "sentence"),
    [
        (
            "adamw",
            {"amsgrd": True},
            r"AdamW takes no .amsgrd. \(did you mean",
        ),
        ("lion", {"betas": [1.5, 0.9]}, r"Lion betas are \[1.5, 0.9\]"),
        ("sgd", {"nesterov": True}, r"SGD Nesterov momentum requires"),
    ],
)
def test_arguments_that_an_optimizer_does_not_take_are_refused(name, kwargs, sentence):
    config = TrainingParams(optimizer=name, optimizer_kwargs=kwargs)
    with pytest.raises(ConfigError, match=sentence) as error:
        build_optimizer(model(), config)
    assert str(error.value).startswith("training.optimizer_kwargs: ")


@pytest.mark.parametrize(
    "name", ["adamw_8bit", "adam_8bit", "lion_8bit", "paged_adamw_8bit"]
)
def test_8_bit_optimizers_are_those_of_bitsandbytes(monkeypatch, name) -> None:
    made = type("Made", (torch.optim.SGD,), {})
    module = ModuleType("bitsandbytes.optim")

    def make(params, lr, weight_decay, **adam):
        assert bool(adam) is (name != "lion_8bit")
        return made(params, lr=lr, weight_decay=weight_decay)

    for known in ("AdamW8bit", "Adam8bit", "Lion8bit", "PagedAdamW8bit"):
        setattr(module, known, make)
    package = ModuleType("bitsandbytes")
    package.optim = module
    monkeypatch.setitem(sys.modules, "bitsandbytes", package)
    monkeypatch.setitem(sys.modules, "bitsandbytes.optim", module)
    config = TrainingParams(optimizer=name, learning_rate=0.1, weight_decay=0.2)
    optimizer = build_optimizer(model(), config)
    assert isinstance(optimizer, made)
    assert optimizer.defaults["weight_decay"] == 0.2


def test_without_bitsandbytes_the_extra_is_named(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(MissingExtraError, match=r"oumi-scaffold\[8bit\]"):
        build_optimizer(model(), TrainingParams(optimizer="adamw_8bit"))


def test_a_loaded_state_does_not_say_how_a_step_is_computed():
    optimizer = build_optimizer(model(), TrainingParams(learning_rate=0.5))
    state = optimizer.state_dict()
    (group,) = state["param_groups"]
    on_another_machine = {**group, "capturable": True, "fused": None, "lr": 0.25}
    optimizer.load_state_dict({**state, "param_groups": [on_another_machine]})
    (loaded,) = optimizer.param_groups
    assert (loaded["capturable"], loaded["fused"], loaded["lr"]) == (False, True, 0.25)


def test_momentum_in_float16_is_not_fused() -> None:
    """Where the first step overflows, torch's fused SGD goes on with unset memory."""
    for precision, is_fused in (("fp16", False), ("bf16", True), ("none", True)):
        params = TrainingParams(
            optimizer="sgd", sgd_momentum=0.9, mixed_precision_dtype=precision
        )
        optimizer = build_optimizer(model(), params)
        assert optimizer.defaults["fused"] is is_fused
