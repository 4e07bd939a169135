"""Every cell of the catalogue, and projects that hold all of them."""

from collections.abc import Sequence
from pathlib import Path

from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.rendering.render import RenderedFile, render
from oumi_scaffold.request.names import module_name
from oumi_scaffold.request.spec import model_spec
from oumi_scaffold.template.folder import load_template
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import TASKS, template_dir

CELLS = [(task, arch) for task in TASKS for arch in TASKS[task].architecture_names]
# Of names: the shortest and longest, and those at which lines begin to be too long.
LENGTHS = (1, 2, 8, 16, 24, 32, 36, 37, 38, 40, 44, 48, 52, 53, 54, 60, 64)


def rendered(task: str, arch: str, name: str) -> tuple[RenderedFile, ...]:
    """A cell's files under any name, one that `new-model` would refuse too."""
    answers = {"model_name": name, "module_name": module_name(name), "arch": arch}
    return render(load_template(template_dir(task), task), answers)


def write_project(
    folder: Path, lengths: Sequence[int], cells: Sequence[tuple[str, str]] = CELLS
) -> Path:
    """Writes a project with cells under a name of each length."""
    for number, (task, arch) in enumerate(cells):
        for length in lengths:
            name = (_start(number) + "Layer" * 20)[:length]
            write(plan_model(model_spec(name, task, arch), folder))
    return folder


def _start(number: int) -> str:
    """What no other name begins with: A to Y, then AZ and so on."""
    letters = "ABCDEGHIJKLMNOPQRSTUVWXY"  # F is taken
    return letters[number % len(letters)] + "Z" * (number // len(letters))
