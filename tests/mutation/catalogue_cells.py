"""The generated models that faults are planted in: every cell of the catalogue."""

from pathlib import Path

from harness import Cell

from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.request.names import module_name
from oumi_scaffold.request.spec import model_spec
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import TASKS

CELLS = [(task, arch) for task in TASKS for arch in TASKS[task].architecture_names]


def generated(task: str, arch: str, project: Path) -> Cell:
    """Writes a cell into a project, as `new-model` would."""
    words = f"{task}-{arch}-net".replace("2", "-to-").split("-")
    name = "".join(word.capitalize() for word in words)
    write(plan_model(model_spec(name, task, arch), project))
    return Cell(task, arch, project, module_name(name))
