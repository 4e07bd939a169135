"""The options that commands of all kinds share, and how options become one value."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import click

from oumi_scaffold.exceptions import BadSettingError

Command = Callable[..., Any]
Decorator = Callable[[Command], Command]

json_option: Decorator = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as JSON."
)


def all_of(*options: Decorator) -> Decorator:
    """Returns one decorator for several options, in the order of `--help`."""

    def decorated(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorated


def grouped(
    argument: str, kind: Callable[..., Any], fields: Sequence[str], *options: Decorator
) -> Decorator:
    """Returns a decorator that adds options and hands their values over as one.

    Args:
        argument: The name of the command's argument.
        kind: What the argument is made of, by the names of its fields.
        fields: The names of the options' values.
        options: The options, in the order of `--help`.
    """

    def decorated(command: Command) -> Command:
        @functools.wraps(command)
        def with_one(**values: Any) -> Any:
            own = {field: values.pop(field) for field in fields}
            return command(**values, **{argument: kind(**own)})

        return all_of(*options)(with_one)

    return decorated


def values_by_name(option: str, kind: str, settings: Sequence[str]) -> dict[str, str]:
    """Parses NAME=VALUE settings.

    Args:
        option: The option that they are for, such as `--set`.
        kind: What a name is, for errors.
        settings: What was given.

    Raises:
        BadSettingError: One is malformed, or a name is given twice.
    """
    found: dict[str, str] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise BadSettingError(option, setting, f"write {kind}=VALUE")
        if name in found:
            raise BadSettingError(option, setting, f"{name} is set twice")
        found[name] = text
    return found
