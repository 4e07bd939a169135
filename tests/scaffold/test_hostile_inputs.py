"""Hostile or harmful input: one line, the right exit code, and nothing else.

A row is a group, what the project holds, and what is typed. Everything around the
project is compared before and after: what a row would have executed would show there.
"""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from faults import intercepted, refusing
from own_templates import FILE, MODEL, SETTINGS, TOP, make_template, nested_loops
from trees import make_tree, snapshot

SEPARATOR = "::"


class Row(NamedTuple):
    group: str
    args: list[str]
    exit_code: int
    says: str
    files: dict[str, str] = {}  # noqa: RUF012 - a row is not changed

    @property
    def id(self) -> str:
        return f"{self.group}{SEPARATOR}{ascii(self.args)[:60]}"


def names(
    group: str, *given: str, says: str = "cannot be the name of the class"
) -> list[Row]:
    # `--` lets a name begin with a dash.
    return [Row(group, ["--", name], 2, says) for name in given]


def settings(group: str, *given: str, says: str, arch: str = "mlp") -> list[Row]:
    return [
        Row(group, ["Net", "--arch", arch, "--set", each], 2, says) for each in given
    ]


def templates(
    group: str, exit_code: int, says: str, *files: dict[str, str]
) -> list[Row]:
    own = {FILE: MODEL, "cookiecutter.json": json.dumps(SETTINGS)}
    return [
        Row(
            group,
            ["Net", "--template", "./own"],
            exit_code,
            says,
            {f"own/{path}": text for path, text in (own | each).items()},
        )
        for each in files
    ]


def manifests(*texts: str) -> list[Row]:
    return [
        Row("forged manifests", ["Net"], 2, says, {".oumi-scaffold.json": text})
        for text in texts
        for says in [".oumi-scaffold.json"]
    ]


def in_the_way(*contents: str) -> list[Row]:
    return [
        Row("modified files", ["Net"], 3, "exists already", {"models/net.py": content})
        for content in contents
    ]


