"""The typed filters of `wrap`: how a module that exists is imported, made and called.

Like those of `python_filters`, each returns text that is exactly what its name promises, or
raises. What was read from the user's source is data here, too.
"""

import ast
from collections.abc import Mapping

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
    match value:
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


def mask_argument(wrap: Mapping[str, object]) -> str:
    """Returns the further argument of the module's call: its mask, if it takes one."""
    kind = wrap.get("mask_kind")
    if kind not in _MASKS:
        return ""
    return f", {identifier(wrap.get('mask'))}={_MASKS[str(kind)]}"


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
