"""`list`: models, datasets, tasks and templates, for people and as JSON."""

from collections.abc import Callable
from pathlib import Path

import pytest
from trees import make_tree

from oumi_templates.catalog import TASKS

OWN_FILE = """\
from oumi_runtime.core.registry import RegistryType, register, register_dataset


@register("Mine", RegistryType.MODEL)
class MyModel: ...


@register_dataset("my_data")
class MyData: ...
"""


def test_models_are_the_built_in_ones_and_the_projects(project: Path, run: Callable):
    make_tree(
        project,
        {"oumi_requirements.txt": "models/mine.py\n", "models/mine.py": OWN_FILE},
    )
    models = {
        each["name"]: each
        for each in run("list", "models", "--json").document["models"]
    }
    assert models["MLPEncoder"]["origin"] == "built-in"
    assert models["MLPEncoder"]["path"].endswith("oumi_runtime/models/mlp.py")
    assert models["Mine"] == {
        "name": "Mine",
        "class": "MyModel",
        "origin": "project",
        "path": str(project / "models" / "mine.py"),
        "line": 4,
    }
    assert "my_data" not in models
    assert "models/mine.py:4" in run("list", "models").out


@pytest.mark.parametrize("kind", ["models", "datasets"])
def test_a_file_that_cannot_be_read_is_told(project: Path, run: Callable, kind: str):
    lists = "models/mine.py\nmodels/broken.py\nmodels/gone.py\n"
    files = {"models/mine.py": OWN_FILE, "models/broken.py": f"{OWN_FILE}("}
    make_tree(project, {"oumi_requirements.txt": lists, **files})
    done = run("list", kind, "--json")
    assert done.exit_code == 0
    assert {"Mine", "my_data"} & {each["name"] for each in done.document[kind]}
    gone, broken = done.err.splitlines()
    assert "models/broken.py:10 cannot be parsed: " in broken
    assert gone.endswith(
        "oumi_requirements.txt:3 lists models/gone.py, which does not exist"
    )


def test_datasets_are_listed_apart_from_models(project: Path, run: Callable):
    make_tree(
        project,
        {"oumi_requirements.txt": "models/mine.py\n", "models/mine.py": OWN_FILE},
    )
    datasets = run("list", "datasets", "--json").document["datasets"]
    assert [d["class"] for d in datasets if d["origin"] == "project"] == ["MyData"]
    assert "MLPEncoder" not in {d["name"] for d in datasets}


def test_tasks_are_the_grid_of_the_catalogue(run: Callable):
    lines = [line.split()[:2] for line in run("list", "tasks").out.splitlines()[1:]]
    assert lines == [[t.name, a.name] for t in TASKS.values() for a in t.architectures]
    tasks = run("list", "tasks", "--json").document["tasks"]
    assert [t["name"] for t in tasks if t["default"]] == ["text-classification"]
    grid = [len(task.architectures) for task in TASKS.values()]
    assert [len(t["architectures"]) for t in tasks] == grid


def test_templates_are_folders_that_hold_one(run: Callable):
    templates = run("list", "templates", "--json").document["templates"]
    assert [each["name"] for each in templates] == list(TASKS)
    for each in templates:
        assert (Path(each["path"]) / "cookiecutter.json").is_file()
        assert each["path"] in run("list", "templates").out


def test_the_names_of_the_list_of_files_are_the_runtimes_own():
    from oumi_runtime.core.registry import discovery
    from oumi_scaffold.cli.inventory import registered

    assert registered._LIST_FILE == discovery.LIST_FILENAME
    assert registered._LIST_VARIABLE == discovery.LIST_FILE_VARIABLE
