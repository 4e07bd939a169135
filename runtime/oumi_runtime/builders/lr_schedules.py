"""Builds the learning-rate schedule that a config names."""

import math
from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from oumi_runtime.core.configs import SchedulerType, TrainingParams
from oumi_runtime.core.configs.schedule_options import schedule_mistakes
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.exceptions import (
    ConfigError,
    Mistake,
    RegisteredValueError,
)


def build_lr_scheduler(
    optimizer: Optimizer, training_params: TrainingParams, num_training_steps: int
) -> LRScheduler:
    """Builds a schedule that rises linearly over the warm-up and then falls.

    Args:
        optimizer: Its learning rate is the peak.
        training_params: `lr_scheduler_type`; `warmup_steps`, or `warmup_ratio` as a
            share of all steps; `lr_scheduler_kwargs` are `num_cycles` for the cosine
            kinds, and `min_lr` or `min_lr_rate` for `cosine_with_min_lr`. A registered
            schedule is called with the optimizer, this section and the number of
            steps, and sees to the warm-up itself.
        num_training_steps: The optimizer steps that will run.

    Raises:
        ConfigError: `lr_scheduler_kwargs` holds what the schedule does not take.
        KeyError: The name is neither one of ours nor registered.
        RegisteredValueError: What is registered makes no schedule.
    """
    name = training_params.lr_scheduler_type
    if name not in set(SchedulerType):
        build = REGISTRY[name, RegistryType.LR_SCHEDULER]
        schedule = build(optimizer, training_params, num_training_steps)
        if not isinstance(schedule, LRScheduler):
            kind = RegistryType.LR_SCHEDULER.value
            raise RegisteredValueError(kind, name, schedule, LRScheduler)
        return schedule
    warmup = training_params.warmup_steps
    if warmup is None:
        warmup = math.ceil((training_params.warmup_ratio or 0.0) * num_training_steps)
    decay_steps = max(1, num_training_steps - warmup)
    options = training_params.lr_scheduler_kwargs
    for key, sentence in schedule_mistakes(name, options):
        option = f"training.lr_scheduler_kwargs.{key[0]}"
        raise ConfigError([Mistake("", option, sentence)])
    decay = _decay(SchedulerType(name), training_params.learning_rate, options)

    def factor(step: int) -> float:
        if step < warmup:
            return step / warmup
        return decay(min(1.0, (step - warmup) / decay_steps))

    return LambdaLR(optimizer, factor)


def _decay(
    kind: SchedulerType, peak: float, options: dict[str, Any]
) -> Callable[[float], float]:
    """The factor of the peak rate as a function of the progress after the warm-up."""
    if kind is SchedulerType.CONSTANT:
        return lambda progress: 1.0
    if kind is SchedulerType.LINEAR:
        return lambda progress: 1.0 - progress
    if kind is SchedulerType.COSINE_WITH_RESTARTS:
        cycles = int(options.get("num_cycles", 1))
        return lambda progress: (
            0.0 if progress >= 1.0 else _half_cosine((cycles * progress) % 1.0)
        )
    # Half a cycle takes the cosine from its peak to its bottom.
    half_cycles = 2.0 * float(options.get("num_cycles", 0.5))
    floor = options.get("min_lr", 0.0) / peak if peak else 0.0
    floor = options.get("min_lr_rate", floor)
    return lambda progress: floor + (1.0 - floor) * _half_cosine(half_cycles * progress)


def _half_cosine(progress: float) -> float:
    """1 at 0, 0 at 1 (Loshchilov and Hutter 2017, SGDR)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))
