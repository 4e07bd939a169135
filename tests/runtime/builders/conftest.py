from collections.abc import Iterator

import pytest

from oumi_runtime.core.registry import REGISTRY


@pytest.fixture(autouse=True)
def _own_registry(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Gives each test its own registrations, and a working folder without models."""
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with REGISTRY.isolated():
        yield
