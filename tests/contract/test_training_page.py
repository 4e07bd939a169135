"""docs/training.md: its commands run, its configs train, its code works."""

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

import oumi_runtime.builders  # noqa: F401  what is built in stays registered
from oumi_runtime.core.registry import REGISTRY
from oumi_scaffold.cli import main

PAGE = (Path(__file__).parents[2] / "docs" / "training.md").read_text()
PROJECT = "oumi-scaffold new-model DigitNet --task image-classification --arch mlp"
CONFIG = "configs/digit_net.yaml"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    lines = "".join(blocks("console")).splitlines()
    return [line.removeprefix("$ ") for line in lines if line.startswith("$ ")]


def call(command: str) -> int:
    program, *arguments = shlex.split(command)
    assert program == "oumi-scaffold"
    return main(arguments)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OUMI_EXTRA_DEPS_FILE", raising=False)
    assert PROJECT in PAGE
    with REGISTRY.isolated():
        assert call(PROJECT) == 0
        yield tmp_path


@pytest.mark.slow
def test_the_commands_run_one_after_the_other(project: Path, capfd, caplog):
    assert len(commands()) == 13
    for command in commands():
        assert call(command) == 0, (command, capfd.readouterr().err)
    outputs = project / "outputs"
    rows = (outputs / "by_heart" / "metrics.jsonl").read_text().splitlines()
    assert json.loads(rows[-1])["loss"] < 0.01
    assert (outputs / "digit_net" / "lr_finder.png").exists()
    assert len(list((outputs / "digit_net" / "tune").glob("trial-*"))) == 8
    assert "training.learning_rate" in (project / "compared.html").read_text()
    measured = (outputs / "measured" / "metrics.jsonl").read_text()
    assert "host_time_share" in measured
    assert (outputs / "profiled" / "profiler" / "step-5.txt").exists()
    assert "outputs/again is finished already" in caplog.text
    again = yaml.safe_load((outputs / "again-2" / "config.yaml").read_text())
    assert again["training"]["seed"] == 7
    rows = (outputs / "digits.csv").read_text().splitlines()
    assert rows[0].startswith("label,probability_0,")
    predicting, *_ = blocks("python")
    found: dict[str, Any] = {}
    exec(predicting, found)
    assert found["labels"] == [row[0] for row in rows[1:]]


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_the_configs_train(project: Path, number: int):
    _, *codes = blocks("python")
    for code in codes:
        file = code.splitlines()[0].removeprefix("# ")
        (project / file).write_text(code)
        with (project / "oumi_requirements.txt").open("a") as listed:
            listed.write(file + "\n")
    config = yaml.safe_load((project / CONFIG).read_text())
    block = yaml.safe_load(blocks("yaml")[number])
    config["training"] |= block["training"]
    config["model"] = block.get("model", config["model"])
    config["training"] |= {"num_train_epochs": 5, "save_steps": 0}
    (project / "page.yaml").write_text(yaml.safe_dump(config))
    assert call("oumi-scaffold train -c page.yaml") == 0
    run = json.loads((project / "outputs" / "digit_net" / "run.json").read_text())
    if "GoodEnough" in blocks("yaml")[number]:
        assert run["sessions"][-1]["global_step"] < 5 * 45
    if "TinyVae" in blocks("yaml")[number]:
        assert call("oumi-scaffold check page.yaml") == 0
