"""Tries a module with arguments, and decides which of them the model takes over."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from oumi_scaffold.exceptions import WrapError
from oumi_scaffold.wrapping.arguments import Argument, call_of
from oumi_scaffold.wrapping.wrapped import ModuleInterface

if TYPE_CHECKING:
    from oumi_runtime.wrapping import Factory

_CLASSES = "num_classes"
_OF_OUTPUTS = ("pool", "return", "output", "aux", "logits")


class Tried(NamedTuple):
    """A module that runs: with which arguments, and what was found out about it."""

    arguments: list[Argument]
    interface: ModuleInterface
    sizes: dict[str, int]
    notes: list[str]


def tried(
    factory: "Factory",
    arguments: list[Argument],
    set_by_user: Sequence[str],
    task: str,
    sizes: dict[str, int],
    what: str,
) -> Tried:
    """Makes and runs a module.

    A function that passes further arguments on is given the number of classes, too, and
    a switch with which the module returns something else is left as it is.

    Args:
        factory: What makes it.
        arguments: Those to make it with.
        set_by_user: The names of those that have to be taken over.
        task: The task.
        sizes: The sizes of the data.
        what: The module, for errors.

    Raises:
        WrappingError: It cannot be made or run, or does not fit the task.
        WrapError: So, too, where it takes further items that are not set.
    """
    # Imports torch.
    from oumi_runtime.exceptions import WrappingError
    from oumi_runtime.wrapping import Trial

    def run(arguments: list[Argument]) -> Tried:
        by_position, by_name = call_of(arguments)
        make = partial(factory.make, *by_position, **by_name)
        shown = ", ".join(f"{each.name}={each.given!r}" for each in arguments)
        trial = Trial(what, make, shown, task, sizes)
        found = ModuleInterface(**trial.interface()._asdict())
        return Tried(arguments, found, trial.sizes, trial.notes)

    def interface(arguments: list[Argument]) -> ModuleInterface | None:
        try:
            return run(arguments).interface._replace(width=0)
        except WrappingError:
            return None

    knows_classes = any(each.size == _CLASSES for each in arguments)
    if factory.others == "name" and _CLASSES in sizes and not knows_classes:
        more = [*arguments, Argument(_CLASSES, "int", sizes[_CLASSES], _CLASSES)]
        arguments = more if interface(more) else arguments
    try:
        first = run(arguments)
    except WrappingError as error:
        unset = [
            each.name
            for each in factory.parameters
            if each.passing == "items" and each.name not in set_by_user
        ]
        if not unset:
            raise
        why = str(error).partition(": ")[2]
        reason = f"its *{unset[0]} are not set: add --set {unset[0]}=VALUE,VALUE"
        raise WrapError(what, f"{reason} ({why})") from error
    usual = first.interface._replace(width=0)
    fixed = [
        each
        for each in arguments
        if _is_of_outputs(each)
        and each.name not in set_by_user
        and interface([_flipped(e) if e is each else e for e in arguments]) != usual
    ]
    return first._replace(arguments=[e for e in arguments if e not in fixed])


def _is_of_outputs(argument: Argument) -> bool:
    """Whether an argument may switch something that is returned on or off."""
    is_switch = type(argument.value) is bool and argument.passing in ("name", "config")
    return is_switch and any(word in argument.name for word in _OF_OUTPUTS)


def _flipped(argument: Argument) -> Argument:
    return argument._replace(value=not argument.value)
