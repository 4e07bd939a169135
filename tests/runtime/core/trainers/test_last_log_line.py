"""The steps after the last log line are logged at the end, as one more line."""

import pytest

from oumi_runtime.core.configs import TrainerType
from oumi_runtime.core.trainers.callbacks import TrainingCallback, TrainingState


@pytest.mark.parametrize("trainer_type", [TrainerType.OUMI, TrainerType.HF])
def test_the_last_step_is_logged_with_the_mean_since_the_last_line(
    make_trainer, trainer_type
) -> None:
    settings = {"trainer_type": trainer_type, "max_steps": 8}
    each_step, single = make_trainer(**settings)
    each_step.train()
    trainer, recorder = make_trainer(**{**settings, "logging_steps": 5})
    trainer.train()
    assert sorted(recorder.losses) == [5, 8]
    since = [single.losses[step] for step in (6, 7, 8)]
    assert recorder.losses[8] == pytest.approx(sum(since) / 3, rel=1e-4)


def test_a_run_that_does_not_log_does_not_log_its_last_step_either(make_trainer):
    trainer, recorder = make_trainer(max_steps=8, logging_strategy="no")
    trainer.train()
    assert recorder.losses == {}


class StopAfter(TrainingCallback):
    """Asks to stop after a step, or after the evaluation that follows it."""

    def __init__(self, step: int, *, waits: bool = False) -> None:
        self.step, self.waits = step, waits

    def on_step_end(self, state: TrainingState) -> None:
        if state.global_step == self.step and not self.waits:
            state.requests.stop = "a test"

    def on_log(self, state: TrainingState, metrics: dict[str, float]) -> None:
        if state.global_step == self.step and "eval_loss" in metrics:
            state.requests.stop = "a test"


@pytest.mark.parametrize("trainer_type", [TrainerType.OUMI, TrainerType.HF])
@pytest.mark.parametrize("waits", [False, True], ids=["step", "evaluation"])
def test_the_steps_before_a_stop_are_logged(make_trainer, trainer_type, waits) -> None:
    settings = {"trainer_type": trainer_type, "max_steps": 12}
    each_step, single = make_trainer(**settings)
    each_step.train()
    settings |= {"logging_steps": 5, "eval_strategy": "steps", "eval_steps": 4}
    stop = StopAfter(8, waits=waits)
    trainer, recorder = make_trainer(**settings, more_callbacks=[stop])
    trainer.train()
    assert sorted(recorder.losses) == [5, 8]
    since = [single.losses[step] for step in (6, 7, 8)]
    assert recorder.losses[8] == pytest.approx(sum(since) / 3, rel=1e-4)


def test_a_stop_after_a_logged_step_adds_no_line(make_trainer) -> None:
    settings = {"max_steps": 12, "logging_steps": 4}
    trainer, recorder = make_trainer(**settings, more_callbacks=[StopAfter(8)])
    trainer.train()
    assert sorted(recorder.losses) == [4, 8]
