"""What a shell completes: names of what is built in, or was generated."""

from pathlib import Path

import click
from click.shell_completion import CompletionItem

from oumi_templates.catalog import DEFAULT_TASK, TASKS


def tasks(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the name of a task."""
    return _starting(incomplete, {task.name: task.summary for task in TASKS.values()})


def architectures(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the name of an architecture of the task that was given before."""
    task = TASKS.get(context.params.get("task") or DEFAULT_TASK)
    known = {arch.name: arch.summary for arch in task.architectures} if task else {}
    return _starting(incomplete, known)


def targets(
    _: click.Context, __: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the package that generated code imports."""
    from oumi_scaffold.request.spec import TARGETS  # which loads what renders templates

    return _starting(incomplete, dict.fromkeys(TARGETS, ""))


def generated_models(
    context: click.Context, _: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Completes the name of a model that was generated in this project."""
    from oumi_scaffold.exceptions import ScaffoldError
    from oumi_scaffold.project.manifest import read_recorded

    try:
        project = Path(context.params.get("output_dir") or ".").resolve()
        models = read_recorded(project)[1]
    except (ScaffoldError, OSError):
        return []
    return _starting(incomplete, {n: each.template for n, each in models.items()})


def _starting(incomplete: str, known: dict[str, str]) -> list[CompletionItem]:
    return [
        CompletionItem(name, help=summary)
        for name, summary in known.items()
        if name.startswith(incomplete)
    ]
