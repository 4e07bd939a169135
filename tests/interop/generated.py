"""The models that are generated for the oumi package, and where that package is."""

import json
from pathlib import Path

from oumi_templates.catalog import TASKS, template_dir

HERE = Path(__file__).parent
PYTHON = HERE.parents[1] / ".venv-interop/bin/python"


def has_target(task: str) -> bool:
    """Says whether a task's template can write for the oumi package."""
    return "target" in json.loads(
        (template_dir(task) / "cookiecutter.json").read_text()
    )


def class_name(task: str, arch: str) -> str:
    return f"{task}-{arch}".title().replace("-", "")


MODELS = {
    class_name(task, arch): (task, arch)
    for task in TASKS
    if has_target(task)
    for arch in TASKS[task].architecture_names
}
"""Every model that is generated for the oumi package, and the task and architecture."""
