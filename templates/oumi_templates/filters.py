"""The typed filters: the only way by which a value enters generated code.

A filter either returns text that is exactly one identifier, one Python literal or one
YAML scalar, or raises. Plain cookiecutter loads them too, through `_extensions`, and
with them `wrapped`, which breaks lines.
"""

import keyword
import re

import yaml as pyyaml
from jinja2 import Environment, Undefined
from jinja2.ext import Extension

from oumi_templates.wrapping import wrapped

_WORD_STARTS = (
    re.compile(r"([A-Z]+)([A-Z][a-z])"),  # HTTP|Net
    re.compile(r"([a-z0-9])([A-Z])"),  # My|Net
)

_PLAIN_YAML = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*", re.ASCII)

# What a YAML 1.1 loader reads as a boolean or null; 1.2 knows fewer.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})


class FilterError(ValueError):
    """A value cannot be written as what its filter promises."""

    def __init__(self, value: object, promised: str) -> None:
        super().__init__(f"{ascii(value)[:80]} cannot be written as {promised}")


def snake_case(value: str) -> str:
    """Returns the module name of a class: `MyNet` is `my_net`, `HTTPNet` `http_net`."""
    for boundary in _WORD_STARTS:
        value = boundary.sub(r"\1_\2", value)
    return value.lower()


def identifier(value: object) -> str:
    """Returns the value if it is a plain ASCII Python identifier.

    Raises:
        FilterError: It is not a string, not an identifier, or a keyword.
    """
    _raise_if_undefined(value)
    if not isinstance(value, str) or not value.isascii() or not value.isidentifier():
        raise FilterError(value, "an identifier")
    if keyword.iskeyword(value):
        raise FilterError(value, "an identifier: it is a keyword")
    return value


def literal(value: object) -> str:
    """Returns the Python literal of a plain value, on one line, quoted as ruff does.

    Args:
        value: None, a bool, int, finite float or string, or a list, tuple or dict of
            those; an empty one is `[]`, `()` or `{}`.

    Raises:
        FilterError: The value, or one inside it, is something else.
    """
    _raise_if_undefined(value)
    match value:
        case str():
            return _quoted(value)
        case None | bool():
            return repr(value)
        case int():
            return int.__repr__(value)
        case float() if _is_finite(value):
            return float.__repr__(value)
        case list():
            return f"[{', '.join(literal(item) for item in value)}]"
        case tuple():
            items = [literal(item) for item in value]
            return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
        case dict():
            items = [f"{literal(key)}: {literal(item)}" for key, item in value.items()]
            return f"{{{', '.join(items)}}}"
        case _:
            raise FilterError(value, "a Python literal")


def yaml(value: object) -> str:
    """Returns a YAML scalar that YAML 1.1 and 1.2 loaders read back as the same value.

    Args:
        value: None, a bool, int, finite float or string.

    Raises:
        FilterError: The value is something else.
    """
    _raise_if_undefined(value)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float() if _is_finite(value):
            # YAML 1.1 takes 1e-05 for a string; with a point it is a number to both.
            mantissa, e, exponent = float.__repr__(value).partition("e")
            return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"
        case str():
            if _PLAIN_YAML.fullmatch(value) and value.lower() not in _YAML_WORDS:
                return value
            return _double_quoted_yaml(value)
        case _:
            raise FilterError(value, "a YAML scalar")


class TypedFilters(Extension):
    """The Jinja extension that registers the filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(
            identifier=identifier,
            literal=literal,
            snake_case=snake_case,
            wrapped=wrapped,
            yaml=yaml,
        )


def _raise_if_undefined(value: object) -> None:
    if isinstance(value, Undefined):
        str(value)  # a strict one raises here, and names the missing variable


def _is_finite(value: float) -> bool:
    return value - value == 0


def _quoted(value: str) -> str:
    # ruff prefers double quotes, unless single ones need fewer escapes.
    quote = "'" if value.count('"') > value.count("'") else '"'
    escapes = {"'": "'", '"': '"'} | {quote: f"\\{quote}"}
    body = "".join(escapes.get(char) or repr(char)[1:-1] for char in value)
    return f"{quote}{body}{quote}"


def _double_quoted_yaml(value: str) -> str:
    text = pyyaml.safe_dump(value, default_style='"', width=2**31, allow_unicode=True)
    return text.removesuffix("\n")
