"""What the tests of exporting share: registrations and imports are forgotten."""

import sys
from collections.abc import Iterator

import pytest

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    before = set(sys.modules)
    with REGISTRY.isolated():
        yield
    for name in ("sizes", "parts", "parts.layers"):
        if name not in before:
            sys.modules.pop(name, None)
