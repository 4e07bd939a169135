"""README.md: its tour runs as printed, and prints what it says."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY
from oumi_scaffold.cli import main

README = (Path(__file__).parents[2] / "README.md").read_text()
# What differs from machine to machine, or from one run to the next.
UNSTEADY = re.compile(
    r"samples_per_second [\d,]+|in \d+\.\d+ ?s|(?<=differ by at most )\S+"
)
MODEL, CONFIG = "models/my_net.py", "configs/my_net.yaml"
# The data is the standard library, of which each Python has another.
of_this_library = pytest.mark.skipif(
    sys.version_info[:2] != (3, 11), reason="what is shown is of Python 3.11"
)


def blocks(language: str) -> list[str]:
    pattern = rf"^```{language}\n(.*?)^```$"
    return re.findall(pattern, README, re.MULTILINE | re.DOTALL)


def said_of(command: str) -> list[str]:
    """The lines that README.md shows below a command, without empty ones."""
    text = "".join(f"{block}$ " for block in blocks("console"))
    _, found, after = text.partition(f"$ {command}\n")
    assert found, f"README.md does not show {command}"
    return [line for line in after.split("$ ")[0].splitlines() if line.strip()]


def steady(line: str) -> str:
    return UNSTEADY.sub("", line).strip()


@pytest.fixture
def project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Path]:
    """The project that `new-model` writes, and that it is written as shown."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    with REGISTRY.isolated():
        assert main(["new-model", "MyNet"]) == 0
        said = [*filter(None, capfd.readouterr().out.splitlines())]
        assert said == said_of("oumi-scaffold new-model MyNet")
        yield tmp_path


def test_the_core_of_the_model_is_as_shown(project: Path):
    core, _ = blocks("python")
    assert core in (project / MODEL).read_text()


@of_this_library
def test_training_and_what_comes_after_say_what_is_shown(project: Path, capfd, caplog):
    assert main(["train", "-c", CONFIG]) == 0
    logged = [steady(record.getMessage()) for record in caplog.records]
    shown = [steady(line) for line in said_of(f"oumi-scaffold train -c {CONFIG}")]
    assert set(shown) - {"..."} <= set(logged)
    assert "Trained for 1065 steps" in capfd.readouterr().out
    assert main(["evaluate", "-c", CONFIG]) == 0
    said = capfd.readouterr().out.splitlines()
    assert said == said_of(f"oumi-scaffold evaluate -c {CONFIG}")
    text = "Parse the header of a MIME message."
    command = f"oumi-scaffold predict -c {CONFIG} --text '{text}'"
    assert main(["predict", "-c", CONFIG, "--text", text]) == 0
    (shown,) = said_of(command)
    assert capfd.readouterr().out.startswith(shown.removesuffix("..."))
    folders = ["outputs/my_net", "-o", "served/my_net"]
    assert main(["export", *folders]) == 0
    said = [steady(line) for line in capfd.readouterr().out.splitlines()]
    shown = said_of(f"oumi-scaffold export {' '.join(folders)}")
    assert said == [steady(line) for line in shown]


def test_a_mistake_in_a_config_is_found_as_shown(project: Path, capfd):
    config = project / CONFIG
    config.write_text(config.read_text().replace("learning_rate:", "lerning_rate:"))
    capfd.readouterr()
    assert main(["validate", CONFIG]) == 2
    shown = said_of(f"oumi-scaffold validate {CONFIG}")
    assert capfd.readouterr().out.splitlines() == shown


@of_this_library
def test_a_mistake_in_a_model_is_found_as_shown(project: Path, capfd):
    model = project / MODEL
    text = model.read_text()
    mean = "x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)"
    assert mean in text
    model.write_text(text.replace(mean, "x.mean(dim=1)"))
    capfd.readouterr()
    assert main(["check", "MyNet", "--select", "padding*"]) == 1
    said = [steady(line) for line in capfd.readouterr().out.splitlines()]
    shown = said_of("oumi-scaffold check MyNet --select 'padding*'")
    assert said == [steady(line) for line in shown]
