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


class RegistryKey(NamedTuple):
    """The key of a registered value: its lower-case name and its kind."""

    name: str
    registry_type: RegistryType
