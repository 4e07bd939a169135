"""The examples are what the generator writes today, and they run."""

import os
import runpy
from pathlib import Path

import pytest

from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.project.manifest import FILE_NAME, recorded_models
from oumi_scaffold.request.spec import model_spec
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import TASKS

EXAMPLES = Path(__file__).parents[2] / "examples"
PROJECTS = {
    "text-classification": ("DocstringClassifier", "mlp"),
    "token-classification": ("CodeTagger", "cnn"),
    "causal-lm": ("CodeWriter", "transformer"),
    "seq2seq": ("SignatureExplainer", "transformer"),
    "image-classification": ("DigitClassifier", "cnn"),
    "tabular-classification": ("PixelClassifier", "mlp"),
    "tabular-regression": ("LengthPredictor", "mlp"),
    "embedding": ("FunctionFinder", "mlp"),
}
# What running an example leaves behind.
LEFTOVERS = {"outputs", "__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"}


def files_of(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for parent, folders, names in os.walk(folder):
        folders[:] = set(folders) - LEFTOVERS
        for path in (Path(parent, name) for name in names):
            found[path.relative_to(folder).as_posix()] = path.read_text()
    return found


def test_there_is_a_finished_project_for_every_task():
    assert set(PROJECTS) == set(TASKS)


@pytest.mark.parametrize("task", PROJECTS)
def test_a_project_is_what_the_generator_writes(tmp_path: Path, task: str):
    name, arch = PROJECTS[task]
    write(plan_model(model_spec(name, task, arch), tmp_path))
    committed = files_of(EXAMPLES / task.replace("-", "_"))
    assert committed.pop("README.md")
    written = files_of(tmp_path)
    # Another machine may compress the same texts to another line.
    recorded = [
        recorded_models(each.pop(FILE_NAME).encode()) for each in (committed, written)
    ]
    assert recorded[0] == recorded[1]
    assert recorded[0][name].texts
    assert committed == written, "see examples/README.md to write it anew"


@pytest.mark.parametrize("task", PROJECTS)
def test_its_readme_names_the_command_and_the_files(task: str):
    name, arch = PROJECTS[task]
    spec = model_spec(name, task, arch)
    readme = (EXAMPLES / task.replace("-", "_") / "README.md").read_text()
    assert f"oumi-scaffold new-model {name}" in readme
    assert f"--arch {arch}" in readme
    for file in (spec.model_file, spec.test_file, spec.config_file):
        assert f"[{file}]({file})" in readme


def test_the_plain_loop_learns_to_read_digits(capsys: pytest.CaptureFixture[str]):
    example = runpy.run_path(str(EXAMPLES / "plain_pytorch_loop.py"))
    assert example["main"]() > 0.8
    assert "epoch 2: the last batch's loss is" in capsys.readouterr().out
