"""Finds the signature of a class or function by parsing its file.

A signature that cannot be determined from the text, because it is inherited or changed
by a decorator or metaclass, is None; mistakes are then found when it is called.
"""

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oumi_runtime.core.registry.declarations import Declaration, parsed, run_on_import


@dataclass(frozen=True)
class Parameter:
    """One parameter that can be given by name.

    Attributes:
        name: Its name.
        is_required: Whether it has no default.
        types: The names of the only types that it takes, such as `int` and `None`;
            None where the text does not say so in plain words.
    """

    name: str
    is_required: bool
    types: frozenset[str] | None


@dataclass(frozen=True)
class Signature:
    """The arguments that can be passed by name.

    Attributes:
        parameters: The parameters, by name, in their order.
        takes_any: Whether any other name is accepted too.
    """

    parameters: dict[str, Parameter]
    takes_any: bool


def signature_of(declaration: Declaration) -> Signature | None:
    """Returns the signature of the declared class or function, or None."""
    try:
        module = parsed(declaration.path.read_bytes(), Path(declaration.path))
    except (OSError, SyntaxError):
        return None
    named = [
        statement
        for statement in run_on_import(module.body)
        if isinstance(statement, ast.ClassDef | ast.FunctionDef)
        and statement.name == declaration.class_name
    ]
    # Of two under a condition, only the import knows which one counts.
    if len(named) != 1:
        return None
    if isinstance(named[0], ast.FunctionDef):
        return _signature(named[0], skip_self=False)
    return _constructor(named[0])


def _constructor(definition: ast.ClassDef) -> Signature | None:
    made = [
        statement
        for statement in definition.body
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef)
        and statement.name in ("__init__", "__new__")
    ]
    if len(made) != 1 or not isinstance(made[0], ast.FunctionDef):
        return None
    plain = made[0].name == "__init__" and not definition.keywords
    if not plain or _is_wrapped(definition):
        return None
    return _signature(made[0], skip_self=True)


def _signature(function: ast.FunctionDef, *, skip_self: bool) -> Signature | None:
    if _is_wrapped(function):
        return None
    arguments = function.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * len(positional)
    if arguments.defaults:
        defaults[-len(arguments.defaults) :] = arguments.defaults
    pairs = list(zip(positional, defaults, strict=True))
    unnamed = max(len(arguments.posonlyargs), int(skip_self))
    pairs = [
        *pairs[unnamed:],
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    parameters = {
        argument.arg: Parameter(
            argument.arg, default is None, _types(argument.annotation, default)
        )
        for argument, default in pairs
    }
    return Signature(parameters, takes_any=arguments.kwarg is not None)


def _is_wrapped(definition: ast.ClassDef | ast.FunctionDef) -> bool:
    """Whether a decorator other than a registration may change what is taken."""
    called = (
        decorator.func if isinstance(decorator, ast.Call) else decorator
        for decorator in definition.decorator_list
    )
    names = (getattr(c, "attr", getattr(c, "id", "")) for c in called)
    return not all(name.startswith("register") for name in names)


_SIMPLE = {"int", "float", "bool", "str", "None"}


def _types(annotation: ast.expr | None, default: ast.expr | None) -> Any:
    types = _annotated(annotation)
    if types is None or not types <= _SIMPLE:
        return None
    if isinstance(default, ast.Constant) and default.value is None:
        types = types | {"None"}
    return types


def _annotated(annotation: ast.expr | None) -> frozenset[str] | None:
    """Returns the names of the types in a union; None where it is anything else."""
    match annotation:
        case ast.Constant(value=None):
            return frozenset({"None"})
        case ast.Constant(value=str(text)):
            try:
                return _annotated(ast.parse(text, mode="eval").body)
            except SyntaxError:
                return None
        case ast.Name(id=name):
            return frozenset({name})
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            first, second = _annotated(left), _annotated(right)
            return first | second if first is not None and second is not None else None
        case ast.Subscript(value=ast.Name(id="Optional"), slice=inner):
            types = _annotated(inner)
            return types | {"None"} if types is not None else None
        case _:
            return None


_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a string",
    "None": "null",
}


def wrong_type(parameter: Parameter, value: Any) -> str:
    """Returns what the parameter takes where the value is not it, or ""."""
    if parameter.types is None or value != value:  # Of NaN, the config tells.
        return ""
    given = "None" if value is None else type(value).__name__
    if given in parameter.types or (given == "int" and "float" in parameter.types):
        return ""
    return " or ".join(
        words for name, words in _WORDS.items() if name in parameter.types
    )
