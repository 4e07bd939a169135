"""The average of the weights is measured and saved; the training does not see it."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from oumi_runtime.core.trainers.optimizers.weight_average import WeightAverage
from oumi_runtime.exceptions import CheckpointError


def run(trainer, resume_from: str | None = None) -> None:
    torch.manual_seed(1)
    trainer.train(resume_from)


def test_it_is_the_mean_that_the_formula_gives() -> None:
    model = nn.Linear(2, 1)
    average, expected = WeightAverage(model, 0.5), model.weight.detach().clone()
    for n in range(1, 30):
        with torch.no_grad():
            model.weight.add_(torch.randn(1, 2))
        average.update()
        decay = min(0.5, (1 + n) / (10 + n))
        expected = decay * expected + (1 - decay) * model.weight.detach()
    raw = model.weight.detach().clone()
    with average.applied():
        torch.testing.assert_close(model.weight.detach(), expected)
    assert torch.equal(model.weight, raw)


def test_small_steps_are_not_lost_in_16_bits() -> None:
    model = nn.Linear(1, 1, bias=False).to(torch.bfloat16)
    with torch.no_grad():
        model.weight.fill_(1.0)
    average = WeightAverage(model, 0.999)
    average._num_updates = 100_000
    with torch.no_grad():
        model.weight.fill_(2.0)
    for _ in range(1000):
        average.update()
    with average.applied():
        assert model.weight.item() == pytest.approx(2 - 0.999**1000, abs=0.01)


def test_the_training_is_the_same_with_and_without(make_trainer) -> None:
    without, losses = make_trainer()
    averaged, same_losses = make_trainer(ema_decay=0.9, eval_strategy="epoch")
    run(without)
    run(averaged)
    assert same_losses.losses == losses.losses
    for one, other in zip(
        without.model.parameters(), averaged.model.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_the_average_is_measured_and_saved(make_trainer, tmp_path) -> None:
    plain, _ = make_trainer()
    averaged, _ = make_trainer(ema_decay=0.9)
    for trainer in (plain, averaged):
        run(trainer)
    assert averaged.evaluate() != plain.evaluate()
    averaged.save_model(tmp_path / "model")
    saved = load_file(tmp_path / "model" / "model.safetensors")
    with averaged.parts.average.applied():
        for name, weight in averaged.model.state_dict().items():
            assert torch.equal(saved[name], weight)


def test_going_on_from_a_checkpoint_is_exact(make_trainer, tmp_path) -> None:
    straight, _ = make_trainer(ema_decay=0.9)
    run(straight)
    first, _ = make_trainer(ema_decay=0.9, save_steps=9)
    run(first)
    second, _ = make_trainer(ema_decay=0.9)
    run(second, str(tmp_path / "output" / "checkpoint-9"))
    with straight.averaged(), second.averaged():
        for one, other in zip(
            straight.model.parameters(), second.model.parameters(), strict=True
        ):
            assert torch.equal(one, other)


def test_a_checkpoint_without_an_average_is_refused(make_trainer, tmp_path) -> None:
    first, _ = make_trainer(save_steps=9)
    run(first)
    second, _ = make_trainer(ema_decay=0.9)
    with pytest.raises(CheckpointError, match=r"without training\.ema_decay"):
        run(second, str(tmp_path / "output" / "checkpoint-9"))
