"""A model that draws in evaluation is measured with the same numbers each time."""

import random

import numpy as np
import pytest
import torch

from oumi_runtime.core.configs import TrainerType

TRAINERS = [TrainerType.OUMI, TrainerType.HF]


@pytest.fixture
def drawing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has dropout add noise in evaluation, from every generator."""
    plain = torch.nn.Dropout.forward

    def noisy(module: torch.nn.Dropout, x: torch.Tensor) -> torch.Tensor:
        if module.training:
            return plain(module, x)
        return x + torch.randn_like(x) * (1 + random.random() + np.random.rand())

    monkeypatch.setattr(torch.nn.Dropout, "forward", noisy)


@pytest.mark.usefixtures("drawing")
def test_two_evaluations_are_equal(make_trainer) -> None:
    trainer, _ = make_trainer()
    first = trainer.run_evaluation(lambda: None)
    torch.rand(3), random.random(), np.random.rand()
    assert trainer.run_evaluation(lambda: None) == first


@pytest.mark.usefixtures("drawing")
@pytest.mark.parametrize("trainer_type", TRAINERS)
@pytest.mark.parametrize("workers", [0, 1])
def test_how_often_is_evaluated_does_not_change_the_training(
    make_trainer, tmp_path, trainer_type: TrainerType, workers: int
) -> None:
    weights: list[list[torch.Tensor]] = []
    for name, fields in (("no", {}), ("yes", {"eval_strategy": "steps"})):
        trainer, recorder = make_trainer(
            trainer_type=trainer_type,
            output_dir=str(tmp_path / name),
            max_steps=6,
            eval_steps=2,
            save_steps=0,
            dataloader_num_workers=workers,
            **fields,
        )
        torch.manual_seed(3)
        trainer.train()
        assert bool(recorder.evaluations) == (name == "yes")
        weights.append([p.detach().clone() for p in trainer.model.parameters()])
    assert all(torch.equal(*pair) for pair in zip(*weights, strict=True))
