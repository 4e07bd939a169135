"""The options of the commands that write into a project, each kind as one value."""

from pathlib import Path
from typing import Any, NamedTuple

import click

from oumi_scaffold.cli.generating import completion, decisions
from oumi_scaffold.cli.generating.decisions import Decisions
from oumi_scaffold.cli.options import Decorator, grouped, json_option
from oumi_templates.catalog import DEFAULT_TASK, TASKS

_DEFAULT_ARCHITECTURE = TASKS[DEFAULT_TASK].default_architecture.name


class WritingOptions(NamedTuple):
    """Where to write, what to do about files that exist, and how to report it."""

    output_dir: Path
    force: bool
    skip: bool
    dry_run: bool
    as_json: bool
    diff: bool = False

    @property
    def may_ask(self) -> bool:
        """Whether to ask the user: not in a dry run, nor with `--json`."""
        return not (self.dry_run or self.as_json) and decisions.is_interactive()

    def decisions(self) -> Decisions:
        """Returns what decides about files in conflict."""
        return Decisions(force=self.force, skip=self.skip, ask=self.may_ask)

    @classmethod
    def checked(cls, **given: Any) -> "WritingOptions":
        """Returns the options; raises `click.UsageError` if they conflict."""
        options = cls(**given)
        if options.force and options.skip:
            raise click.UsageError("--force and --skip cannot be used together")
        return options


class DataOptions(NamedTuple):
    """The training data: a registered dataset, or the user's own file or folder."""

    dataset: str | None
    data: str | None
    columns: tuple[str, ...]

    @classmethod
    def checked(cls, **given: Any) -> "DataOptions":
        """Returns the options; raises `click.UsageError` if they conflict."""
        options = cls(**given)
        if options.dataset is not None and options.data is not None:
            raise click.UsageError("--dataset and --data cannot be used together")
        if options.columns and options.data is None:
            raise click.UsageError("--column works only with --data")
        return options

    @property
    def given(self) -> str | None:
        """The option that names the data; None if neither was given."""
        named = {"--dataset": self.dataset, "--data": self.data}
        return next((name for name, value in named.items() if value is not None), None)


def task_option(help: str, *, show_default: bool = True) -> Decorator:
    """Returns `--task`, with whose task it is; None if it is not given."""
    default = f"  [default: {DEFAULT_TASK}]" if show_default else ""
    return click.option(
        "--task",
        metavar="TASK",
        shell_complete=completion.tasks,
        help=help + default,
    )


arch_option: Decorator = click.option(
    "--arch",
    metavar="ARCH",
    shell_complete=completion.architectures,
    help=f"The architecture; see `list tasks`.  [default: {_DEFAULT_ARCHITECTURE}]",
)


def settings_option(help: str) -> Decorator:
    """Returns `--set`, with what it sets."""
    text = f"{help}; may be repeated."
    return click.option(
        "--set", "settings", multiple=True, metavar="ARGUMENT=VALUE", help=text
    )


trust_option: Decorator = click.option(
    "--trust", is_flag=True, help="Run the hook scripts of the template."
)

data_options = grouped(
    "data",
    DataOptions.checked,
    DataOptions._fields,
    click.option(
        "--dataset", metavar="NAME", help="The training dataset; see `list datasets`."
    ),
    click.option(
        "--data", metavar="PATH", help="Your own training data, a file or folder."
    ),
    click.option(
        "--column",
        "columns",
        multiple=True,
        metavar="USE=NAME",
        help="Name a column of your data, such as label=species; may be repeated.",
    ),
)


def writing_options(
    *,
    force: str = "Replace existing files; a copy is kept.",
    skip: str = "Keep existing files as they are.",
    dry_run: str = "Show what would be written.",
    diff: str | None = "Show how files would change.",
) -> Decorator:
    """Returns the options of `WritingOptions`.

    Args:
        force: What `--force` does.
        skip: What `--skip` does.
        dry_run: What `--dry-run` does.
        diff: What `--diff` does; None for a command without it.
    """
    helps = {"force": force, "skip": skip, "diff": diff, "dry_run": dry_run}
    flags = {name: text for name, text in helps.items() if text is not None}
    return grouped(
        "writing",
        WritingOptions.checked,
        ("output_dir", *flags, "as_json"),
        click.option(
            "--output-dir",
            type=click.Path(file_okay=False, path_type=Path),
            default=Path(),
            help="The project's folder; the current one by default.",
        ),
        *(
            click.option(f"--{name.replace('_', '-')}", is_flag=True, help=text)
            for name, text in flags.items()
        ),
        json_option,
    )
