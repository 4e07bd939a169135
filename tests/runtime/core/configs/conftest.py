from collections.abc import Iterator

import pytest

from oumi_runtime.core.registry import REGISTRY


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    """Has the folders of a test's configs forgotten."""
    with REGISTRY.isolated():
        yield
