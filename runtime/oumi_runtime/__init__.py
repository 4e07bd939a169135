"""The runtime of generated models: build, train and evaluate them.

The names below are loaded when they are first used, because torch takes seconds.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from oumi_runtime.builders import build_model
    from oumi_runtime.core.configs import TrainingConfig
    from oumi_runtime.core.models import BaseModel
    from oumi_runtime.core.registry import register
    from oumi_runtime.train import train

_HOMES = {
    "BaseModel": "oumi_runtime.core.models",
    "TrainingConfig": "oumi_runtime.core.configs",
    "build_model": "oumi_runtime.builders",
    "register": "oumi_runtime.core.registry",
}

__all__ = ["BaseModel", "TrainingConfig", "build_model", "register", "train"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    if name == "train":
        # The module of that name can be called, and importing it sets the attribute.
        return import_module("oumi_runtime.train")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
