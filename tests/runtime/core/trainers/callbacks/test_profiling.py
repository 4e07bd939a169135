"""The profiler ends where a training ends, whatever it was about to do."""

from pathlib import Path

import pytest
from torch.profiler import profile

from oumi_runtime.core.configs import ProfilerParams
from oumi_runtime.core.trainers.callbacks.base_callback import TrainingState
from oumi_runtime.core.trainers.callbacks.profiling import Profiler


@pytest.fixture
def params() -> ProfilerParams:
    params = ProfilerParams(enable_cpu_profiling=True)
    params.schedule.enable_schedule = True
    return params


def run(profiler: Profiler, num_steps: int) -> None:
    state = TrainingState(total_steps=10, steps_per_epoch=10)
    profiler.on_train_begin(state)
    for _ in range(num_steps):
        profiler.on_step_end(state)
    profiler.on_train_end(state)


def test_nothing_is_begun_when_a_training_ends_in_the_warm_up(
    params: ProfilerParams, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []
    monkeypatch.setattr(profile, "start_trace", lambda _: begun.append(1))
    run(Profiler(params, tmp_path), num_steps=1)
    assert not begun
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("num_steps", [3, 9])
def test_the_next_training_is_recorded(
    params: ProfilerParams, tmp_path: Path, num_steps: int
) -> None:
    run(Profiler(params, tmp_path), num_steps=1)
    run(Profiler(params, tmp_path), num_steps)
    assert len(list(tmp_path.glob("*.trace.json"))) == 1