ROWS = [
    *names(
        "traversal",
        *("../x", "../../x", "/etc/passwd", "/tmp/Net", "./Net", "a/b", "A/../B"),
        *("..", ".", "~/Net", "C:\\Net", "\\\\host\\Net", "Net/", "file:///Net"),
    ),
    *names("keywords", "class", "Class", "def", "None", "True", "match", "Async"),
    *names("spaces and options", "", " ", "My Net", "Net ", " Net", "\tNet", "-", "--"),
    *names("spaces and options", "-rf", "--help", "--force", "-Net", "--set=x"),
    *names(
        "shell and control",
        *("$(touch x)", "`touch x`", "Net;touch x", "Net|touch x", "Net&&x", "Net>x"),
        *("Net\n", "Net\r\nNet", "Net\0", "\x1b[31mNet", "Net\x07", "Net\x7f", "'Net'"),
    ),
    *names(
        "jinja", "{{ 7 * 7 }}", "{% raw %}", "{{cookiecutter}}", "Net{#", "{{ self }}"
    ),
    *settings(
        "jinja",
        *("hidden_dim={{ 7 * 7 }}", "hidden_dim={% for %}", "{{ x }}=1"),
        *("dropout={{ 1 / 0 }}", "hidden_dim={{ ''.__class__ }}"),
        says="",
    ),
    Row("jinja", ["Net", "--task", "{{ 7 * 7 }}"], 2, "there is no task"),
    Row("jinja", ["Net", "--arch", "{{ 7 * 7 }}"], 2, "architecture"),
    Row("jinja", ["Net", "--target", "{{ 7 * 7 }}"], 2, "text-classification target"),
    Row("jinja", ["Net", "--dataset", "{{ 7 * 7 }}"], 2, "there is no dataset"),
    *names(
        "homoglyphs",
        *("\u041det", "N\u0435t", "\uff2eet", "Ne\u0301t", "N\u00e9t", "Net\u202e"),
        *("\u202eteN", "Net\u200b", "\ufeffNet", "\U0001d54det", "Net\u0660"),
    ),
    *names("length", *("N" * length for length in (65, 66, 100, 255, 256, 10_000))),
    *names("shadowing", "List", "Print", "ValueError", "Object", "Json", "OS"),
    *names("shadowing", "Torch", "Nn", "BaseModel", "Registry", "Conftest", "TestNet"),
    *names("shadowing", "Linear", "Transformer", "ReLU", "LayerNorm", "CON", "Aux"),
    Row("case", ["MlpEncoder"], 3, "as 'MLPEncoder'"),
    Row("case", ["MLPENCODER"], 3, "as 'MLPEncoder'"),
    Row("case", ["Net"], 3, "only in case", {"Models/net.py": ""}),
    Row("case", ["Net"], 3, "only in case", {"models/NET.py": ""}),
    Row("case", ["Net"], 3, "only in case", {"OUMI_requirements.txt": ""}),
    *names("yaml", "Net: {}", "!!python/object:os.system", "&a *a", "- Net", "Net #"),
    *settings("yaml", "hidden_dim=1\nx: 2", "dropout=!!float 1", "x: 1=2", says=""),
    *settings("numbers", "hidden_dim=nan", "hidden_dim=1e9", says="a whole number"),
    *settings("numbers", "hidden_dim=True", "hidden_dim=0x10", says="a whole number"),
    *settings("numbers", f"hidden_dim={'9' * 5000}", says="a whole number"),
    *settings("numbers", "dropout=nan", "dropout=inf", "dropout=1", says="a number"),
    *templates(
        "templates that write elsewhere",
        3,
        "will not write",
        {f"{TOP}/{{{{ '../' }}}}x": "x"},
        {f"{TOP}/{{{{ '/' }}}}tmp/x": "x"},
        {f"{TOP}/a/{{{{ '../..' }}}}/x": "x"},
        {f"{TOP}/.git/hooks/pre-commit": "x"},
        {f"{TOP}/.GIT/config": "x"},
        {f"{TOP}/.oumi-scaffold/journal.json": "{}"},
        {f"{TOP}/{{{{ '\\\\' }}}}x": "x"},
        {f"{TOP}/OUMI_requirements.txt": "x"},
        {f"{TOP}/.oumi-scaffold.json": "{}"},
    ),
    *templates(
        "bombs and loops",
        1,
        "template own: ",
        {f"{TOP}/a": nested_loops(4)},
        {f"{TOP}/a": "{% include 'a' %}"},
        {f"{TOP}/a": "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}"},
        {f"{TOP}/a": "{{ 'x' * 10 ** 10 }}"},
        {f"{TOP}/a": "{% for n in range(900) %}{{ 'x' * 9999 }}{% endfor %}"},
        {"cookiecutter.json": "[" * 100_000},
        {"cookiecutter.json": '{"model_name": {"a": [[[' + "[" * 9000},
    ),
    *templates(
        "templates that reach out",
        1,
        "template own: ",
        {f"{TOP}/a": "{{ ''.__class__.__mro__ }}"},
        {f"{TOP}/a": "{{ lipsum.__globals__ }}"},
        {f"{TOP}/a": "{{ self.__init__.__globals__ }}"},
        {f"{TOP}/a": "{{ cycler.__init__.__globals__.os.system('touch x') }}"},
        {f"{TOP}/a": "{% include '/etc/passwd' %}"},
        {"cookiecutter.json": json.dumps(SETTINGS | {"_extensions": ["os.system"]})},
        {FILE: "import os\nos.system('touch x')\n"},
        {FILE: MODEL.replace("{{ cookiecutter.model_name }}", "Other")},
    ),
    *in_the_way("mine\n", "", "\r\n", "\ufeff", "\udce9", "x = 1\r\n# \u202e\n", "\0"),
    *manifests("", "{", "[]", "{}", '{"format": 9}', '{"format": true}', "[" * 99_999),
    *manifests('{"format": 1, "models": 7}', '{"format": -1}', "\udcff"),
    Row("forged lists", ["Net"], 3, "by", {
        "oumi_requirements.txt": "a.py\n",
        "a.py": '@register("NET", RegistryType.MODEL)\nclass A: ...\n',
    }),
    Row("project settings", ["Net"], 2, "pyproject.toml", {
        "pyproject.toml": '[tool.oumi-scaffold]\nmodels = "../../x"\n'
    }),
    Row("project settings", ["Net"], 2, "pyproject.toml", {
        "pyproject.toml": '[tool.oumi-scaffold]\ntests = ".git/hooks"\n'
    }),
]  # fmt: skip


