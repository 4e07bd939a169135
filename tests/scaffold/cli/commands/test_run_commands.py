"""`train`, `evaluate` and `validate`: what the command line adds to the runtime."""

import json
import sys
import types
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from programs import python
from trees import make_tree

from oumi_runtime.core.configs import TrainingConfig

CONFIG = """\
model:
  model_name: MLPEncoder
data:
  train:
    datasets:
      - dataset_name: stdlib_docstrings
        split: train
  test:
    datasets:
      - dataset_name: stdlib_docstrings
        split: test
training:
  output_dir: out
  max_steps: 10
"""
BAD = CONFIG.replace("max_steps", "max_stepz").replace("out\n", "out\n  seed: x\n")


@pytest.fixture
def config(project: Path) -> str:
    make_tree(project, {"good.yaml": CONFIG, "bad.yaml": BAD})
    return "good.yaml"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[TrainingConfig]:
    """Stands in for the work; returns the configs that it is called with."""
    received: list[TrainingConfig] = []
    results: dict[str, Any] = {
        "train": SimpleNamespace(
            metrics={"accuracy": 0.91234, "loss": float("nan")},
            output_dir=Path("out"),
            global_step=10,
        ),
        "evaluate": SimpleNamespace(
            metrics={"accuracy": 0.91234, "loss": float("nan")},
            split="test",
            num_samples=180,
            num_bad_samples=2,
            model_dir=Path("out"),
        ),
    }

    def stand_in(name: str) -> Callable[[TrainingConfig], Any]:
        def work(config: TrainingConfig) -> Any:
            received.append(config)
            print("a library's own line")
            return results[name]

        return work

    for name in results:
        module = types.ModuleType(name)
        module.__dict__[name] = stand_in(name)
        monkeypatch.setitem(sys.modules, f"oumi_runtime.{name}", module)
    return received


def test_train_ends_with_where_the_model_is_and_what_to_type_next(
    run: Callable, config: str, calls: list[TrainingConfig]
):
    done = run("train", "-c", config)
    assert (done.exit_code, done.err) == (0, "")
    assert calls[0].training.max_steps == 10
    assert "Trained for 10 steps" in done.out
    assert "accuracy  0.9123" in done.out
    assert "The model is in out" in done.out
    assert done.out.endswith(
        "  oumi-scaffold evaluate -c good.yaml\n  oumi-scaffold predict -c good.yaml\n"
    )


def test_what_to_type_next_is_of_this_run_and_can_be_pasted(
    run: Callable, project: Path, config: str, calls: list[TrainingConfig]
):
    (project / "my config.yaml").write_text(CONFIG)
    done = run("train", "-c", "my config.yaml", "--auto-resume")
    assert done.out.endswith("  oumi-scaffold predict -c 'my config.yaml'\n")
    done = run("train", "-c", config, "--training.output_dir", "out")
    assert "  oumi-scaffold evaluate -c out/config.yaml\n" in done.out


def test_nothing_is_to_be_typed_next_where_there_is_nothing_to_measure_on(
    run: Callable, project: Path, calls: list[TrainingConfig]
):
    before, _, after = CONFIG.partition("  test:\n")
    _, _, training = after.partition("training:\n")
    (project / "alone.yaml").write_text(f"{before}training:\n{training}")
    done = run("train", "-c", "alone.yaml")
    assert done.exit_code == 0
    assert "oumi-scaffold evaluate" not in done.out
    assert done.out.endswith("under data.test\n")


def test_evaluate_says_on_what_it_measured(
    run: Callable, config: str, calls: list[TrainingConfig]
):
    done = run("evaluate", "-c", config)
    assert (done.exit_code, done.err) == (0, "")
    assert "out on 180 samples of test; 2 rows of its data cannot be used" in done.out
    assert "accuracy  0.9123" in done.out


@pytest.mark.parametrize("given", ["moved/config.yaml", "moved", "./moved/"])
def test_the_config_of_a_run_is_about_the_folder_that_it_is_in(
    run: Callable, project: Path, calls: list[TrainingConfig], given: str
):
    make_tree(project, {"moved/config.yaml": CONFIG, "moved/run.json": "{}"})
    assert run("evaluate", "-c", given).exit_code == 0
    assert run("evaluate", "-c", given, "--training.output_dir", "b").exit_code == 0
    assert [received.training.output_dir for received in calls] == ["moved", "b"]


def test_another_config_of_that_name_is_about_the_folder_that_it_names(
    run: Callable, project: Path, calls: list[TrainingConfig]
):
    make_tree(project, {"configs/config.yaml": CONFIG})
    assert run("evaluate", "-c", "configs/config.yaml").exit_code == 0
    assert [received.training.output_dir for received in calls] == ["out"]


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_options_of_the_config_pass_through(
    run: Callable, config: str, calls: list[TrainingConfig], command: str
):
    options = ["--training.max_steps", "7", "--training.seed=3"]
    assert run(command, "-c", config, *options).exit_code == 0
    assert run(command, *options, "--config", config).exit_code == 0
    for received in calls:
        assert (received.training.max_steps, received.training.seed) == (7, 3)
    assert len(calls) == 2


