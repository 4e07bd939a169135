"""What a request is made of besides its options: settings, files of names, answers."""

from collections.abc import Callable
from pathlib import Path

import click
import pytest
from trees import make_tree, snapshot

FOLDERS = (
    '[tool.oumi-scaffold]\nmodels = "src/nets"\ntests = "checks"\nconfigs = "runs"\n'
)


def test_the_folders_of_a_project_can_be_set(project: Path, run: Callable):
    make_tree(project, {"pyproject.toml": FOLDERS})
    done = run("new-model", "MyNet")
    assert (done.exit_code, done.err) == (0, "")
    assert "oumi-scaffold train -c runs/my_net.yaml" in done.out
    test = (project / "checks" / "test_my_net.py").read_text()
    assert "from src.nets.my_net import MyNet" in test
    assert (project / "oumi_requirements.txt").read_text() == "src/nets/my_net.py\n"
    assert (project / "src" / "nets" / "my_net.py").is_file()
    again = run("new-model", "MyNet", "--force")
    assert again.out.count("identical") == 6


def test_the_usual_task_can_be_set(project: Path, run: Callable):
    text = '[tool.oumi-scaffold]\ntask = "image-classification"\narch = "cnn"\n'
    make_tree(project, {"pyproject.toml": text})
    assert run("new-model", "A", "--json").document["arch"] == "cnn"
    other = run("new-model", "B", "--task", "text-classification", "--json").document
    assert (other["task"], other["arch"]) == ("text-classification", "stub")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[tool", "cannot be read"),
        ("tool = 7", "[tool] is not a table"),
        ("[tool]\noumi-scaffold = 7", "is not a table"),
        ('[tool.oumi-scaffold]\nmodel = "x"', "did you mean 'models'?"),
        ("[tool.oumi-scaffold]\nmodels = 7", "write a string"),
        ('[tool.oumi-scaffold]\nmodels = ""', "write a string"),
        ('[tool.oumi-scaffold]\nmodels = "../x"', "a folder inside the project"),
        ('[tool.oumi-scaffold]\nmodels = "/tmp/x"', "a folder inside the project"),
        ('[tool.oumi-scaffold]\nmodels = ".git"', "a folder inside the project"),
        ('[tool.oumi-scaffold]\nmodels = "my-nets"', "that Python can import"),
        ('[tool.oumi-scaffold]\nmodels = "tests"', "one folder for two kinds"),
        ('[tool.oumi-scaffold]\ntask = "images"', "there is no task"),
        ('[tool.oumi-scaffold]\narch = "resnet"', "use one of stub, mlp"),
    ],
)
def test_a_setting_that_is_wrong_is_one_line(
    project: Path, run: Callable, text: str, reason: str
):
    make_tree(project, {"pyproject.toml": text})
    before = snapshot(project)
    done = run("new-model", "MyNet")
    assert done.exit_code == 2
    assert reason in done.err
    assert done.err.count("\n") == 1
    assert snapshot(project) == before


def test_a_file_of_names_makes_a_model_of_each(project: Path, run: Callable):
    make_tree(project, {"names.txt": "\ufeffFirst # one\n\n# none\nSecondNet\r\n"})
    done = run("new-model", "--from-file", "names.txt", "--json")
    assert done.document["names"] == ["First", "SecondNet"]
    assert (project / "oumi_requirements.txt").read_text() == (
        "models/first.py\nmodels/second_net.py\n"
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("First\nmy net\n", "names.txt:2: 'my net' cannot be the name of the class"),
        ("First\nfirst", "names.txt:2"),
        ("MyNet\nMy_Net\n", "names.txt:2: My_Net would have the same file as line 1"),
        ("# nothing\n", "holds no name"),
        ("A\n" * 2, "names.txt:2"),
        ("\xe9".encode("latin-1").decode("latin-1"), "names.txt:1"),
    ],
)
def test_a_line_that_is_no_name_is_told_by_its_number(
    project: Path, run: Callable, text: str, reason: str
):
    make_tree(project, {"names.txt": text})
    before = snapshot(project)
    done = run("new-model", "--from-file", "names.txt")
    assert done.exit_code == 2
    assert reason in done.err
    assert snapshot(project) == before


def test_a_terminal_is_asked_for_what_is_missing(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
):
    answers = ["MyNet", "image-classification", "cnn"]
    asked: list[str] = []

    def prompt(text: str, **kwargs: object) -> str:
        asked.append(text)
        return answers.pop(0)

    monkeypatch.setattr(
        "oumi_scaffold.cli.generating.decisions.is_interactive", lambda: True
    )
    monkeypatch.setattr(click, "prompt", prompt)
    assert run("new-model").exit_code == 0
    assert asked == ["Name of the class, such as MyNet", "Task", "Architecture"]
    assert "cnn" in (project / ".oumi-scaffold.json").read_text()


def test_nobody_is_asked_without_a_terminal(project: Path, run: Callable):
    done = run("new-model")
    assert (done.exit_code, snapshot(project)) == (2, {})
    assert "Missing argument 'NAME'" in done.err


@pytest.mark.parametrize(
    "args",
    [
        ["MyNet", "--from-file", "names.txt"],
        ["MyNet", "--template", "x", "--task", "text-classification"],
        ["MyNet", "--dataset", "digits", "--data", "x"],
    ],
)
def test_options_that_exclude_each_other_are_told(
    project: Path, run: Callable, args: list[str]
):
    make_tree(project, {"names.txt": "First\n"})
    done = run("new-model", *args)
    assert done.exit_code == 2
    assert "cannot be used together" in done.err


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (
            ["--set", "num_heads=3"],
            "hidden_dim cannot be '128': give a multiple of 6, which is 2 * num_heads",
        ),
        (
            ["--task", "image-classification", "--set", "patch_size=5"],
            "image_size cannot be '8': give a multiple of 5, which is patch_size",
        ),
        (
            ["--task", "image-classification", "--set", "patch_size=8"],
            "image_size cannot be '8': give 16 or more, twice patch_size: one patch "
            "has none to attend to",
        ),
        (
            ["--task", "seq2seq", "--set", "vocab_size=31"],
            "vocab_size cannot be '31': give 32 or more, so that the letters of the "
            "texts fit in",
        ),
        (
            ["--task", "causal-lm", "--set", "vocab_size=257"],
            "vocab_size cannot be '257': give 258 or more, for 256 bytes, padding and "
            "unknown",
        ),
        (
            ["--task", "token-classification", "--arch", "mlp", "--set", "window=4"],
            "window cannot be '4': give an odd number",
        ),
    ],
)
def test_sizes_that_the_model_refuses_are_refused_before(
    project: Path, run: Callable, args: list[str], reason: str
):
    done = run("new-model", "MyNet", "--arch", "transformer", *args)
    assert (done.exit_code, done.err) == (2, f"error: {reason}\n")
    assert snapshot(project) == {}
