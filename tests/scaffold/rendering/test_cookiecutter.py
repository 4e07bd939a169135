"""The built-in templates are cookiecutter's, too: it renders them to the same text."""

from pathlib import Path

import pytest
import yaml
from cookiecutter.main import cookiecutter

from oumi_scaffold.rendering.answers import settable
from oumi_scaffold.rendering.render import render
from oumi_scaffold.request.project_spec import project_spec
from oumi_scaffold.request.spec import KINDS, dataset_spec, model_spec
from oumi_scaffold.template.folder import load_template
from oumi_templates.catalog import DATASET, PROJECT, TASKS, template_dir

CELLS = [(task, arch) for task in TASKS for arch in TASKS[task].architecture_names]


@pytest.mark.parametrize("name", ["MyNet", "N" * 64])
@pytest.mark.parametrize(
    ("task", "arch", "target"),
    [(*cell, target) for cell in CELLS for target in TASKS[cell[0]].targets],
)
def test_plain_cookiecutter_renders_a_template_to_the_same_text(
    tmp_path: Path, task: str, arch: str, name: str, target: str
):
    theirs = rendered_by_cookiecutter(
        task, tmp_path, model_name=name, arch=arch, target=target
    )
    spec = model_spec(name, task, arch, target)
    files = render(load_template(template_dir(task), task), spec.answers)
    assert {file.path: file.text for file in files} == theirs
    own = {spec.model_file, spec.test_file, spec.config_file, spec.data_file}
    assert set(theirs) == own - {None}


@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_it_does_so_for_numbers_that_are_texts_to_it(
    tmp_path: Path, task: str, arch: str
):
    template = load_template(template_dir(task), task)
    numbers = {
        name: 3 * default if isinstance(default, int) else default / 3
        for name in settable(template)
        if isinstance(default := template.variables[name], int | float)
        and not isinstance(default, bool)
    }
    assert numbers
    data = {"dataset_name": "mine", "dataset_path": "some data/a: b.csv"}
    answers = {"model_name": "MyNet", "arch": arch, **numbers, **data}
    files = render(template, answers)
    theirs = rendered_by_cookiecutter(task, tmp_path, **answers)
    assert {file.path: file.text for file in files} == theirs


@pytest.mark.parametrize("name", ["MyRows", "N" * 64])
@pytest.mark.parametrize(("task", "kind"), [(t, k) for t in TASKS for k in KINDS])
def test_plain_cookiecutter_renders_a_dataset_to_the_same_text(
    tmp_path: Path, task: str, kind: str, name: str
):
    theirs = rendered_by_cookiecutter(
        DATASET, tmp_path, dataset_class=name, task=task, kind=kind
    )
    spec = dataset_spec(name, task, kind)
    files = render(load_template(template_dir(DATASET), DATASET), spec.answers)
    assert {file.path: file.text for file in files} == theirs
    assert set(theirs) == {f"data/{spec.module_name}.py", spec.test_file}


@pytest.mark.parametrize("name", ["wave-lab", "ab-" * 21 + "a"])
@pytest.mark.parametrize("task", TASKS)
def test_plain_cookiecutter_renders_a_project_to_the_same_text(
    tmp_path: Path, task: str, name: str
):
    theirs = rendered_by_cookiecutter(
        PROJECT, tmp_path, project_name=name, model_name="WaveNet", task=task
    )
    spec = project_spec(name, "WaveNet", task)
    files = render(load_template(template_dir(PROJECT), PROJECT), spec.answers)
    assert {file.path: file.text for file in files} == theirs
    assert len(theirs) == 4


def rendered_by_cookiecutter(
    template: str, folder: Path, /, **answers: object
) -> dict[str, str]:
    settings = folder / "cookiecutter.yaml"
    folders = {"replay_dir": "replay", "cookiecutters_dir": "cookiecutters"}
    settings.write_text(
        yaml.safe_dump({key: str(folder / path) for key, path in folders.items()})
    )
    made = cookiecutter(
        str(template_dir(template)),
        no_input=True,
        extra_context=answers,
        output_dir=str(folder / "made"),
        config_file=str(settings),
    )
    return {
        path.relative_to(made).as_posix(): path.read_bytes().decode()
        for path in Path(made).rglob("*")
        if path.is_file()
    }