@pytest.mark.parametrize("command", ["train", "evaluate"])
def test_json_is_the_only_thing_on_stdout(
    run: Callable, config: str, calls: list[TrainingConfig], command: str
):
    done = run(command, "-c", config, "--json")
    assert done.document["metrics"] == {"accuracy": 0.91234, "loss": None}
    assert "out" in done.document.values()
    assert done.err == "a library's own line\n"


@pytest.mark.parametrize("command", ["train", "evaluate"])
@pytest.mark.parametrize(
    ("args", "messages"),
    [
        (["-c", "bad.yaml"], ["bad.yaml:14:9", "bad.yaml:15:3", "max_steps"]),
        (["-c", "missing.yaml"], ["missing.yaml"]),
        (["-c", "good.yaml", "--training.max_stepz", "7"], ["max_steps"]),
        (["-c", "good.yaml", "--jsn"], ["jsn"]),
        ([], ["Missing option '-c'"]),
    ],
)
def test_a_bad_config_is_refused_before_any_work(
    run: Callable,
    config: str,
    calls: list[TrainingConfig],
    command: str,
    args: list[str],
    messages: list[str],
):
    done = run(command, *args)
    assert done.exit_code == 2
    assert done.err.startswith("error: ")
    assert "Traceback" not in done.err
    for message in messages:
        assert message in done.err
    assert (calls, done.out) == ([], "")


def test_validate_reports_every_mistake_in_every_file(run: Callable, config: str):
    done = run("validate", "bad.yaml", config, "missing.yaml")
    assert done.exit_code == 2
    assert done.err == ""
    lines = done.out.splitlines()
    assert lines[0] == "failed     bad.yaml"
    assert lines[1].startswith("bad.yaml:14:9 ")
    assert lines[2].startswith("bad.yaml:15:3 ")
    assert lines[3:5] == ["ok         good.yaml", "failed     missing.yaml"]
    assert "missing.yaml" in lines[5]


def test_validate_of_good_configs_succeeds(run: Callable, config: str):
    done = run("validate", config)
    assert (done.exit_code, done.out, done.err) == (0, "ok         good.yaml\n", "")


def test_validate_as_json_is_one_document(run: Callable, config: str):
    done = run("validate", "--json", "bad.yaml", config)
    assert done.exit_code == 2
    assert done.err == ""
    assert done.document["valid"] is False
    bad, good = done.document["files"]
    assert (bad["path"], bad["valid"], len(bad["errors"])) == ("bad.yaml", False, 2)
    assert good == {"path": "good.yaml", "valid": True, "errors": []}


@pytest.mark.parametrize(
    ("args", "exit_code"),
    [
        (["validate", "good.yaml"], 0),
        (["validate", "bad.yaml"], 2),
        (["train", "-c", "bad.yaml"], 2),
        (["evaluate", "-c", "good.yaml", "--training.max_stepz", "1"], 2),
    ],
)
def test_a_config_is_checked_without_torch(
    project: Path, config: str, args: list[str], exit_code: int
):
    program = f"""
import json, sys
from oumi_scaffold.cli import main
code = main({args!r})
heavy = sorted({{"torch", "transformers"}} & sys.modules.keys())
print(json.dumps([code, heavy]), file=sys.stderr)
"""
    done = python(project, "-c", program)
    assert json.loads(done.stderr.splitlines()[-1]) == [exit_code, []]


def test_auto_resume_goes_on_from_the_newest_checkpoint(
    run: Callable, config: str, calls: list[TrainingConfig]
):
    assert run("train", "-c", config, "--auto-resume").exit_code == 0
    assert calls[0].training.try_resume_from_last_checkpoint


def test_like_runs_again_what_has_run_in_a_folder_into_a_new_one(
    run: Callable, project: Path, calls: list[TrainingConfig]
):
    as_run = CONFIG + "  resume_from_checkpoint: runs/first/checkpoint-3\n"
    make_tree(project, {"runs/first/config.yaml": as_run, "runs/first-2/x": ""})
    done = run("train", "--like", "runs/first", "--training.max_steps", "7")
    assert done.exit_code == 0, done.err
    assert calls[0].training.output_dir == "runs/first-3"
    assert calls[0].training.resume_from_checkpoint is None
    assert calls[0].training.max_steps == 7
    run("train", "--like", "runs/first", "--training.output_dir", "elsewhere")
    assert calls[1].training.output_dir == "elsewhere"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "Missing option '-c' / '--config', or '--like'"),
        (["-c", "good.yaml", "--like", "out"], "use either -c FILE or --like"),
        (["--like", "nowhere"], "nowhere holds no config.yaml of a run"),
    ],
)
def test_what_to_train_is_said_once(
    run: Callable, config: str, arguments: list[str], sentence: str
):
    done = run("train", *arguments)
    assert done.exit_code == 2
    assert sentence in done.err
