from collections.abc import Iterator

import pytest

from oumi_runtime.core.registry import REGISTRY


@pytest.fixture(autouse=True)
def own_registry() -> Iterator[None]:
    """Has what a test registers, and the projects that it opens, forgotten."""
    with REGISTRY.isolated():
        yield
