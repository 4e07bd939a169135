"""Checks rendered files before anything is written.

Python must parse, and YAML and JSON must load. One class must have the model's name and
be registered under it (a dataset under its module's name), its constructor must have
the requested defaults, and a config must name the model.
"""

import ast
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple, cast

import yaml

from oumi_scaffold.exceptions import TemplateError, UnknownChoiceError
from oumi_scaffold.rendering.render import RenderedFile
from oumi_scaffold.request.values import Value
from oumi_templates.filters import snake_case

# The C loader where PyYAML has been built with it: ten times as fast.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Structure(NamedTuple):
    """Which rendered files hold the class, and the config if there is one."""

    class_file: str
    config_file: str | None


def check_structure(
    files: Iterable[RenderedFile],
    template: str,
    model_name: str,
    arguments: Mapping[str, Value],
) -> Structure:
    """Checks rendered files against the request, and returns their roles.

    Args:
        files: The files.
        template: The name of the template, for errors.
        model_name: The name of the class, and the name it is registered under.
        arguments: The expected defaults of constructor arguments.

    Raises:
        UnknownChoiceError: The constructor has no such argument.
        TemplateError: A file cannot be parsed, or does not match the request.
    """
    classes: list[ast.ClassDef] = []
    class_file, config_file = "", None
    for file in files:
        document = _read(file, template)
        if isinstance(document, ast.Module):
            found = list(_registered_classes(document, model_name))
            classes += found
            class_file = file.path if found else class_file
        elif file.path.endswith((".yaml", ".yml")) and _check_config(
            document, file.path, template, model_name, arguments
        ):
            config_file = config_file or file.path
    if len(classes) != 1:
        reason = f"rendered {len(classes)} classes registered as {model_name}, not one"
        raise TemplateError(template, reason)
    _check_constructor(classes[0], template, arguments)
    return Structure(class_file, config_file)


def _read(file: RenderedFile, template: str) -> object:
    try:
        if file.path.endswith((".py", ".pyi")):
            return ast.parse(file.text)
        if file.path.endswith((".yaml", ".yml")):
            return yaml.load(file.text, _Loader)
        if file.path.endswith(".json"):
            return json.loads(file.text)
    except SyntaxError as error:
        reason = f"{file.path}:{error.lineno}: {error.msg}"
        raise TemplateError(template, f"rendered {reason}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise TemplateError(template, f"rendered {file.path}: {error}") from error
    return None


def _registered_classes(module: ast.Module, name: str) -> Iterator[ast.ClassDef]:
    for node in module.body:
        if (
            isinstance(node, ast.ClassDef)
            and node.name == name
            and any(_registers(each, name) for each in node.decorator_list)
        ):
            yield node


def _registers(decorator: ast.expr, name: str) -> bool:
    match decorator:
        case ast.Call(
            func=ast.Name(id="register") | ast.Attribute(attr="register"),
            args=[ast.Constant(value=given), *_],
        ):
            return given == name
        case ast.Call(
            func=ast.Name(id="register_dataset")
            | ast.Attribute(attr="register_dataset"),
            args=[ast.Constant(value=given), *_],
        ):
            return given == snake_case(name)
        case _:
            return False


def _check_constructor(
    model: ast.ClassDef, template: str, arguments: Mapping[str, Value]
) -> None:
    defaults = dict(_constructor_defaults(model)) if arguments else {}
    for name, value in arguments.items():
        if name not in defaults:
            owner = f"this {template} model"
            raise UnknownChoiceError("constructor argument", name, defaults, owner)
        if not _is_same(defaults[name], value):
            reason = f"rendered {name} = {defaults[name]!r}, not {value!r}"
            raise TemplateError(template, reason)


def _constructor_defaults(model: ast.ClassDef) -> Iterator[tuple[str, object]]:
    for node in model.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            spec = node.args
            given = [*spec.posonlyargs, *spec.args]
            pairs = zip(reversed(given), reversed(spec.defaults), strict=False)
            by_keyword = zip(spec.kwonlyargs, spec.kw_defaults, strict=True)
            for argument, default in (*reversed(list(pairs)), *by_keyword):
                if default is not None:
                    yield argument.arg, _constant(default)


def _constant(node: ast.expr) -> object:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return node


def _check_config(
    document: object,
    path: str,
    template: str,
    model_name: str,
    arguments: Mapping[str, Value],
) -> bool:
    """Checks a config; returns whether it is one."""
    model = _mapping(_mapping(document).get("model"))
    named = model.get("model_name", model_name)
    if named != model_name:
        reason = f"rendered {path} for the model {named!r}, not {model_name!r}"
        raise TemplateError(template, reason)
    given = _mapping(model.get("model_kwargs"))
    for name in given.keys() & arguments.keys():
        if not _is_same(given[name], arguments[name]):
            reason = f"rendered {path} with {name}: {given[name]!r}"
            raise TemplateError(template, f"{reason}, not {arguments[name]!r}")
    return "model_name" in model


def _mapping(value: object) -> dict[str, object]:
    return cast(dict[str, object], value) if isinstance(value, dict) else {}


def _is_same(one: object, other: object) -> bool:
    return type(one) is type(other) and one == other
