"""What a shell completes: the values of options that name something built in."""

import click
from click.shell_completion import CompletionItem

from oumi_scaffold.spec import TARGETS
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
    return _starting(incomplete, dict.fromkeys(TARGETS, ""))


def _starting(incomplete: str, known: dict[str, str]) -> list[CompletionItem]:
    return [
        CompletionItem(name, help=summary)
        for name, summary in known.items()
        if name.startswith(incomplete)
    ]