def lay_out(project: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        target = project / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode(errors="surrogateescape"))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_one_line_the_right_exit_code_and_nothing_touched(
    project: Path, tmp_path: Path, run: Callable, row: Row
):
    lay_out(project, row.files)
    before = snapshot(tmp_path)
    done = run("new-model", *row.args)
    assert done.exit_code == row.exit_code
    assert row.says in done.err
    assert done.err.count("\n") == 1
    assert done.err.rstrip("\n").isprintable()
    assert len(done.err) < 1500
    assert snapshot(tmp_path) == before


def test_there_are_as_many_rows_and_groups_as_promised():
    assert len(ROWS) >= 120
    assert len({row.group for row in ROWS}) + len(GROUPS_BELOW) >= 18


GROUPS_BELOW = [
    *("targets that are not files", "full disk", "signals", "plugins"),
    *("links and devices in templates", "runs at once", "permissions"),
]


@pytest.mark.parametrize("target", ["models/net.py", "tests", "models", "configs"])
@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe", "loop"])
def test_a_target_that_is_no_file_is_not_followed_or_replaced(
    project: Path, tmp_path: Path, run: Callable, target: str, kind: str
):
    place = project / target
    place.parent.mkdir(exist_ok=True)
    outside = make_tree(tmp_path / "outside", {"mine": ""})
    match kind:
        case "link":
            place.symlink_to(outside)
        case "dangling":
            place.symlink_to(tmp_path / "nowhere")
        case "folder":
            place.mkdir()
        case "pipe":
            os.mkfifo(place)
        case _:
            place.symlink_to(place)
    before = snapshot_of_kinds(tmp_path)
    for option in ([], ["--force"], ["--skip"]):
        done = run("new-model", "Net", *option)
        if kind == "folder" and "." not in target:
            assert done.exit_code == 0
            return
        assert done.exit_code == 3
        assert done.err.count("\n") == 1
        assert snapshot_of_kinds(tmp_path) == before


def snapshot_of_kinds(root: Path) -> dict[str, tuple[int, int]]:
    """As `snapshot`, without opening a pipe."""
    return {
        str(path): (path.lstat().st_mode, path.lstat().st_ino)
        for path in sorted(root.rglob("*"))
    }


@pytest.mark.parametrize(
    "code", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT]
)
@pytest.mark.parametrize("number", [3, 5, 12, 20])
def test_a_disk_that_refuses_is_one_line(
    project: Path, run: Callable, code: int, number: int
):
    make_tree(project, {"mine": ""})
    before = snapshot(project)
    with intercepted(refusing(number, code)):
        done = run("new-model", "Net")
    assert (done.exit_code, done.err.count("\n")) == (1, 1)
    assert os.strerror(code) in done.err
    assert snapshot(project) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("mode", [0o500, 0o000])
def test_a_project_that_may_not_be_written_is_one_line(
    project: Path, run: Callable, mode: int
):
    (project / "models").mkdir(mode=mode)
    done = run("new-model", "Net")
    assert (done.exit_code, done.err.count("\n")) == (1, 1)


def test_runs_at_once_leave_every_model_listed(project: Path):
    words = ["Alpha", "Beta", "Gamma", "Delta"]
    runs = [
        subprocess.Popen(
            [sys.executable, "-m", "oumi_scaffold", "new-model", word, "--json"],
            cwd=project,
            stdout=subprocess.DEVNULL,
        )
        for word in words
    ]
    assert [each.wait(timeout=60) for each in runs] == [0] * len(words)
    manifest = json.loads((project / ".oumi-scaffold.json").read_text())
    assert set(manifest["models"]) == set(words)
    listed = (project / "oumi_requirements.txt").read_text().split()
    assert sorted(listed) == sorted(f"models/{word.lower()}.py" for word in words)
    assert not (project / ".oumi-scaffold").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_while_a_template_loops_leaves_nothing(
    project: Path, tmp_path: Path, number: int
):
    where = make_template(tmp_path / "own", {f"{TOP}/a": nested_loops(4)})
    program = [sys.executable, "-m", "oumi_scaffold", "new-model", "Net"]
    process = subprocess.Popen(
        [*program, "--template", str(where)], cwd=project, stderr=subprocess.PIPE
    )
    with process:
        time.sleep(1)
        assert process.poll() is None
        process.send_signal(number)
        process.wait(timeout=60)
    assert snapshot(project) == {}
