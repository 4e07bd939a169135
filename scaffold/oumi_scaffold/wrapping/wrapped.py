"""A module to wrap, as the templates need it, and the spec of the model around it."""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

from oumi_scaffold.exceptions import InvalidNameError
from oumi_scaffold.request import names
from oumi_scaffold.request.layout import Layout
from oumi_scaffold.request.spec import RUNTIME, ClassSpec
from oumi_scaffold.request.values import Value
from oumi_scaffold.wrapping.arguments import Argument
from oumi_scaffold.wrapping.sizes import FIXED
from oumi_scaffold.wrapping.target import Target

# What the generated file uses itself.
_USED = frozenset(
    """
    BaseModel StandardScaler Callable Sequence Any Literal F registry torch
    cross_entropy next_token_loss super list tuple int float bool str dict property
    """.split()  # noqa: SIM905 - a list of quoted words is harder to read
)
_OF_THE_DATA = {"num_classes", "num_features", "in_channels"}


class ModuleInterface(NamedTuple):
    """How a model calls the module; see the class of that name in the runtime.

    Only commands know the runtime, so this has the same fields.
    """

    access: tuple[str, ...] = ()
    is_squeezed: bool = False
    is_transposed: bool = False
    is_single: bool = False
    are_probabilities: bool = False
    mask: str = ""
    mask_kind: str = ""
    is_mask_positional: bool = False
    more_masks: tuple[str, ...] = ()
    unset: tuple[str, ...] = ()
    target: str = ""
    target_mask: str = ""
    target_mask_kind: str = ""
    is_pooled: bool = False
    is_normalized: bool = False
    width: int = 0
    is_lazy: bool = False
    is_colored: bool = False
    is_sequence_first: bool = False

    @property
    def answers(self) -> dict[str, str | int | bool | list[str]]:
        """The fields, as a template's variable holds them."""
        values = self._asdict()
        lists = {name: list(values[name]) for name in ("access", "more_masks", "unset")}
        return {**values, **lists}


class Config(NamedTuple):
    """The object that the module takes settings in.

    `parameter` is its argument, and `module` has the class called `name`.
    """

    parameter: str
    module: str
    name: str
    is_first: bool


def default_name(target: Target) -> str:
    """Returns the name of the model around a class: `NetModel` for `Net`."""
    words = target.name.split("_") if target.name.islower() else [target.name]
    name = "".join(word[:1].upper() + word[1:] for word in words)
    candidates = [f"{name}Model", f"Wrapped{name}"]
    if name.endswith("Model"):
        candidates.reverse()
    for each in candidates:
        with suppress(InvalidNameError):
            names.check_name(each)
            return each
    return candidates[0]


def wrapping_spec(
    name: str,
    task: str,
    layout: Layout,
    answers: Mapping[str, Value],
) -> ClassSpec:
    """Returns the spec of a model around a module.

    Raises:
        InvalidNameError: A model cannot have this name.
    """
    names.check_name(name)
    return ClassSpec(name, task, "", RUNTIME, layout, data=answers)


def wrapping_answers(
    target: Target,
    name: str,
    arguments: list[Argument],
    interface: ModuleInterface,
    config: Config | None = None,
) -> dict[str, Value]:
    """Returns the template's variable about the module.

    Args:
        target: The module's class.
        name: The model's name.
        arguments: The arguments that the model takes over.
        interface: How the module is called.
        config: The object that it takes settings in.
    """
    is_taken = target.name == name or target.name in _USED
    fixed = [each for each in arguments if each.size in FIXED]
    call = arguments
    arguments = [each for each in arguments if each.size not in FIXED]
    types = [each.type for each in arguments]
    by_size = {each.size: each.name for each in arguments}
    values: dict[str, str | int | float | bool | list[str]] = {
        "module": target.module,
        "imported": target.name,
        "alias": f"Wrapped{target.name}" if is_taken else target.name,
        "config": config.name if config else "",
        "config_module": config.module if config else "",
        "config_parameter": config.parameter if config else "",
        "settings": [n.name for n in arguments if n.passing in ("config", "attribute")],
        "attributes": [n.name for n in arguments if n.passing == "attribute"],
        "is_config_first": config is not None and config.is_first,
        "place": _place(target),
        "names": [each.name for each in arguments],
        "types": types,
        "defaults": [repr(each.value) for each in arguments],
        "conversions": [each.conversion for each in arguments],
        "sizes": [each.size for each in arguments],
        "call": [each.name for each in call],
        "passings": [each.passing for each in call],
        "fixed": [each.name for each in fixed],
        "fixed_values": [repr(each.value) for each in fixed],
        "of_the_data": [n for size, n in by_size.items() if size in _OF_THE_DATA],
        "features": by_size.get("num_features", ""),
        "channels": by_size.get("in_channels", ""),
        "side": by_size.get("image_size", ""),
        "has_sequence": any("Sequence" in each for each in types),
        "has_choice": any("Literal" in each for each in types),
        **interface.answers,
    }
    return {"__wrap": values}


def _place(target: Target) -> str:
    """Returns where ruff sorts the import: the other ones are the template's."""
    if target.is_own:
        return "own"
    if target.module.lower() < "oumi_runtime":
        return "first"
    return "middle" if target.module.lower() <= "torch.nn" else "last"
