"""What a saved model asks for is held to what its files hold."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from oumi_runtime.core.models.allocation_budget import (
    AllocationBudget,
    BudgetExceededError,
)
from oumi_runtime.core.models.reading import first_not_finite
from oumi_runtime.exceptions import SavedModelError
from oumi_runtime.models import MLPEncoder


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    MLPEncoder(50, 8, 3).save_pretrained(tmp_path)
    return tmp_path


def change_arguments(folder: Path, **arguments: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    config["init_kwargs"].update(arguments)
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    "arguments",
    [
        {"input_dim": 10**12},
        {"input_dim": 10**9},
        {"hidden_dim": 10**5},
        {"input_dim": 10**30},
    ],
)
def test_a_model_far_larger_than_its_weights_is_not_allocated(saved, arguments) -> None:
    change_arguments(saved, **arguments)
    with pytest.raises(SavedModelError, match=r"far larger|cannot be created from"):
        MLPEncoder.from_pretrained(saved)


def test_a_model_somewhat_larger_than_its_weights_does_not_fit(saved: Path) -> None:
    change_arguments(saved, hidden_dim=16)
    with pytest.raises(SavedModelError, match="does not fit MLPEncoder"):
        MLPEncoder.from_pretrained(saved)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_named(saved: Path, value: float) -> None:
    model = MLPEncoder.from_pretrained(saved)
    name, weight = list(model.named_parameters())[-1]
    with torch.no_grad():
        weight[-1] = value
    model.save_pretrained(saved)
    with pytest.raises(SavedModelError, match=f"NaN or infinity in {name}"):
        MLPEncoder.from_pretrained(saved)
    MLPEncoder.from_pretrained(saved, strict=False)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_every_float_is_looked_at(dtype: torch.dtype) -> None:
    good = torch.full((300,), torch.finfo(dtype).max, dtype=dtype)
    bad = good.clone()
    bad[150] = float("nan")
    assert first_not_finite([("good", good), ("int", torch.ones(1).int())]) is None
    assert first_not_finite([("good", good), ("bad", bad)]) == "bad"


@pytest.mark.parametrize(
    "allocate",
    [
        lambda: torch.empty(10**12),
        lambda: torch.zeros(10**6, 10**6),
        lambda: torch.ones(2**33),
        lambda: torch.full((10**11,), 1.0),
        lambda: torch.rand(10**11),
        lambda: torch.randn(10**11),
        lambda: torch.randint(5, (10**11,)),
        lambda: torch.arange(10**12),
        lambda: torch.eye(10**6),
        lambda: torch.linspace(0, 1, 10**11),
        lambda: torch.ones(2).repeat(10**11),
        lambda: nn.Linear(10**6, 10**6),
        lambda: nn.Embedding(10**10, 64),
        lambda: [nn.Linear(1, 1) for _ in range(200)],
    ],
)
def test_nothing_beyond_the_budget_is_allocated(allocate) -> None:
    budget = AllocationBudget(2**20, 100)
    with pytest.raises(BudgetExceededError), budget:
        allocate()


def test_within_the_budget_everything_is_as_without_it() -> None:
    torch.manual_seed(1)
    expected = MLPEncoder(50, 8, 3).state_dict()
    torch.manual_seed(1)
    with AllocationBudget(2**20, 100):
        made = MLPEncoder(50, 8, 3).state_dict()
    assert all(torch.equal(made[name], expected[name]) for name in expected)
