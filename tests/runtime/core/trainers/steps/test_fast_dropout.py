"""Dropout draws the numbers that torch draws, and takes less time for it on a CPU."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.builders import build_trainer
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.trainers.steps import fast_dropout
from oumi_runtime.core.trainers.steps.fast_dropout import FastDropout

MODEL = nn.Linear(1, 1)
LARGE = 300_000  # More than two chunks.

pytestmark = pytest.mark.skipif(
    not fast_dropout._draws_the_same(), reason="this processor's dropout is another"
)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[torch.Size]:
    """The shapes that were drawn by ours."""
    shapes: list[torch.Size] = []
    draw = fast_dropout.draw_noise

    def noting(like: torch.Tensor, keep: float) -> torch.Tensor:
        if like.numel() != 64:  # Those of the trial.
            shapes.append(like.shape)
        return draw(like, keep)

    monkeypatch.setattr(fast_dropout, "draw_noise", noting)
    return shapes


def both(
    call: Callable[[], torch.Tensor],
) -> tuple[tuple[torch.Tensor, torch.Tensor], tuple[torch.Tensor, torch.Tensor]]:
    """What a call gives without and with it, and the random state after each."""
    torch.manual_seed(3)
    plain = call(), torch.get_rng_state()
    torch.manual_seed(3)
    with FastDropout(MODEL)():
        fast = call()
    return plain, (fast, torch.get_rng_state())


LAYOUTS: dict[str, Callable[[], torch.Tensor]] = {
    "contiguous": lambda: torch.randn(LARGE),
    "channels last": lambda: torch.randn(8, 16, 50, 50).to(
        memory_format=torch.channels_last
    ),
    "transposed": lambda: torch.randn(300, 1000).t(),
    "expanded": lambda: torch.randn(1, 1000).expand(300, 1000),
    "with gaps": lambda: torch.randn(300, 1000)[:, ::2],
    "bfloat16": lambda: torch.randn(LARGE).bfloat16(),
    "float64": lambda: torch.randn(LARGE).double(),
}


@pytest.mark.parametrize("p", [0.1, 1 / 3, 0.9])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_numbers_are_those_of_torch(layout, p, drawn) -> None:
    x = LAYOUTS[layout]()
    (expected, state), (found, state_after) = both(lambda: F.dropout(x, p))
    assert torch.equal(found, expected)
    assert found.stride() == expected.stride()
    assert found.dtype == expected.dtype
    assert torch.equal(state_after, state)
    assert drawn == [x.shape]


def test_the_gradients_are_those_of_torch(drawn) -> None:
    x = torch.randn(LARGE, requires_grad=True)

    def gradient() -> torch.Tensor:
        (found,) = torch.autograd.grad(F.dropout(x, 0.2).square().sum(), x)
        return found

    (expected, _), (found, _) = both(gradient)
    assert torch.equal(found, expected)
    assert len(drawn) == 1


def test_a_module_may_drop_in_place(drawn) -> None:
    module, x = nn.Dropout(0.2, inplace=True), torch.randn(LARGE)

    def dropped() -> torch.Tensor:
        given = x.clone()
        assert module(given) is given
        return given

    (expected, _), (found, _) = both(dropped)
    assert torch.equal(found, expected)
    assert len(drawn) == 1


@pytest.mark.parametrize(
    "call",
    [
        lambda: F.dropout(torch.ones(LARGE), 0.0),
        lambda: F.dropout(torch.ones(LARGE), 1.0),
        lambda: F.dropout(torch.ones(LARGE), 0.5, training=False),
        lambda: F.dropout(torch.ones(10), 0.5),
        lambda: nn.Dropout2d(0.5)(torch.ones(8, 8, 90, 90)),
    ],
)
def test_what_draws_little_is_left_to_torch(call, drawn) -> None:
    (expected, state), (found, state_after) = both(call)
    assert torch.equal(found, expected)
    assert torch.equal(state_after, state)
    assert drawn == []


def test_what_is_vectorized_is_left_to_torch(drawn) -> None:
    dropped = torch.func.vmap(F.dropout, randomness="different")
    (expected, _), (found, _) = both(lambda: dropped(torch.ones(2, LARGE)))
    assert torch.equal(found, expected)
    assert drawn == []


def test_what_is_compiled_is_left_to_the_compiler(drawn) -> None:
    x = torch.ones(LARGE)
    compiled = torch.compile(lambda x: F.dropout(x, 0.4), backend="aot_eager")
    (expected, _), (found, _) = both(lambda: compiled(x))
    assert torch.equal(found, expected)
    assert drawn == []


def test_a_wrong_probability_is_torchs_error() -> None:
    with FastDropout(MODEL)(), pytest.raises(ValueError, match="between 0 and 1"):
        F.dropout(torch.ones(LARGE), 1.5)


def test_it_costs_nothing_once_a_pass_had_no_dropout(drawn) -> None:
    dropout = FastDropout(MODEL)
    with dropout():
        torch.relu(torch.ones(3))
    with dropout():
        F.dropout(torch.ones(LARGE))
    assert drawn == []


def test_a_processor_that_draws_otherwise_is_left_alone(monkeypatch, drawn) -> None:
    draw = fast_dropout.draw_noise
    monkeypatch.setattr(fast_dropout, "draw_noise", lambda x, p: draw(x, p) * 2)
    dropout = FastDropout(MODEL)
    monkeypatch.setattr(fast_dropout, "draw_noise", draw)
    before = torch.get_rng_state()
    (expected, _), _ = both(lambda: F.dropout(torch.ones(LARGE)))
    torch.manual_seed(3)
    with dropout():
        assert torch.equal(F.dropout(torch.ones(LARGE)), expected)
    torch.set_rng_state(before)


def test_looking_at_the_processor_draws_nothing() -> None:
    before = torch.get_rng_state()
    FastDropout(MODEL)
    assert torch.equal(torch.get_rng_state(), before)


class Dropping(nn.Module):
    """Drops most of a wide layer."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 2000), nn.Dropout(0.9))
        self.last = nn.Linear(2000, 1)

    def forward(self, x: torch.Tensor, labels: torch.Tensor) -> dict[str, Any]:
        return {"loss": (self.last(self.layers(x)).squeeze(1) - labels).square().mean()}


@pytest.mark.parametrize("checkpointed", [False, True])
def test_a_training_ends_with_the_same_weights(
    checkpointed: bool, tmp_path: Path, drawn, monkeypatch
) -> None:
    columns = {"x": torch.randn(64, 4), "labels": torch.randn(64)}

    def trained(folder: str) -> nn.Module:
        params = TrainingParams(
            output_dir=str(tmp_path / folder),
            max_steps=6,
            per_device_train_batch_size=16,
            save_steps=0,
            enable_gradient_checkpointing=checkpointed,
            gradient_checkpointing_kwargs={"modules": ["layers"]},
        )
        torch.manual_seed(0)
        trainer = build_trainer(
            params, model=Dropping(), train_dataset=ColumnDataset(columns)
        )
        trainer.train()
        return trainer.model

    fast = trained("fast")
    assert len(drawn) == 6
    monkeypatch.setattr(fast_dropout, "_draws_the_same", lambda: False)
    plain = trained("plain")
    assert len(drawn) == 6
    for found, expected in zip(fast.parameters(), plain.parameters(), strict=True):
        assert torch.equal(found, expected)
