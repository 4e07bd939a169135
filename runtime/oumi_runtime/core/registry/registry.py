"""The global registry and its decorators.

The names in this module are those of the same module in Oumi.
"""

from collections.abc import Callable
from typing import TypeVar

from oumi_runtime.core.registry.declarations import dataset_key
from oumi_runtime.core.registry.registry_type import RegistryType
from oumi_runtime.core.registry.store import Registry

__all__ = ["REGISTRY", "Registry", "register", "register_dataset"]

T = TypeVar("T")

REGISTRY = Registry()


def register(registry_name: str, registry_type: RegistryType) -> Callable[[T], T]:
    """Registers the decorated class or function in `REGISTRY`.

    Args:
        registry_name: The name that configs use; case does not matter.
        registry_type: What is registered: a model, a dataset and so on.

    Returns:
        A decorator that returns its argument unchanged.
    """

    def decorator(value: T) -> T:
        REGISTRY.register(registry_name, registry_type, value)
        return value

    return decorator


def register_dataset(registry_name: str, subset: str | None = None) -> Callable[[T], T]:
    """Registers the decorated dataset class in `REGISTRY`.

    Args:
        registry_name: The name that configs use; case does not matter.
        subset: The subset that the class is for; None for all.

    Returns:
        A decorator that returns its argument unchanged.
    """
    return register(dataset_key(registry_name, subset), RegistryType.DATASET)
