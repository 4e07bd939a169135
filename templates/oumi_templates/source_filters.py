"""The typed filters of `wrap`: how a module that exists is imported, made and called.

Like those of `python_filters`, each returns text that is just what its name promises,
or raises. What was read from the user's source is data here, too.
"""

import ast
from collections.abc import Mapping
from typing import Any, cast

from oumi_templates.python_filters import FilterError, identifier, integer, literal

_SCALARS = {"bool", "float", "int", "str"}

# How an argument of the model becomes one of the module: lists and tuples are taken as
# any sequence, since a config and a saved model know only lists.
_CONVERSIONS = {"": "{}", "list": "list({})", "tuple": "tuple({})"}

# How the mask of the batch (1 for tokens) becomes the argument of the module.
_MASKS = {
    "ones": "attention_mask",
    "bool": "attention_mask.bool()",
    "padding": "attention_mask == 0",
    "queries": "attention_mask[:, None].bool()",
    "heads": "attention_mask[:, None, None].bool()",
    "lengths": "attention_mask.sum(dim=1).clamp(min=1)",
}

# How `later`, True where a token would see a later one, becomes that of a decoder.
_LATER_MASKS = {
    "hidden": "later",
    "visible": "~later",
    "batched": "~later.unsqueeze(0)",
    "added": "torch.where(later, -torch.inf, 0.0)",
}


def dotted(value: object) -> str:
    """Returns the value if it is the path of a module: identifiers and dots."""
    if not isinstance(value, str):
        raise FilterError(value, "the path of a module")
    return ".".join(identifier(part) for part in value.split("."))


def evaluated(value: object) -> object:
    """Returns what the text of a Python literal stands for.

    Raises:
        FilterError: It is not one.
    """
    try:
        return ast.literal_eval(value if isinstance(value, str) else "")
    except (ValueError, SyntaxError, RecursionError):
        raise FilterError(value, "a Python literal") from None


def annotation(value: object) -> str:
    """Returns the text of a type, written as ruff does.

    Args:
        value: bool, float, int or str; a Sequence or Literal of those; or one of them
            `| None`.

    Raises:
        FilterError: It is another type, or no type at all.
    """
    try:
        tree = ast.parse(value if isinstance(value, str) else "", mode="eval")
        return _type(tree.body)
    except (ValueError, SyntaxError, RecursionError):
        raise FilterError(value, "a type") from None


def accessor(value: object) -> str:
    """Returns the code that takes the logits out of what a module returns.

    Args:
        value: Nothing, or two words: `key`, `index` or `attribute`, and which one.
    """
    match cast("list[object]", value):
        case []:
            return ""
        case ["key", str(name)]:
            return f"[{literal(name)}]"
        case ["index", number]:
            return f"[{integer(number)}]"
        case ["attribute", name]:
            return f".{identifier(name)}"
        case _:
            raise FilterError(value, "an access to outputs")


def converted(name: object, conversion: object) -> str:
    """Returns an argument as the module takes it: as it is, or as a list or tuple."""
    if not isinstance(conversion, str) or conversion not in _CONVERSIONS:
        raise FilterError(conversion, "a conversion")
    return _CONVERSIONS[conversion].format(identifier(name))


def construction(wrap: Mapping[str, Any]) -> str:
    """Returns the arguments that the module is made with, in its own order.

    An object with settings is the variable `config`.
    """
    in_config = ("config", "attribute")
    found = [text for passing, text in _arguments(wrap) if passing not in in_config]
    if not wrap["config"]:
        return ", ".join(found)
    if wrap["is_config_first"]:
        return ", ".join(["config", *found])
    return ", ".join([*found, f"{identifier(wrap['config_parameter'])}=config"])


def config_arguments(wrap: Mapping[str, Any]) -> str:
    """Returns the arguments that the object with settings is made with."""
    return ", ".join(text for passing, text in _arguments(wrap) if passing == "config")


def imports(wrap: Mapping[str, Any]) -> str:
    """Returns the lines that import the module and its config, as ruff sorts them."""
    name, alias = identifier(wrap["imported"]), identifier(wrap["alias"])
    names = {(dotted(wrap["module"]), name if name == alias else f"{name} as {alias}")}
    if wrap["config"]:
        names.add((dotted(wrap["config_module"]), identifier(wrap["config"])))
    by_module: dict[str, list[str]] = {}
    for module, each in sorted(names, key=_import_order):
        by_module.setdefault(f"{module} as" if " as " in each else module, [])
        by_module[f"{module} as" if " as " in each else module].append(each)
    return "\n".join(
        f"from {module.removesuffix(' as')} import {', '.join(each)}"
        for module, each in by_module.items()
    )


def _import_order(line: tuple[str, str]) -> tuple[str, int, str]:
    """Classes come before functions."""
    module, name = line
    return module.lower(), 1 + name[:1].islower() - name.isupper(), name


def _arguments(wrap: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns each argument, by how it is passed."""
    fixed = dict(zip(wrap["fixed"], wrap["fixed_values"], strict=True))
    conversions = dict(zip(wrap["names"], wrap["conversions"], strict=True))
    found: list[tuple[str, str]] = []
    for name, passing in zip(wrap["call"], wrap["passings"], strict=True):
        if name in fixed:
            value = literal(evaluated(fixed[name]))
        else:
            value = converted(name, conversions[name])
        prefix = {"position": "", "items": "*"}.get(passing, f"{identifier(name)}=")
        found.append((passing, f"{prefix}{value}"))
    return found


def mask_value(wrap: Mapping[str, Any]) -> str:
    """Returns the mask of the batch as the module takes it; nothing if it does not."""
    return _MASKS.get(wrap["mask_kind"], "")


def mask_argument(wrap: Mapping[str, Any]) -> str:
    """Returns the further arguments of the module's call: the masks that it takes.

    Where several take the same one, it is the variable `mask`.
    """
    value = "mask" if wrap["more_masks"] else mask_value(wrap)
    given: list[tuple[object, str]] = []
    if value and wrap["mask"]:
        name = "" if wrap["is_mask_positional"] else wrap["mask"]
        given = [(name, value), *((each, value) for each in wrap["more_masks"])]
    if later := _LATER_MASKS.get(wrap["target_mask_kind"], ""):
        given.append((wrap["target_mask"], later))
    given += [(name, "None") for name in wrap["unset"]]
    names = [f"{identifier(name)}=" if name else "" for name, _ in given]
    values = [value for _, value in given]
    return "".join(f", {n}{v}" for n, v in zip(names, values, strict=True))


def _type(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) if name in _SCALARS:
            return name
        case ast.BinOp(left=left, op=ast.BitOr(), right=ast.Constant(value=None)):
            return f"{_type(left)} | None"
        case ast.Subscript(value=ast.Name(id="Sequence"), slice=ast.Name(id=name)) if (
            name in _SCALARS
        ):
            return f"Sequence[{name}]"
        case ast.Subscript(value=ast.Name(id="Literal"), slice=choices):
            values = choices.elts if isinstance(choices, ast.Tuple) else [choices]
            return f"Literal[{', '.join(literal(ast.literal_eval(v)) for v in values)}]"
        case _:
            raise ValueError
