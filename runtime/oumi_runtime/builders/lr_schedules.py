"""Builds the learning rate schedule of a config."""

import math
from collections.abc import Callable
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, LRScheduler

from oumi_runtime.builders.arguments import argument_mistake
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
            kinds, `min_lr` or `min_lr_rate` for `cosine_with_min_lr`, `timescale` for
            `inverse_sqrt` (the warm-up, or 10,000), `lr_end` and `power` for
            `polynomial`; and for `warmup_stable_decay` `num_decay_steps` or
            `decay_ratio` (0.1 of the steps after the warm-up), `decay_type` (cosine,
            linear or 1-sqrt) and `min_lr_ratio`. A registered function is called with
            the optimizer, this section and the number of steps, and a registered class
            with the optimizer and `lr_scheduler_kwargs`; both handle the warm-up
            themselves.
        num_training_steps: The number of optimizer steps.

    Raises:
        ConfigError: The schedule does not accept `lr_scheduler_kwargs`.
        KeyError: The schedule is neither built in nor registered.
        RegisteredValueError: The registered schedule is not an `LRScheduler`.
    """
    name = training_params.lr_scheduler_type
    if name not in set(SchedulerType):
        build: Any = REGISTRY[name, RegistryType.LR_SCHEDULER]
        if isinstance(build, type) and issubclass(build, LRScheduler):
            return _of_class(build, optimizer, training_params)
        schedule = build(optimizer, training_params, num_training_steps)
        if not isinstance(schedule, LRScheduler):
            kind = RegistryType.LR_SCHEDULER.value
            raise RegisteredValueError(kind, name, schedule, LRScheduler)
        return schedule
    warmup = training_params.warmup_steps
    if warmup is None:
        warmup = math.ceil((training_params.warmup_ratio or 0.0) * num_training_steps)
    options = training_params.lr_scheduler_kwargs
    for key, sentence in schedule_mistakes(name, options):
        option = f"training.lr_scheduler_kwargs.{key[0]}"
        raise ConfigError([Mistake("", option, sentence)])
    kind, peak = SchedulerType(name), training_params.learning_rate
    if kind is SchedulerType.INVERSE_SQRT:
        after = _inverse_sqrt(warmup, options)
    elif kind is SchedulerType.WARMUP_STABLE_DECAY:
        after = _stable_then_decay(num_training_steps - warmup, options)
    else:
        decay_steps = max(1, num_training_steps - warmup)
        after = _over_progress(_decay(kind, peak, options), decay_steps)

    def factor(step: int) -> float:
        return step / warmup if step < warmup else after(step - warmup)

    return LambdaLR(optimizer, factor)


def _of_class(
    schedule: type[LRScheduler], optimizer: Optimizer, training_params: TrainingParams
) -> LRScheduler:
    options = training_params.lr_scheduler_kwargs
    if mistake := argument_mistake(schedule, {"optimizer": optimizer, **options}):
        sentence = f"{schedule.__name__} {mistake}"
        raise ConfigError([Mistake("", "training.lr_scheduler_kwargs", sentence)])
    return schedule(optimizer, **options)


def _over_progress(
    decay: Callable[[float], float], num_steps: int
) -> Callable[[int], float]:
    """Returns the decay as a function of the steps after the warm-up."""
    return lambda step: decay(min(1.0, step / num_steps))


def _decay(
    kind: SchedulerType, peak: float, options: dict[str, Any]
) -> Callable[[float], float]:
    """Returns the factor of the peak rate by the progress after the warm-up."""
    if kind is SchedulerType.CONSTANT:
        return lambda progress: 1.0
    if kind is SchedulerType.LINEAR:
        return lambda progress: 1.0 - progress
    if kind is SchedulerType.POLYNOMIAL:
        end = options.get("lr_end", 1e-7) / peak if peak else 0.0
        power = float(options.get("power", 1.0))
        return lambda progress: end + (1.0 - end) * (1.0 - progress) ** power
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


def _inverse_sqrt(warmup: int, options: dict[str, Any]) -> Callable[[int], float]:
    """Falls as one over the square root of the step (Vaswani et al. 2017)."""
    timescale = options.get("timescale") or warmup or 10_000
    return lambda step: 1.0 / math.sqrt((step + timescale) / timescale)


def _stable_then_decay(
    num_steps: int, options: dict[str, Any]
) -> Callable[[int], float]:
    """Stays at the peak and falls at the end (Hu et al. 2024, MiniCPM)."""
    decay_steps = options.get("num_decay_steps")
    if decay_steps is None:
        decay_steps = math.ceil(options.get("decay_ratio", 0.1) * num_steps)
    decay_steps = min(int(decay_steps), num_steps)
    floor = float(options.get("min_lr_ratio", 0.0))
    half_cycles = 2.0 * float(options.get("num_cycles", 0.5))
    shape: Callable[[float], float] = {
        "linear": lambda progress: 1.0 - progress,
        "cosine": lambda progress: _half_cosine(half_cycles * progress),
        "1-sqrt": lambda progress: 1.0 - math.sqrt(progress),
    }[options.get("decay_type", "cosine")]

    def factor(step: int) -> float:
        into_decay = step - (num_steps - decay_steps)
        if into_decay < 0:
            return 1.0
        progress = into_decay / decay_steps if into_decay < decay_steps else 1.0
        return floor + (1.0 - floor) * shape(progress)

    return factor


def _half_cosine(progress: float) -> float:
    """Falls from 1 at 0 to 0 at 1 (Loshchilov and Hutter 2017, SGDR)."""
    return 0.5 * (1.0 + math.cos(math.pi * progress))
