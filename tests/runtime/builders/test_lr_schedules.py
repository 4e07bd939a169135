"""Every schedule gives, at every step, the rate that transformers' gives."""

import pytest
import torch

from oumi_runtime.builders import build_lr_scheduler
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.exceptions import ConfigError

PEAK = 3e-3


def optimizer() -> torch.optim.Optimizer:
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=PEAK)


def rates(scheduler, num_steps: int) -> list[float]:
    seen = [scheduler.get_last_lr()[0]]
    for _ in range(num_steps - 1):
        scheduler.optimizer.step()
        scheduler.step()
        seen.append(scheduler.get_last_lr()[0])
    return seen


def ours(kind: str, num_steps: int, **params) -> list[float]:
    config = TrainingParams(learning_rate=PEAK, lr_scheduler_type=kind, **params)
    return rates(build_lr_scheduler(optimizer(), config, num_steps), num_steps)


@pytest.mark.parametrize(
    ("kind", "kwargs"),
    [
        ("linear", {}),
        ("cosine", {}),
        ("cosine", {"num_cycles": 1.5}),
        ("cosine_with_restarts", {}),
        ("cosine_with_restarts", {"num_cycles": 3}),
        ("cosine_with_min_lr", {"min_lr": 1e-4}),
        ("cosine_with_min_lr", {"min_lr_rate": 0.1}),
        ("cosine_with_min_lr", {"min_lr_rate": 0.1, "num_cycles": 1.0}),
        ("constant", {}),
        ("inverse_sqrt", {}),
        ("inverse_sqrt", {"timescale": 50}),
        ("polynomial", {}),
        ("polynomial", {"power": 2.0, "lr_end": 1e-4}),
    ],
)
@pytest.mark.parametrize(("warmup", "num_steps"), [(0, 1), (0, 20), (7, 33), (20, 20)])
def test_every_step_has_the_rate_of_transformers(kind, kwargs, warmup, num_steps):
    from transformers.optimization import get_scheduler

    theirs = get_scheduler(
        "constant_with_warmup" if kind == "constant" else kind,
        optimizer(),
        num_warmup_steps=warmup,
        num_training_steps=num_steps,
        scheduler_specific_kwargs=dict(kwargs),
    )
    seen = ours(kind, num_steps, warmup_steps=warmup, lr_scheduler_kwargs=kwargs)
    assert seen == pytest.approx(rates(theirs, num_steps), rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("decay_type", ["linear", "cosine", "1-sqrt"])
@pytest.mark.parametrize("floor", [0.0, 0.1])
def test_a_stable_schedule_decays_at_the_end_as_that_of_transformers(decay_type, floor):
    from transformers.optimization import get_wsd_schedule

    theirs = get_wsd_schedule(
        optimizer(),
        num_warmup_steps=0,
        num_decay_steps=7,
        num_training_steps=30,
        decay_type=decay_type,
        min_lr_ratio=floor,
    )
    kwargs = {"num_decay_steps": 7, "decay_type": decay_type, "min_lr_ratio": floor}
    seen = ours("warmup_stable_decay", 30, lr_scheduler_kwargs=kwargs)
    assert seen == pytest.approx(rates(theirs, 30), rel=1e-9, abs=1e-15)


def test_a_stable_schedule_warms_up_first_and_decays_over_a_share_of_the_rest():
    kwargs = {"decay_ratio": 0.25, "decay_type": "linear"}
    seen = ours("wsd", 12, warmup_steps=4, lr_scheduler_kwargs=kwargs)
    shares = [0, 1 / 4, 2 / 4, 3 / 4, *[1] * 7, 1 / 2]
    assert seen == pytest.approx([PEAK * share for share in shares])
    assert ours("wsd", 1) == [PEAK]


@pytest.mark.parametrize(
    ("ratio", "steps"), [(0.0, 0), (0.05, 2), (0.051, 3), (1.0, 40)]
)
def test_a_share_of_the_steps_is_rounded_up_to_whole_ones(ratio, steps):
    by_ratio = ours("linear", 40, warmup_ratio=ratio)
    assert by_ratio == ours("linear", 40, warmup_steps=steps)


def test_the_rate_rises_to_the_peak_and_would_reach_zero_after_the_last_step():
    seen = ours("linear", 10, warmup_steps=2)
    assert seen[:3] == pytest.approx([0, PEAK / 2, PEAK])
    assert seen[9] == pytest.approx(PEAK / 8)


@pytest.mark.parametrize(
    ("kind", "kwargs", "sentence"),
    [
        ("linear", {"min_lr": 0.1}, "linear takes no 'min_lr'; it takes nothing"),
        ("cosine", {"num_cycle": 1}, r"did you mean 'num_cycles'"),
        ("cosine_with_min_lr", {"min_lr": "low"}, "min_lr: 'low' is not a number"),
        (
            "wsd",
            {"decay_type": "sine"},
            "'sine' is not one of linear, cosine, 1-sqrt",
        ),
        (
            "wsd",
            {"num_decay_steps": 2, "decay_ratio": 0.1},
            "is given with num_decay_steps; keep one",
        ),
        ("cosine", {"num_cycles": True}, "num_cycles: true is not a number"),
        ("cosine", {"num_cycles": float("inf")}, "num_cycles: inf is out of range"),
        (
            "cosine_with_min_lr",
            {"min_lr": 0.1, "min_lr_rate": 0.1},
            "min_lr_rate: is given with min_lr; keep one",
        ),
    ],
)
def test_options_that_the_schedule_does_not_take_are_refused(kind, kwargs, sentence):
    with pytest.raises(ConfigError, match=sentence) as error:
        ours(kind, 10, lr_scheduler_kwargs=kwargs)
    assert "training.lr_scheduler_kwargs" in str(error.value)
