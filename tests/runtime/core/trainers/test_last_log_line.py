"""The steps after the last log line are logged at the end, as one more line."""

import pytest

from oumi_runtime.core.configs import TrainerType


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
