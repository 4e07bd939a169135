"""Constructors that take their settings in one object."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from oumi_runtime.wrapping import Factory, Parameter, load

HEAD = "from dataclasses import dataclass\nfrom torch import nn\n\n\n"
CONFIG = """
@dataclass
class NetConfig:
    width: int = 4
    rate: float = 0.5
"""
NET = """
class Net(nn.Module):
    def __init__(self, config, scale: int = 2):
        super().__init__()
        self.size = (config.width, scale)
"""


@pytest.fixture
def loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], Factory]]:
    """Loads `Net` of a module with the given text."""

    def load_text(text: str) -> Factory:
        (tmp_path / "nets_with_configs.py").write_text(HEAD + text)
        return load("nets_with_configs", "Net")

    monkeypatch.syspath_prepend(tmp_path)
    yield load_text
    sys.modules.pop("nets_with_configs", None)


def test_its_settings_are_parameters_of_the_module(
    loaded: Callable[[str], Factory],
):
    factory = loaded(
        CONFIG
        + NET.replace("config,", "scale, *, settings: NetConfig, other=1,")
        .replace("scale: int = 2", "more=2")
        .replace("config", "settings")
    )
    assert [(each.name, each.passing) for each in factory.parameters] == [
        ("width", "config"),
        ("rate", "config"),
        ("scale", "name"),
        ("other", "name"),
        ("more", "name"),
    ]
    assert factory.config is not None
    assert factory.config[:3] == ("settings", "nets_with_configs", "NetConfig")
    assert not factory.config.is_first
    assert factory.make(width=7, scale=3).size == (7, 3)


def test_the_class_itself_can_say_which_it_is(loaded: Callable[[str], Factory]):
    config = (
        "class SomeConfig:\n    num_labels = property(lambda self: 2)\n"
        "    def __init__(self, width: int = 4, **others):\n"
        "        self.width = width\n\n"
    )
    hint = "    config_class = SomeConfig\n\n    def __init__"
    factory = loaded(config + CONFIG + NET.replace("    def __init__", hint))
    assert factory.others == "config"
    assert factory.config is not None
    assert (factory.config.name, factory.config.is_first) == ("SomeConfig", True)
    assert [each for each in factory.parameters if each.passing == "attribute"] == [
        Parameter("num_labels", False, None, True, "int", "attribute", False)
    ]
    assert factory.make(width=7, num_labels=3).size == (7, 2)


def test_many_settings_are_not_listed(loaded: Callable[[str], Factory]):
    fields = "".join(f"    a{number}: int = 0\n" for number in range(25))
    factory = loaded(f"@dataclass\nclass Some:\n{fields}\n\n{NET}")
    assert {each.is_listed for each in factory.parameters if each.name != "scale"} == {
        False
    }
    assert factory.parameters[-1].is_listed


@pytest.mark.parametrize(
    ("others", "name"),
    [
        (CONFIG, "NetConfig"),
        (CONFIG.replace("NetConfig", "Settings"), "Settings"),
        (CONFIG + CONFIG.replace("NetConfig", "Settings"), "NetConfig"),
        (CONFIG.replace("Net", "One") + CONFIG.replace("Net", "Other"), None),
        ("", None),
    ],
)
def test_an_untyped_one_is_known_by_its_name_or_as_the_only_one(
    loaded: Callable[[str], Factory], others: str, name: str | None
):
    found = loaded(others + NET).config
    assert (found.name if found else None) == name
