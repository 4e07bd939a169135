"""The constructor's arguments that a model takes over from the module it wraps.

They come with a type, a default, and what they are to the data. Whatever is not a
literal, such as a module or a function, is left to its own default.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from oumi_scaffold.exceptions import UnknownChoiceError, WrapError
from oumi_scaffold.wrapping.parameters import SCALARS, Parameter, items_of, setting
from oumi_scaffold.wrapping.sizes import size_of

_OF_MAKING = ("progress", "verbose", "pretrained", "weights", "download")
"""What is about downloads and messages, and changes nothing of the layers."""
_OBJECTS = ("config", "cfg", "conf", "hparams", "opt")
_SHOWN_MISSING = 8


class Argument(NamedTuple):
    """An argument of the generated constructor.

    `size` says which size of the data it is; `conversion`, what the module takes it as;
    and `passing`, how: by `name`, by `position`, as further `items`, like `*sizes`, in
    a `config` object, or as an `attribute` of that.
    """

    name: str
    type: str
    value: object
    size: str = ""
    conversion: str = ""
    passing: str = "name"

    @property
    def given(self) -> object:
        """The value as the module takes it."""
        items = items_of(self.value)
        if items is not None and self.conversion == "list":
            return list(items)
        return self.value


def arguments_of(
    parameters: Sequence[Parameter],
    settings: Mapping[str, str],
    sizes: Mapping[str, int],
    task: str,
    what: str,
    *,
    others: str,
) -> list[Argument]:
    """Chooses the arguments of a model, with their values.

    Args:
        parameters: Those of the module's constructor.
        settings: What `--set` says, by name; sizes of the data are among it.
        sizes: The sizes of the data.
        task: The task.
        what: The module, for errors.
        others: How the constructor takes further arguments: by `name`, in its `config`,
            or, if empty, not at all.

    Raises:
        WrapError: Arguments without a default are not set.
        UnknownChoiceError: The constructor has no such argument.
        InvalidValueError: An argument cannot have its value.
    """
    names = [each.name for each in parameters]
    for name in settings:
        if name not in names and name not in sizes and not others:
            known = [*names, *(size for size in sizes if size not in names)]
            raise UnknownChoiceError("constructor argument", name, known, what)
    chosen = [_argument(each, settings, sizes, task) for each in parameters]
    missing = [
        each.name
        for each, argument in zip(parameters, chosen, strict=True)
        if argument is None and each.is_required
    ]
    if objects := [name for name in missing if name in _OBJECTS]:
        reason = f"its argument {objects[0]} has no type: give it one, a dataclass, or"
        raise WrapError(what, f"{reason} wrap a function that returns the module")
    if missing:
        options = " ".join(f"--set {name}=VALUE" for name in missing[:_SHOWN_MISSING])
        reason = f"its arguments have no default: add {options}"
        raise WrapError(what, f"{reason}; for objects, wrap a function that makes them")
    further = [
        Parameter(name, True, passing=others)
        for name in settings
        if name not in names and others and not _is_passed(name, sizes, chosen)
    ]
    extra = [_argument(each, settings, sizes, task) for each in further]
    return [*_in_place(chosen, what), *(each for each in extra if each is not None)]


def call_of(
    arguments: Sequence[Argument],
) -> tuple[list[object], dict[str, object]]:
    """Returns what the module is made with, by position and by name."""
    by_position: list[object] = []
    for each in arguments:
        if each.passing == "items":
            by_position += items_of(each.value) or ()
        elif each.passing == "position":
            by_position.append(each.given)
    return by_position, {
        each.name: each.given
        for each in arguments
        if each.passing in ("name", "config", "attribute")
    }


def set_sizes(settings: Mapping[str, str], task: str) -> dict[str, str]:
    """Returns the settings that are sizes of the data, by the task's name for them."""
    found = {size_of(task, name, is_required=True): t for name, t in settings.items()}
    return {size: text for size, text in found.items() if size is not None}


def _in_place(chosen: Sequence[Argument | None], what: str) -> list[Argument]:
    """Returns the arguments, of which those before `*items` go by position, too.

    Raises:
        WrapError: One goes by position after one that the model cannot take over.
    """
    passings = [each.passing if each else "" for each in chosen]
    before = passings.index("items") if "items" in passings else 0
    found: list[Argument] = []
    for place, each in enumerate(chosen):
        if each is None:
            continue
        if place < before and each.passing == "name":
            each = each._replace(passing="position")
        if each.passing in ("position", "items") and len(found) < place:
            reason = f"its argument {each.name} goes by position, after one that is no "
            raise WrapError(what, f"{reason}literal: wrap a function that makes it")
        found.append(each)
    return found


def _is_passed(
    name: str, sizes: Mapping[str, int], chosen: Sequence[Argument | None]
) -> bool:
    return name in sizes and any(each and each.size == name for each in chosen)


def _argument(
    parameter: Parameter,
    settings: Mapping[str, str],
    sizes: Mapping[str, int],
    task: str,
) -> Argument | None:
    size = size_of(task, parameter.name, is_required=parameter.is_required) or ""
    usual = parameter.default
    if parameter.name in settings:
        value = setting(parameter, settings[parameter.name])
    elif size in sizes and _is_open(parameter, size, sizes):
        value = sizes[size]
    elif _is_taken_over(parameter):
        value, size = usual, size if usual == sizes.get(size) else ""
    else:
        return None
    if (items := items_of(value)) is not None:
        return _sequence(parameter, items, type(usual if items_of(usual) else value))
    type_name = parameter.hint or SCALARS.get(type(value), "")
    if not type_name:
        return None
    return Argument(parameter.name, type_name, value, size, passing=parameter.passing)


def _is_taken_over(parameter: Parameter) -> bool:
    is_of_use = parameter.is_listed and parameter.name not in _OF_MAKING
    return parameter.has_literal and is_of_use


def _sequence(
    parameter: Parameter, items: tuple[object, ...], kind: type
) -> Argument | None:
    """Returns an argument that is a list or tuple; None if not of one plain type."""
    types = {type(item) for item in items}
    item_type = SCALARS.get(types.pop(), "") if len(types) == 1 else ""
    if not item_type:
        return None
    return Argument(
        parameter.name,
        f"Sequence[{item_type}]",
        items,
        conversion="" if parameter.passing == "items" else kind.__name__,
        passing=parameter.passing,
    )


def _is_open(parameter: Parameter, size: str, sizes: Mapping[str, int]) -> bool:
    """Whether the data decides about an argument, and not its default."""
    if parameter.is_required:
        return True
    if size in ("max_length", "pad"):  # a longer one is as good
        least = sizes[size] if size == "max_length" else None
        usual = parameter.default
        return least is not None and isinstance(usual, int) and usual < least
    return parameter.has_literal and isinstance(parameter.default, int | None)
