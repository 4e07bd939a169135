"""The built-in templates are cookiecutter's, too: it renders them to the same text."""

from pathlib import Path

import pytest
import yaml
from cookiecutter.main import cookiecutter

from oumi_scaffold.render import render
from oumi_scaffold.spec import model_spec
from oumi_scaffold.template import load_template
from oumi_templates.catalog import TASKS, template_dir

CELLS = [(task, arch) for task in TASKS for arch in TASKS[task].architecture_names]


@pytest.mark.parametrize("name", ["MyNet", "HTTPNet", "N" * 64])
@pytest.mark.parametrize(("task", "arch"), CELLS)
def test_plain_cookiecutter_renders_a_template_to_the_same_text(
    tmp_path: Path, task: str, arch: str, name: str
):
    settings = tmp_path / "cookiecutter.yaml"
    folders = {"replay_dir": "replay", "cookiecutters_dir": "cookiecutters"}
    settings.write_text(
        yaml.safe_dump({key: str(tmp_path / path) for key, path in folders.items()})
    )
    made = cookiecutter(
        str(template_dir(task)),
        no_input=True,
        extra_context={"model_name": name, "arch": arch},
        output_dir=str(tmp_path / "made"),
        config_file=str(settings),
    )
    theirs = {
        path.relative_to(made).as_posix(): path.read_bytes().decode()
        for path in Path(made).rglob("*")
        if path.is_file()
    }
    spec = model_spec(name, task, arch)
    files = render(load_template(template_dir(task), task), spec.answers)
    assert {file.path: file.text for file in files} == theirs
    assert set(theirs) == {spec.model_file, spec.test_file, spec.config_file}
