"""Entry points in the pyproject.toml of a project that can be installed."""

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from oumi_scaffold.project.entry_points import (
    DATASETS,
    MODELS,
    place_of,
    with_points,
    without_files,
)

TABLE = '[project.entry-points."oumi_runtime.models"]\n'
OWN = 'OneNet = "lab.models.one_net:OneNet" # the first\n'
NEW = {"TwoNet": "lab.models.two_net:TwoNet"}
ADDED = 'TwoNet = "lab.models.two_net:TwoNet"\n'


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("lab/models/my_net.py", "lab.models.my_net:MyNet"),
        ("src/lab/my_net.py", "lab.my_net:MyNet"),
        ("my_net.py", None),
        ("src/my_net.py", None),
        ("my-lab/my_net.py", None),
    ],
)
def test_a_class_has_a_place_in_a_package(file: str, place: str | None):
    assert place_of(file, "MyNet") == place


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("after", ["", "\n# more\n[tool.x]\ny = 1\n"])
@pytest.mark.parametrize("own", ["", OWN])
def test_points_are_added_after_the_others_and_taken_out_again(newline, after, own):
    before = f"[project]\nname = 'lab'\n\n{TABLE}{own}{after}".replace("\n", newline)
    content = with_points(before.encode(), MODELS, NEW)
    expected = f"[project]\nname = 'lab'\n\n{TABLE}{own}{ADDED}{after}"
    assert content.decode() == expected.replace("\n", newline)
    assert with_points(content, MODELS, NEW) == content
    assert without_files(content, ["lab/models/two_net.py"]) == before.encode()


def test_the_table_of_the_other_group_comes_and_goes_with_its_points():
    before = f"{TABLE}{OWN}\n[tool.x]\ny = 1\n".encode()
    content = with_points(before, DATASETS, {"rows": "lab.data.rows:Rows"})
    added = (
        '[project.entry-points."oumi_runtime.datasets"]\nrows = "lab.data.rows:Rows"\n'
    )
    assert content.decode() == f"{TABLE}{OWN}\n{added}\n[tool.x]\ny = 1\n"
    assert without_files(content, ["lab/data/rows.py"]) == before


@pytest.mark.parametrize(
    "content",
    [
        "[project]\nname = 'lab'\n",
        '[project.entry-points."another.models"]\nA = "b:C"\n',
        f'text = """\n{TABLE}A = "b:C"\n"""\n',
        f'{TABLE}A = "b:C"\n[x',
        "",
    ],
)
def test_other_files_stay_as_they_are(content: str):
    assert with_points(content.encode(), MODELS, NEW) == content.encode()
    assert without_files(content.encode(), ["b.py"]) == content.encode()


def test_a_last_line_without_an_end_gets_one():
    content = with_points((TABLE + OWN).rstrip("\n").encode(), MODELS, NEW)
    assert content.decode() == TABLE + OWN + ADDED


def test_what_is_generated_in_a_project_is_found_when_it_is_installed(
    project: Path, run: Callable
):
    assert run("new-project", "wave-lab").exit_code == 0
    place = project / "wave-lab"
    before = (place / "pyproject.toml").read_bytes()
    options = ("--output-dir", str(place))
    assert "update     pyproject.toml" in run("new-model", "Second", *options).out
    assert run("new-dataset", "MyRows", *options).exit_code == 0
    made = tomllib.loads((place / "pyproject.toml").read_text())["project"]
    assert made["entry-points"] == {
        MODELS: {
            "MyNet": "wave_lab.models.my_net:MyNet",
            "Second": "wave_lab.models.second:Second",
        },
        DATASETS: {"my_rows": "wave_lab.data.my_rows:MyRows"},
    }
    assert run("undo", "MyRows", *options).exit_code == 0
    assert run("undo", "Second", *options).exit_code == 0
    assert (place / "pyproject.toml").read_bytes() == before
