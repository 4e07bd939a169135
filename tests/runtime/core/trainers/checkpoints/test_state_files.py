"""States survive the way through safetensors and JSON."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from oumi_runtime.core.trainers.checkpoints.snapshot import Snapshot
from oumi_runtime.core.trainers.checkpoints.state_files import (
    load_state_tree,
    random_state,
    set_random_state,
    state_files,
)
from oumi_runtime.exceptions import CheckpointError


def through_files(tree: object, folder: Path) -> object:
    Snapshot(0, state_files(tree, "state")).write_to(folder)
    return load_state_tree(folder, "state")


def test_plain_values_keep_their_types(tmp_path: Path) -> None:
    tree = {1: (None, True, 2, 0.1), "a": [1, {"b": ()}], (1, "x"): -0.0}
    assert through_files(tree, tmp_path) == tree


@pytest.mark.parametrize("optimizer_class", [torch.optim.AdamW, torch.optim.SGD])
def test_an_optimizer_goes_on_exactly(tmp_path: Path, optimizer_class: type) -> None:
    def make() -> tuple[nn.Module, torch.optim.Optimizer]:
        torch.manual_seed(0)
        model = nn.Linear(3, 2)
        return model, optimizer_class(model.parameters(), lr=0.1)

    def step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
        optimizer.zero_grad()
        model(torch.ones(1, 3)).square().sum().backward()
        optimizer.step()

    model, optimizer = make()
    step(model, optimizer)
    state = through_files(optimizer.state_dict(), tmp_path)
    other, resumed = make()
    other.load_state_dict(model.state_dict())
    resumed.load_state_dict(state)
    step(model, optimizer)
    step(other, resumed)
    assert torch.equal(model.weight, other.weight)


def test_random_numbers_go_on_exactly(tmp_path: Path) -> None:
    def draw() -> list[float]:
        return [
            random.random(),
            np.random.rand(),
            np.random.randn(),
            torch.rand(1).item(),
        ]

    random.seed(1)
    np.random.seed(2)
    torch.manual_seed(3)
    draw()
    state = through_files(random_state(), tmp_path)
    expected = [draw(), draw()]
    set_random_state(state)
    assert [draw(), draw()] == expected


def test_what_is_not_plain_is_refused() -> None:
    with pytest.raises(TypeError, match="a set cannot be saved"):
        state_files({"x": {1, 2}}, "state")


def test_what_changes_later_is_not_in_the_copy(tmp_path: Path) -> None:
    weight = torch.ones(3)
    files = state_files({"weight": weight}, "state")
    weight.zero_()
    Snapshot(0, files).write_to(tmp_path)
    assert torch.equal(load_state_tree(tmp_path, "state")["weight"], torch.ones(3))


@pytest.mark.parametrize(
    "text",
    [
        '{"tensor": "t9"}',
        '{"tensor": "t0", "tuple": []}',
        '{"dict": [[1]]}',
        '{"dict": 3}',
        '{"dict": [[{"dict": []}, 1]]}',
        "[" * 100_000,
        "not JSON",
    ],
)
def test_a_file_that_holds_no_state_is_refused(tmp_path: Path, text: str) -> None:
    Snapshot(0, state_files({"x": torch.ones(1)}, "state")).write_to(tmp_path)
    (tmp_path / "state.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"state\.json"):
        load_state_tree(tmp_path, "state")
