"""Checks `training.lr_scheduler_kwargs` for the built-in learning rate schedules."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from oumi_runtime.core.configs.checking import KEY_ITSELF
from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.core.configs.params.training_choices import SchedulerType
from oumi_runtime.core.configs.places import Key
from oumi_runtime.exceptions import suggestion

_OPTIONS: Mapping[SchedulerType, tuple[str, ...]] = {
    SchedulerType.LINEAR: (),
    SchedulerType.COSINE: ("num_cycles",),
    SchedulerType.COSINE_WITH_RESTARTS: ("num_cycles",),
    SchedulerType.COSINE_WITH_MIN_LR: ("num_cycles", "min_lr", "min_lr_rate"),
    SchedulerType.CONSTANT: (),
    SchedulerType.INVERSE_SQRT: ("timescale",),
    SchedulerType.POLYNOMIAL: ("lr_end", "power"),
    SchedulerType.WARMUP_STABLE_DECAY: (
        "num_decay_steps",
        "decay_ratio",
        "decay_type",
        "min_lr_ratio",
        "num_cycles",
    ),
}
DECAY_TYPES = ("linear", "cosine", "1-sqrt")
SCHEDULE_ALIASES: Mapping[str, str] = {
    "constant_with_warmup": "constant",
    "wsd": "warmup_stable_decay",
}
"""Other names of the schedules."""

_EITHER = (("min_lr", "min_lr_rate"), ("num_decay_steps", "decay_ratio"))


def schedule_mistakes(
    name: str, options: Mapping[str, Any]
) -> Iterator[tuple[Key, str]]:
    """Yields each option that a schedule does not accept, and the reason.

    Args:
        name: The schedule; the options of registered schedules are not checked.
        options: The options by name.
    """
    if name not in set(SchedulerType):
        return
    allowed = _OPTIONS[SchedulerType(name)]
    for option, value in options.items():
        if option not in allowed:
            takes = ", ".join(allowed) or "nothing"
            near = suggestion(option, allowed)
            yield (
                (option, KEY_ITSELF),
                f"{name} takes no {option!r}{near}; it takes {takes}",
            )
        elif option == "decay_type":
            if value not in DECAY_TYPES:
                types = ", ".join(DECAY_TYPES)
                yield (option,), f"{shown(value)} is not one of {types}"
        elif isinstance(value, bool) or not isinstance(value, int | float):
            yield (option,), f"{shown(value)} is not a number; write one such as 0.1"
        elif not 0 <= value < math.inf:
            yield (option,), f"{shown(value)} is out of range; it must be at least 0"
    for first, second in _EITHER:
        if {first, second} <= options.keys():
            yield (second,), f"is given with {first}; keep one of the two"
