"""The code around a wrapped module is formatted and clean, whatever it is called."""

import subprocess
import sys
from pathlib import Path

import pytest

from oumi_scaffold.rendering.render import render
from oumi_scaffold.template.folder import load_template
from oumi_scaffold.wrapping.arguments import Argument
from oumi_scaffold.wrapping.sizes import TASKS
from oumi_scaffold.wrapping.target import Target
from oumi_scaffold.wrapping.wrapped import Reading, wrapping_answers
from oumi_templates.catalog import template_dir

READINGS = [
    Reading(),
    Reading(("key", "logits"), mask="attention_mask", mask_kind="ones"),
    Reading(
        ("attribute", "predictions"),
        is_squeezed=True,
        are_probabilities=True,
        mask="src_key_padding_mask",
        mask_kind="padding",
    ),
    Reading(mask="key_padding_mask", mask_kind="padding", are_probabilities=True),
    Reading(mask_kind="ids"),
    Reading(is_single=True, mask="attention_mask", mask_kind="bool"),
    Reading(("key", "scores"), is_single=True, are_probabilities=True),
]
TARGETS = [("nets", True), ("a.long.path.to.the.module", False), ("zoo", False)]
LENGTHS = (1, 12, 20, 30, 31, 45, 58)


def arguments(number: int) -> list[Argument]:
    plain = [Argument("a" * (3 * i + 1), "float | None", 0.5) for i in range(number)]
    items = (1,) * (7 * number)
    return [
        *plain,
        *([Argument("items", "Sequence[int]", items, "", "list")] if items else []),
        *([Argument("outs", "int", 1, "outputs")] if number == 3 else []),
    ]


@pytest.mark.parametrize("task", TASKS)
def test_it_is_formatted_and_clean(tmp_path: Path, task: str):
    template = load_template(template_dir(task), task)
    for length in LENGTHS:
        name = ("Net" + "x" * length)[:length]
        for number, reading in enumerate(READINGS):
            module, is_own = TARGETS[number % 3]
            about = wrapping_answers(
                Target(module, name, is_own), f"{name}Model", arguments(number), reading
            )
            names = {"model_name": f"{name}Model", "module_name": "model"}
            for file in render(template, names | about):
                if file.path.endswith(".py"):
                    place = f"{length}_{number}_{Path(file.path).name}"
                    (tmp_path / place).write_text(file.text)
    for command in (["format", "--diff"], ["check", "--select", "E,F,B,UP,RUF"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--isolated", "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
