"""An evaluation that is left because the run is to end leaves no trace."""

import torch

from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState
from oumi_runtime.core.trainers.checkpoints.state_files import random_state


class InAHurry(TrainingCallback):
    """Has the run end before some batch of an evaluation."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.seen = 0

    def on_eval_batch(self, state: TrainingState) -> None:
        self.seen += 1
        if self.seen == self.batch:
            state.requests.stop, state.requests.hurry = "a test", True


def drawn() -> list[torch.Tensor]:
    return [random_state()["torch"]]


def test_the_training_is_as_it_was_before(make_trainer) -> None:
    hurry = InAHurry(batch=3)
    trainer, recorder = make_trainer(
        more_callbacks=[hurry],
        max_steps=6,
        eval_strategy="steps",
        eval_steps=3,
        per_device_eval_batch_size=4,
        ema_decay=0.5,
        save_steps=0,
    )
    weights: list[torch.Tensor] = []
    draw = torch.nn.Dropout.forward

    def spoil(module, x):  # An evaluation that draws, as one that samples does.
        if not module.training:
            torch.rand(3)
        return draw(module, x)

    torch.nn.Dropout.forward = spoil
    before = trainer.run_evaluation

    def noted(before_batch):
        weights.extend(p.clone() for p in trainer.model.parameters())
        weights.extend(drawn())
        return before(before_batch)

    trainer.run_evaluation = noted
    try:
        trainer.train()
    finally:
        torch.nn.Dropout.forward = draw
    assert hurry.seen == 3  # of 13 batches
    assert recorder.evaluations == {}
    assert trainer.state.global_step == 3
    assert trainer.model.training
    after = [*trainer.model.parameters(), *drawn()]
    assert all(torch.equal(*pair) for pair in zip(weights, after, strict=True))


def test_it_is_made_first_when_the_run_goes_on(make_trainer, tmp_path) -> None:
    fields = {"max_steps": 6, "eval_strategy": "steps", "eval_steps": 3}
    fields |= {"save_steps": 3, "per_device_eval_batch_size": 4}
    whole, expected = make_trainer(**fields, output_dir=str(tmp_path / "whole"))
    whole.train()
    cut, _ = make_trainer(**fields, more_callbacks=[InAHurry(batch=2)])
    cut.train()
    assert [m.metrics for _, m in cut.checkpoints.whole()] == [{}]
    again, recorder = make_trainer(**fields)
    again.train(str(cut.checkpoints.latest()))
    assert recorder.evaluations == expected.evaluations
    assert sorted(recorder.evaluations) == [3, 6]
    saved = {m.step: m.metrics for _, m in again.checkpoints.whole()}
    assert saved == expected.evaluations
