"""The group: help, errors, exit codes, and what an import may load."""

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from programs import python

import oumi_scaffold.cli.app
from oumi_scaffold import __version__
from oumi_scaffold.cli import commands
from oumi_scaffold.cli.app import COMMANDS, group

ROOT = Path(__file__).parents[3]


def test_the_version_is_the_distributions(run: Callable):
    assert f'version = "{__version__}"' in (ROOT / "pyproject.toml").read_text()
    assert run("--version").out == f"oumi-scaffold, version {__version__}\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_a_module_that_says_more_than_the_listing(
    run: Callable, name: str
):
    command = group.get_command(click.Context(group), name)
    assert command is not None
    assert command.name == name
    done = run(name, "--help")
    assert done.exit_code == 0
    assert f"Usage: oumi-scaffold {name} " in done.out
    assert COMMANDS[name] in run("--help").out


@pytest.mark.parametrize(
    ("command", "default"),
    [
        ("new-model", "[default: text-classification]"),
        ("new-model", "[default: stub]"),
        ("new-model", "[default: runtime]"),
        ("new-project", "[default: stub]"),
        ("new-dataset", "[default: text-classification]"),
        ("new-dataset", "[default: map]"),
        ("new-template", "[default: text-classification]"),
    ],
)
def test_what_is_generated_without_an_option_is_told(
    run: Callable, command: str, default: str
):
    assert default in " ".join(run(command, "--help").out.split())


def test_each_file_of_commands_is_one_and_has_its_name():
    (folder,) = commands.__path__
    files = {path.stem for path in Path(folder).glob("*.py")} - {"__init__"}
    assert files == {name.replace("-", "_") for name in COMMANDS}


def test_without_a_command_the_help_is_shown_as_a_usage_error(run: Callable):
    done = run()
    assert done.exit_code == 2
    assert done.out == run("--help").out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["new-mdoel", "X"], "did you mean 'new-model'?"),
        (["frobnicate"], "use one of new-model, "),
        (["--frobnicate"], "No such option"),
        (["list", "--frobnicate"], "(see oumi-scaffold list --help)"),
    ],
)
def test_a_wrong_command_line_is_one_line(run: Callable, args: list[str], message: str):
    done = run(*args)
    assert done.exit_code == 2
    assert done.err.startswith("error: ")
    assert message in done.err
    assert done.err.count("\n") == 1


class ForeignError(ValueError):
    """An error of another package; only its exit code is known."""

    exit_code = 3


@pytest.fixture(autouse=True)
def _in_a_project(project: Path) -> None:
    """Has these tests' own file be none below the working folder."""


def failing(error: BaseException) -> types.ModuleType:
    @click.command("list")
    def command() -> None:
        raise error

    module = types.ModuleType("failing")
    module.__dict__["command"] = command
    return module


@pytest.mark.parametrize(
    ("error", "exit_code", "err"),
    [
        (ForeignError("one line"), 3, "error: one line\n"),
        (ForeignError("one\ntwo"), 3, "error: one\ntwo\n"),
        (
            PermissionError(13, "Permission denied", "f"),
            1,
            "error: f: Permission denied\n",
        ),
        (KeyboardInterrupt(), 130, "\n"),
        (oumi_scaffold.cli.app.Terminated(), 143, ""),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_becomes_its_line_and_its_exit_code(
    run: Callable,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    exit_code: int,
    err: str,
):
    monkeypatch.setitem(sys.modules, "oumi_scaffold.cli.commands.list", failing(error))
    done = run("list")
    assert (done.exit_code, done.out, done.err) == (exit_code, "", err)


def test_a_traceback_appears_for_our_own_bugs_and_with_debug(
    run: Callable, monkeypatch: pytest.MonkeyPatch
):
    modules = sys.modules
    monkeypatch.setitem(
        modules, "oumi_scaffold.cli.commands.list", failing(ZeroDivisionError())
    )
    bug = run("list")
    assert bug.exit_code == 1
    assert "Traceback" in bug.err
    assert bug.err.endswith("please report the lines above\n")
    foreign = failing(ForeignError("one line"))
    monkeypatch.setitem(modules, "oumi_scaffold.cli.commands.list", foreign)
    assert "Traceback" not in run("list").err
    debugged = run("--debug", "list")
    assert "Traceback" in debugged.err
    assert debugged.err.endswith("error: one line\n")
    assert debugged.exit_code == 3


def test_an_output_that_nobody_reads_is_no_error(project: Path):
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "oumi_scaffold", "list", "tasks"],
        stdout=written,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(written)
    assert (done.returncode, done.stderr) == (1, "")


HEAVY = ["torch", "transformers", "cookiecutter", "pydantic", "rich", "numpy"]


@pytest.mark.parametrize(
    ("args", "more"),
    [
        ([], ["jinja2", "yaml", "oumi_runtime"]),
        (["--help"], ["jinja2", "yaml", "oumi_runtime"]),
        (["list", "tasks"], ["jinja2", "yaml", "oumi_runtime"]),
        (["list", "models"], ["jinja2", "yaml"]),
        (["new-model", "MyNet"], []),
        (["new-model", "MyNet", "--dry-run", "--json"], []),
        (["undo", "--help"], ["jinja2", "yaml", "oumi_runtime"]),
        (["validate", "--help"], ["jinja2", "yaml", "oumi_runtime"]),
        (["train", "--help"], ["jinja2", "yaml", "oumi_runtime"]),
    ],
)
def test_a_command_loads_only_what_it_needs(
    project: Path, args: list[str], more: list[str]
):
    program = f"""
import sys
from oumi_scaffold.cli import main
code = main({args!r}) if {args!r} else 0
loaded = sorted({{name.partition(".")[0] for name in sys.modules}})
print(code, *loaded, file=sys.stderr)
"""
    done = python(project, "-c", program)
    code, *loaded = done.stderr.split()
    assert code == "0"
    assert "click" in loaded
    assert set(loaded) & {*HEAVY, *more} == set()


def test_a_terminal_gets_colours_and_others_do_not(
    project: Path, run: Callable, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    plain = run("new-model", "MyNet", "--dry-run").out
    assert "\x1b" not in plain
    monkeypatch.setattr("oumi_scaffold.cli.output._is_terminal", lambda stream: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = run("new-model", "MyNet", "--dry-run").out
    assert "\x1b[32mcreate" in coloured
