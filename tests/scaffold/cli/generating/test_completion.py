"""What a shell completes on the command line."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from oumi_scaffold.cli.app import group


def completed(*words: str) -> list[str]:
    """What the last word may become."""
    *given, incomplete = words
    shell = ShellComplete(group, {}, "oumi-scaffold", "_OUMI_SCAFFOLD_COMPLETE")
    found = shell.get_completions([*given], incomplete)
    return [item.value for item in found]


@pytest.mark.parametrize("command", ["new-model", "new-template"])
def test_tasks_are_completed(command: str):
    assert completed(command, "--task", "tabular-c") == ["tabular-classification"]


def test_architectures_are_those_of_the_task():
    assert completed("new-model", "--arch", "") == ["stub", "mlp", "cnn", "transformer"]
    task = ("new-model", "--task", "seq2seq")
    assert completed(*task, "--arch", "") == ["stub", "transformer"]
    assert completed("new-model", "--task", "unknown", "--arch", "") == []


def test_targets_are_completed():
    assert completed("new-model", "--target", "o") == ["oumi"]


def test_the_models_that_were_generated_here_are_completed(
    project: Path, run: Callable
):
    assert completed("undo", "") == []
    for name in ("MyNet", "MyOtherNet", "Third"):
        run("new-model", name, "--output-dir", "place")
    for command in ("update", "undo"):
        place = ("--output-dir", "place")
        assert completed(command, *place, "My") == ["MyNet", "MyOtherNet"]
    (project / "place" / ".oumi-scaffold.json").write_text("{")
    assert completed("undo", *place, "My") == []
    assert completed("undo", "") == []


def test_commands_are_completed():
    assert completed("find") == ["find-lr", "find-batch-size"]


def test_what_to_predict_from_is_completed_as_a_file():
    shell = ShellComplete(group, {}, "oumi-scaffold", "_OUMI_SCAFFOLD_COMPLETE")
    for given in (["predict"], ["predict", "-o"]):
        (found,) = shell.get_completions(given, "data/t")
        assert (found.value, found.type) == ("data/t", "file")
