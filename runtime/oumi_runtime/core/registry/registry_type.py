"""The kinds of things that can be registered, and the key of one of them."""

from enum import Enum
from typing import NamedTuple


class RegistryType(Enum):
    """A kind of registered thing; its value is the word for it in messages."""

    MODEL = "model"
    DATASET = "dataset"
    METRICS_FUNCTION = "metrics function"
    COLLATOR = "collator"
    OPTIMIZER = "optimizer"
    LR_SCHEDULER = "learning-rate scheduler"
    CALLBACK = "callback"
    TRAINER = "trainer"

    @property
    def entry_point_group(self) -> str:
        """The group of entry points that name such things of installed packages."""
        return f"oumi_runtime.{self.name.lower()}s"


class RegistryKey(NamedTuple):
    """The key of a registered value: its lower-case name and its kind."""

    name: str
    registry_type: RegistryType
