"""Constructors that take their settings in one object: `GPT(GPTConfig(...))`."""

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any, NamedTuple, cast

_NAMES = ("config", "cfg", "conf", "args", "params", "hparams", "model_args")


class ConfigObject(NamedTuple):
    """The class of the object, and which argument of the constructor it is.

    `module` is where generated code imports `name` from.
    """

    parameter: str
    module: str
    name: str
    make: Callable[..., Any]
    is_first: bool

    @property
    def parameters(self) -> list[inspect.Parameter]:
        """What the object is made with."""
        return list(inspect.signature(self.make).parameters.values())

    def joined(self, make: Callable[..., Any], own: tuple[str, ...]) -> Any:
        """Returns what makes the module with the settings by name.

        Args:
            make: The module's class.
            own: The other arguments of the class.
        """

        def made(*by_position: object, **given: object) -> Any:
            kept = {name: given.pop(name) for name in own if name in given}
            config = self.make(**given)
            if self.is_first:
                return make(config, *by_position, **kept)
            return make(*by_position, **{self.parameter: config}, **kept)

        return made


def config_object(
    make: object, module: ModuleType, hints: Mapping[str, object]
) -> ConfigObject | None:
    """Returns the object that a constructor takes; None if it takes none.

    It is known by its type, which may be left out where the module has one such class.

    Args:
        make: The class or function that makes the module.
        module: The module that has it.
        hints: The types of its parameters, where they are known.
    """
    signature = inspect.signature(cast(Callable[..., Any], make))
    for place, each in enumerate(signature.parameters.values()):
        is_by_name = each.kind in (each.POSITIONAL_OR_KEYWORD, each.KEYWORD_ONLY)
        if not is_by_name or each.default is not each.empty:
            continue
        hint = hints.get(each.name)
        if hint is None and each.name in _NAMES:
            hint = _untyped(make, module)
        if isinstance(hint, type) and _is_config(hint):
            is_first = place == 0 and each.kind is each.POSITIONAL_OR_KEYWORD
            where = _where(make, hint, module)
            return ConfigObject(each.name, where, hint.__name__, hint, is_first)
    return None


def _is_config(hint: type) -> bool:
    """Whether it is a class of settings, all of which can be given by name."""
    return dataclasses.is_dataclass(hint) or hint.__name__.endswith(("Config", "Args"))


def _untyped(make: object, module: ModuleType) -> object:
    """Returns the class of a config whose type is not said."""
    if isinstance(found := getattr(make, "config_class", None), type):
        return found
    own = [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and each.__module__ == module.__name__
        and _is_config(each)
    ]
    named = [each for each in own if each.__name__ == f"{_name(make)}Config"]
    return (named or own)[0] if named or len(own) == 1 else None


def _where(make: object, config: type, module: ModuleType) -> str:
    """Returns the module to import a config from: where the class is, if that does."""
    is_defined_here = getattr(make, "__module__", "") == module.__name__
    has_it = getattr(module, config.__name__, None) is config
    return module.__name__ if has_it and not is_defined_here else config.__module__


def _name(make: object) -> str:
    return str(getattr(make, "__name__", ""))
