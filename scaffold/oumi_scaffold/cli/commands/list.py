"""`oumi-scaffold list`: the available models, datasets, tasks and templates."""

import os
from pathlib import Path

import click

from oumi_scaffold.cli import output
from oumi_scaffold.cli.inventory.registered import (
    Kind,
    Registered,
    registered,
    unusable,
)
from oumi_scaffold.cli.options import json_option
from oumi_templates.catalog import DEFAULT_TASK, TASKS, template_dir


@click.group("list")
def command() -> None:
    """List models, datasets, tasks or templates."""


@command.command(short_help="List models that a config can name.")
@json_option
def models(as_json: bool) -> None:
    """List the models that a config can name, built-in and from this project."""
    _list_registered("models", as_json)


@command.command(short_help="List datasets that a config can name.")
@json_option
def datasets(as_json: bool) -> None:
    """List the datasets that a config can name, built-in and from this project."""
    _list_registered("datasets", as_json)


@command.command(short_help="List tasks that `new-model` can generate.")
@json_option
def tasks(as_json: bool) -> None:
    """List the tasks that `new-model` can generate, with their architectures."""
    cells = [(task, arch) for task in TASKS.values() for arch in task.architectures]
    if as_json:
        output.emit_json(
            {
                "tasks": [
                    {
                        "name": task.name,
                        "summary": task.summary,
                        "default": task.name == DEFAULT_TASK,
                        "architectures": [
                            {"name": arch.name, "summary": arch.summary}
                            for arch in task.architectures
                        ],
                    }
                    for task in TASKS.values()
                ]
            }
        )
        return
    output.table(
        ["task", "arch", "what it is"],
        [[task.name, arch.name, arch.summary] for task, arch in cells],
    )


@command.command(short_help="List templates and their folders.")
@json_option
def templates(as_json: bool) -> None:
    """List the templates (in cookiecutter's format) and their folders."""
    from oumi_scaffold.template.opening import installed

    folders = {name: str(template_dir(name)) for name in TASKS}
    folders |= {name: str(p or "not found") for name, p in installed().items()}
    if as_json:
        output.emit_json(
            {"templates": [{"name": n, "path": p} for n, p in folders.items()]}
        )
    else:
        output.table(["template", "folder"], [[n, p] for n, p in folders.items()])


def _list_registered(kind: Kind, as_json: bool) -> None:
    found = registered(kind, Path())
    for problem in unusable(Path()):
        output.note(output.printable(problem))
    if as_json:
        output.emit_json({kind: [_document(each) for each in found]})
        return
    output.table(
        ["name", "class", "from", "file"],
        [[r.name, r.class_name, r.origin, _place(r)] for r in found],
    )


def _document(found: Registered) -> dict[str, object]:
    return {
        "name": found.name,
        "class": found.class_name,
        "origin": found.origin,
        "path": str(found.path),
        "line": found.line,
    }


def _place(found: Registered) -> str:
    if found.path.is_relative_to(Path.cwd()):
        return f"{os.path.relpath(found.path)}:{found.line}"
    return f"{found.path}:{found.line}"
