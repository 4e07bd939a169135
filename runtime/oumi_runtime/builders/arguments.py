"""Checks keyword arguments against a callable's signature before it is called."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from oumi_runtime.exceptions import suggestion


def argument_mistake(function: Callable[..., Any], kwargs: Mapping[str, Any]) -> str:
    """Describes what is wrong with the arguments; "" if nothing is.

    Args:
        function: The function or class to call.
        kwargs: The arguments by name.
    """
    parameters = inspect.signature(function).parameters.values()
    names = [
        p.name
        for p in parameters
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in parameters)
    for name in kwargs:
        if name not in names and not takes_any:
            return (
                f"takes no {name!r}{suggestion(name, names)}; it takes "
                f"{', '.join(names) or 'nothing'}"
            )
    missing = [
        p.name
        for p in parameters
        if p.name in names and p.default is p.empty and p.name not in kwargs
    ]
    return f"also needs {', '.join(missing)}" if missing else ""


def takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function accepts a keyword argument of this name."""
    parameters = inspect.signature(function).parameters.values()
    return any(
        p.kind is p.VAR_KEYWORD or (p.name == name and p.kind is not p.POSITIONAL_ONLY)
        for p in parameters
    )
