"""What installed packages register by entry points."""

import sys

import pytest
from net_sources import net

from oumi_runtime.core.registry import REGISTRY, RegistryType

MODEL = RegistryType.MODEL


@pytest.fixture
def plugin(write, monkeypatch):
    """Puts a package with an entry point on the path, as an installer would."""

    def install(text):
        folder = write(
            {
                "a_plugin.py": text,
                "a_plugin-1.0.dist-info/METADATA": "Name: a-plugin\nVersion: 1.0\n",
                "a_plugin-1.0.dist-info/entry_points.txt": (
                    "[oumi_runtime.models]\nPlugNet = a_plugin:Net\n"
                    "[oumi_runtime.lr_schedulers]\nSteps = a_plugin:steps\n"
                    "[oumi_runtime.datasets]\nPlugNet = a_plugin:Rows\n"
                ),
            }
        )
        monkeypatch.syspath_prepend(str(folder))

    yield install
    sys.modules.pop("a_plugin", None)


@pytest.mark.parametrize("text", ["class Net: ...", net("PlugNet"), net("Other")])
def test_an_entry_point_is_loaded_when_its_name_is_asked_for(plugin, text):
    plugin(text)

    assert REGISTRY.contains("plugnet", MODEL)
    assert "a_plugin" not in sys.modules
    assert REGISTRY["plugnet", MODEL].__module__ == "a_plugin"
    assert "PlugNet" in REGISTRY.get_all(MODEL)


def test_an_entry_point_is_suggested(plugin):
    plugin("class Net: ...")

    assert "did you mean 'PlugNet'?" in str(REGISTRY.unknown("PlugNt", MODEL))
    unknown = REGISTRY.unknown("Stepz", RegistryType.LR_SCHEDULER)
    assert "did you mean 'Steps'?" in str(unknown)


def test_entry_points_of_other_types_are_found_in_groups_of_their_own(plugin):
    plugin("class Net: ...\nclass Rows: ...\ndef steps(): ...")

    assert REGISTRY["PlugNet", RegistryType.DATASET].__name__ == "Rows"
    assert REGISTRY["PlugNet", MODEL].__name__ == "Net"
    assert REGISTRY["steps", RegistryType.LR_SCHEDULER].__name__ == "steps"
    assert REGISTRY.get("steps", RegistryType.OPTIMIZER) is None


def test_an_error_in_an_entry_point_says_which(plugin):
    plugin("1 / 0")

    with pytest.raises(ZeroDivisionError) as caught:
        REGISTRY.get("PlugNet", MODEL)
    assert "a_plugin:Net" in caught.value.__notes__[0]
