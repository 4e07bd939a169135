"""The typed filters: the only way by which a value enters generated code.

A filter either returns text that is exactly one identifier, one Python literal or one
YAML value, or raises. `integer`, `number` and `boolean` make the value first where it is
text: plain cookiecutter knows only texts. It loads the filters too, through
`_extensions`, and with them `wrapped`, which breaks lines.
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

_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)(e[+-]?[0-9]+)?", re.ASCII | re.I)
_MAX_DIGITS = 40

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


def integer(value: object) -> int:
    """Returns a whole number, from itself or from its decimal digits.

    Raises:
        FilterError: It is something else; a bool is no number.
    """
    _raise_if_undefined(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _is_written_as(_INTEGER, value):
        return int(value)
    raise FilterError(value, "a whole number")


def number(value: object) -> float:
    """Returns a finite float, from a number or from its decimal digits.

    Raises:
        FilterError: It is something else; a bool is no number.
    """
    _raise_if_undefined(value)
    found: float | None = None
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = float(value)
    elif isinstance(value, str) and _is_written_as(_NUMBER, value):
        found = float(value)
    if found is None or not _is_finite(found):
        raise FilterError(value, "a number")
    return found


def boolean(value: object) -> bool:
    """Returns true or false, from itself or from either word in any case.

    Raises:
        FilterError: It is something else.
    """
    _raise_if_undefined(value)
    known = {"true": True, "false": False}
    found = known.get(value.lower()) if isinstance(value, str) else value
    if not isinstance(found, bool):
        raise FilterError(value, "true or false")
    return found


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
    """Returns YAML that 1.1 and 1.2 loaders read back as the same value, on one line.

    Args:
        value: None, a bool, int, finite float or string, or a list of those.

    Raises:
        FilterError: The value, or one inside it, is something else.
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
        case list():
            return f"[{', '.join(yaml(item) for item in value)}]"
        case _:
            raise FilterError(value, "a YAML value")


class TypedFilters(Extension):
    """The Jinja extension that registers the filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(
            boolean=boolean,
            identifier=identifier,
            integer=integer,
            literal=literal,
            number=number,
            snake_case=snake_case,
            wrapped=wrapped,
            yaml=yaml,
        )


def _raise_if_undefined(value: object) -> None:
    if isinstance(value, Undefined):
        str(value)  # a strict one raises here, and names the missing variable


def _is_written_as(form: re.Pattern[str], text: str) -> bool:
    return len(text) <= _MAX_DIGITS and form.fullmatch(text) is not None


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
