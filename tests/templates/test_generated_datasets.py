"""Generated datasets are clean and typed, pass their tests, and train models."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cells import LENGTHS
from datasets_of_tasks import (
    DATASETS,
    class_name,
    rendered_dataset,
    write_datasets,
)

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.train import train
from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.request.names import MAX_LENGTH, module_name
from oumi_scaffold.request.spec import MAP, STREAM, dataset_spec, model_spec
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import DEFAULT_TASK, TASKS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "examples" / "ruff.toml"
NUM_FILES = 2 * len(DATASETS)
_SLOW = [each for each in DATASETS if each[1] == STREAM and each[0] != DEFAULT_TASK]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_datasets(tmp_path_factory.mktemp("project"))


def run(*args: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )


def test_they_are_formatted_and_clean_whatever_the_length_of_the_name(tmp_path: Path):
    hopping = [("Ab" * length)[:length] for length in (2, 40, MAX_LENGTH)]
    names = {"N" * length for length in LENGTHS[::2]} | set(hopping)
    for task, kind in DATASETS:
        for name in names:
            for file in rendered_dataset(task, kind, name):
                place = f"{class_name(task, kind)}_{name}_{Path(file.path).name}"
                (tmp_path / place).write_text(file.text)
    assert len(list(tmp_path.iterdir())) == 2 * len(names) * len(DATASETS)
    formatted = run("ruff", "format", "--isolated", "--diff", ".", cwd=tmp_path)
    assert (formatted.stdout, formatted.returncode) == ("", 0)
    linted = run("ruff", "check", "--config", RULES, "--no-cache", ".", cwd=tmp_path)
    assert linted.returncode == 0, linted.stdout


def test_their_own_tests_pass(project: Path):
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-k", "not conformance"]
    done = run("pytest", *options, cwd=project)
    assert done.returncode == 0, done.stdout
    assert f"{len(DATASETS)} passed" in done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_they_pass_the_conformance_suite(project: Path, task: str):
    files = [
        f"tests/test_{module_name(class_name(each, kind))}.py"
        for each, kind in DATASETS
        if each == task
    ]
    options = ["-q", "-W", "error", "-p", "no:cacheprovider", "-k", "conformance"]
    done = run("pytest", *options, *files, cwd=project)
    assert done.returncode == 0, done.stdout
    assert "passed" in done.stdout


@pytest.mark.slow
def test_they_pass_mypys_strict_checks(project: Path, tmp_path: Path):
    options = ["--strict", "--explicit-package-bases", f"--cache-dir={tmp_path}"]
    done = run("mypy", *options, "data", "tests", cwd=project)
    assert done.returncode == 0, done.stdout
    assert f"no issues found in {NUM_FILES} source files" in done.stdout


@pytest.mark.slow
def test_they_pass_pyrights_strict_checks(project: Path):
    settings = {"typeCheckingMode": "strict", "include": ["data", "tests"]}
    (project / "pyrightconfig.json").write_text(json.dumps(settings))
    done = run("pyright", f"--pythonpath={sys.executable}", "--outputjson", cwd=project)
    report = json.loads(done.stdout)
    assert report["generalDiagnostics"] == []
    assert report["summary"]["filesAnalyzed"] == NUM_FILES


def losses_of(config_file: Path, output_dir: str) -> list[float]:
    config = TrainingConfig.from_yaml(config_file)
    config.training.output_dir = output_dir
    config.training.max_steps, config.training.logging_steps = 6, 1
    config.training.save_steps = 0
    config.training.eval_strategy, config.training.save_final_model = "no", False
    train(config)
    lines = Path(output_dir, "metrics.jsonl").read_text().splitlines()
    return [row["loss"] for row in map(json.loads, lines) if "loss" in row]


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        # A stream is read whole, and then trained on in the same way.
        pytest.param(*each, marks=pytest.mark.slow if each in _SLOW else ())
        for each in DATASETS
    ],
)
def test_the_model_of_its_task_trains_on_it_as_on_the_built_in_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, task: str, kind: str
):
    spec = model_spec("MyNet", task)
    write(plan_model(spec, tmp_path))
    write(plan_model(dataset_spec("MyRows", task, kind), tmp_path))
    monkeypatch.chdir(tmp_path)
    config = tmp_path / spec.config_file
    named = f"dataset_name: {built_in_name(config)}"
    assert named in config.read_text()
    with REGISTRY.isolated():
        expected = losses_of(config, "built_in")
        config.write_text(config.read_text().replace(named, "dataset_name: my_rows"))
        assert losses_of(config, "own") == expected
    assert len(expected) == 6


def built_in_name(config: Path) -> str:
    return TrainingConfig.from_yaml(config).data.train.datasets[0].dataset_name


def test_a_stream_of_ones_own_is_streamed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    spec = model_spec("MyNet", "text-classification")
    write(plan_model(spec, tmp_path))
    write(plan_model(dataset_spec("MyRows", kind="stream"), tmp_path))
    monkeypatch.chdir(tmp_path)
    config = tmp_path / spec.config_file
    text = config.read_text().replace("stdlib_docstrings", "my_rows")
    config.write_text(text.replace("  train:\n", "  train:\n    stream: true\n"))
    with REGISTRY.isolated():
        assert len(losses_of(config, "streamed")) == 6


@pytest.mark.parametrize(("task", "kind"), DATASETS)
def test_two_places_to_change_are_marked_and_nothing_is_to_be_deleted(
    task: str, kind: str
):
    data, tests = rendered_dataset(task, kind, "MyNet")
    marks = [line.strip() for line in data.text.splitlines() if "Change" in line]
    assert [mark[:15] for mark in marks] == ["# Change 1 of 2", "# Change 2 of 2"]
    for file in (data, tests):
        for word in ("TODO", "FIXME", "XXX", "NotImplemented", "cookiecutter", "{%"):
            assert word not in file.text
    assert data.text.count("\n") <= 60
    assert tests.text.count("\n") <= 40


def test_the_map_kind_is_the_default():
    assert dataset_spec("MyRows").data["kind"] == MAP
