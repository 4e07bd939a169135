"""Every generated dataset: one for each task and kind."""

from pathlib import Path

from oumi_scaffold.generating.classes import plan_model
from oumi_scaffold.rendering.render import RenderedFile, render
from oumi_scaffold.request.spec import KINDS, dataset_spec
from oumi_scaffold.template.folder import load_template
from oumi_scaffold.writing.write import write
from oumi_templates.catalog import DATASET, TASKS, template_dir

DATASETS = [(task, kind) for task in TASKS for kind in KINDS]


def rendered_dataset(task: str, kind: str, name: str) -> tuple[RenderedFile, ...]:
    """A dataset's files under any name, one that `new-dataset` would refuse too."""
    answers = {"dataset_class": name, "task": task, "kind": kind}
    return render(load_template(template_dir(DATASET), DATASET), answers)


def class_name(task: str, kind: str) -> str:
    """A name that no other dataset has: `CausalLmStream`."""
    return f"{task}-{kind}".title().replace("-", "")


def write_datasets(folder: Path) -> Path:
    """Writes a project with all of them."""
    for task, kind in DATASETS:
        write(plan_model(dataset_spec(class_name(task, kind), task, kind), folder))
    return folder
