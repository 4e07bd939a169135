"""Every cell of the catalogue, and projects that hold all of them."""

from pathlib import Path

from oumi_scaffold.generate import plan_model
from oumi_scaffold.names import module_name
from oumi_scaffold.render import RenderedFile, render
from oumi_scaffold.spec import model_spec
from oumi_scaffold.template import load_template
from oumi_scaffold.write import write
from oumi_templates.catalog import TASKS, template_dir

CELLS = [(task, arch) for task in TASKS for arch in TASKS[task].architecture_names]
LENGTHS = (1, 2, 8, 40, 64)


def rendered(task: str, arch: str, name: str) -> tuple[RenderedFile, ...]:
    """A cell's files under any name, one that `new-model` would refuse too."""
    answers = {"model_name": name, "module_name": module_name(name), "arch": arch}
    return render(load_template(template_dir(task), task), answers)


def write_project(folder: Path) -> Path:
    """Writes a project with every cell under a name of each length."""
    for number, (task, arch) in enumerate(CELLS):
        letter = "ABCDEGHIJKLMNOPQRSTUVWXYZ"[number]
        for length in LENGTHS:
            name = letter + "oNetwork"[: length - 1] + "Layer" * 20
            write(plan_model(model_spec(name[:length], task, arch), folder))
    return folder
