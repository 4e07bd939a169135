"""The registry: classes and functions by name.

Users' files are read as text to find the names they register. The built-in models are
not imported here; importing them registers them.
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
