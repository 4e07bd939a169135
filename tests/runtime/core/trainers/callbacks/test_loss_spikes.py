"""A loss that jumps is told; one that is noisy or falls is not."""

import random

import pytest

from oumi_runtime.core.trainers.callbacks import TrainingState
from oumi_runtime.core.trainers.callbacks.loss_spikes import LossSpikes


def warnings_of(losses: list[float], caplog: pytest.LogCaptureFixture) -> list[str]:
    spikes = LossSpikes()
    for step, loss in enumerate(losses, start=1):
        spikes.on_log(TrainingState(100, 100, global_step=step), {"loss": loss})
        spikes.on_log(TrainingState(100, 100, global_step=step), {"eval_loss": 99.0})
    return caplog.messages


def test_a_jump_is_told_with_its_step(caplog) -> None:
    losses = [1.0 - 0.01 * n for n in range(20)] + [5.0] + [0.8] * 5
    (message,) = warnings_of(losses, caplog)
    assert message.startswith("the loss has jumped to 5 at step 21, from about 0.8")


def test_of_a_loss_that_always_jumps_only_higher_jumps_are_told(caplog) -> None:
    heights = [2.0, *[1.9] * 50, 9.0, *[8.0] * 50, 20.0]
    losses = [each for height in heights for each in ([0.1] * 20 + [height])]
    told = [message.split()[5] for message in warnings_of(losses, caplog)]
    assert told == ["2", "9", "20"]


@pytest.mark.parametrize(
    "losses",
    [
        [1 / n for n in range(1, 60)],
        [random.Random(1).uniform(0.2, 1.4) for _ in range(200)],
        [0.001 * random.Random(2).random() for _ in range(200)],
        [0.0] * 30 + [0.1],
        [1.0] * 5 + [9.0],
    ],
    ids=["falling", "noisy", "small", "none", "early"],
)
def test_nothing_is_said_of_what_is_usual(losses, caplog) -> None:
    assert warnings_of(losses, caplog) == []
