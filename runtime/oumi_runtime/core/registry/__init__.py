"""Names for a user's classes and functions, and how a name is found again.

Holds the registry itself and the reading of a user's files as text. It holds none of
the things that are registered: whoever wants the built-in models imports them.
"""

from oumi_runtime.core.registry.declarations import Declaration, declarations_in
from oumi_runtime.core.registry.registry import (
    REGISTRY,
    register,
    register_dataset,
)
from oumi_runtime.core.registry.registry_type import RegistryKey, RegistryType
from oumi_runtime.core.registry.store import Registry

__all__ = [
    "REGISTRY",
    "Registry",
    "RegistryKey",
    "RegistryType",
    "register",
    "register_dataset",
    "Declaration",
    "declarations_in",
]
