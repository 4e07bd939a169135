"""What is installed is compared with the requirements of the distribution."""

from collections.abc import Callable
from importlib.metadata import PackageNotFoundError

import pytest

from oumi_scaffold.cli.inventory import installation
from oumi_scaffold.cli.inventory.installation import Needed, needed


@pytest.fixture
def distribution(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets the requirements, the extras, and what is installed."""

    def use(requirements: list[str], **versions: str) -> None:
        class Metadata:
            def get_all(self, name: str) -> list[str]:
                assert name == "Provides-Extra"
                return ["dev", "plot"]

        def version(name: str) -> str:
            if name not in versions:
                raise PackageNotFoundError(name)
            return versions[name]

        monkeypatch.setattr(installation, "metadata", lambda name: Metadata())
        monkeypatch.setattr(installation, "requires", lambda name: requirements)
        monkeypatch.setattr(installation, "version", version)

    return use


@pytest.mark.parametrize(
    ("found", "fits"),
    [("2.10", True), ("2.13.0+cpu", True), ("2.14.0a1", True), ("2.9.1", False)],
)
def test_a_version_fits_or_does_not(distribution: Callable, found: str, fits: bool):
    distribution(["torch>=2.10"], torch=found)
    assert needed() == [Needed("torch", ">=2.10", "", found, fits)]


def test_what_is_missing_has_no_version(distribution: Callable):
    distribution(["torch>=2.10"])
    assert needed() == [Needed("torch", ">=2.10", "", None, False)]


def test_extras_come_last_without_that_for_development(distribution: Callable):
    lines = ["plots>=1; extra == 'plot'", "ruff; extra == 'dev'", "click>=8"]
    distribution(lines, click="8.1")
    assert [(each.name, each.extra) for each in needed()] == [
        ("click", ""),
        ("plots", "plot"),
    ]


def test_what_is_for_another_system_is_left_out(distribution: Callable):
    distribution(["a; sys_platform == 'none'", "b; python_version >= '3.11'"])
    assert [each.name for each in needed()] == ["b"]


def test_this_installation_has_what_it_needs():
    missing = [each for each in needed() if not each.extra and not each.fits]
    assert missing == []
    assert "torch" in {each.name for each in needed()}
