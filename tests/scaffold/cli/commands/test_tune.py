"""`tune` shows what each trial gave, and the command that trains with the best."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from oumi_runtime import tuning
from oumi_runtime.exceptions import TrainingStoppedError
from oumi_runtime.tuning import TunedTrial, TuneResult

CONFIG = "configs/my_net.yaml"
SEARCH = ("--search", "training.learning_rate=1e-3..1e-1:log")


@pytest.fixture
def tune(project: Path, run: Callable) -> Callable:
    """Runs the command on a small model."""
    run("new-model", "MyNet", "--task", "tabular-classification")

    def run_tune(*args: str):
        return run("tune", "-c", CONFIG, "--training.max_steps=4", *args)

    return run_tune


def test_the_best_values_can_be_trained_with(
    project: Path, run: Callable, tune: Callable
):
    done = tune("--trials", "3", *SEARCH, "--training.eval_strategy=epoch")
    assert done.exit_code == 0
    *table, _, heading, command = done.out.splitlines()
    assert table[0].split() == ["trial", "eval_loss", "training.learning_rate"]
    losses = [float(line.split()[1]) for line in table[1:]]
    assert losses == sorted(losses)
    assert len(losses) == 3
    assert heading == "Train with the best values:"
    words = shlex.split(command)
    assert words[:4] == ["oumi-scaffold", "train", "-c", CONFIG]
    assert words[-2:] == ["--training.learning_rate", table[1].split()[-1]]
    assert run(*words[1:]).exit_code == 0
    for number in range(3):
        assert f"note: trial {number} finished: " in done.err
    again = tune("--trials", "3", *SEARCH, "--training.eval_strategy=epoch", "--json")
    found = again.document
    metrics = [each["metric"] for each in found["trials"]]
    assert sorted(metrics) == pytest.approx(losses, rel=1e-4)
    assert found["best"]["metric"] == pytest.approx(losses[0], rel=1e-4)
    assert (project / found["best"]["folder"] / "metrics.jsonl").is_file()


def test_a_wrong_search_is_refused_before_anything_runs(project: Path, tune: Callable):
    done = tune("--search", "training.learning_rate=fast,slow")
    assert done.exit_code == 2
    assert "training.learning_rate" in done.err
    done = tune("--search", "learning_rate")
    assert done.exit_code == 2
    assert "cannot search 'learning_rate': write SECTION.KEY=" in done.err
    assert not (project / "outputs").exists()


def test_a_search_without_a_finished_trial_has_failed(
    monkeypatch: pytest.MonkeyPatch, tune: Callable
):
    failed = TunedTrial(0, {"a.b": "1"}, "failed", None, "too wide", Path("x"))
    result = TuneResult("eval_loss", False, (failed,))
    monkeypatch.setattr(tuning, "tune", lambda *args, **kwargs: result)
    done = tune(*SEARCH, "--json")
    assert done.exit_code == 1
    assert done.document["best"] is None
    assert done.err == "error: no trial has finished; the last one: too wide\n"


def test_an_interrupted_search_says_how_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, tune: Callable
):
    def stop(*args, **kwargs):
        raise TrainingStoppedError("SIGINT", 2, 3, None)

    monkeypatch.setattr(tuning, "tune", stop)
    done = tune(*SEARCH)
    assert done.exit_code == 130
    assert done.err == (
        "error: interrupted; the same command goes on with the search\n"
    )
