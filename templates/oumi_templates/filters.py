"""The typed filters: the only way by which a value enters generated code.

A filter either returns text that is exactly one identifier, one Python literal or one
YAML value, or raises. Plain cookiecutter loads them, too, through `_extensions`, and
with them `wrapped`, which breaks lines.
"""

import math
import re
from collections.abc import Sequence
from typing import cast

import yaml as pyyaml
from jinja2 import Environment
from jinja2.ext import Extension

from oumi_templates.line_wrapping import wrapped
from oumi_templates.python_filters import (
    FilterError,
    at_least,
    at_most,
    boolean,
    identifier,
    integer,
    literal,
    multiple_of,
    next_multiple,
    number,
    odd,
    patch_side,
    raise_if_undefined,
)
from oumi_templates.source_filters import (
    accessor,
    annotation,
    config_arguments,
    construction,
    converted,
    dotted,
    evaluated,
    imports,
    mask_argument,
    mask_value,
)

_WORD_STARTS = (
    re.compile(r"([A-Z]+)([A-Z][a-z])"),  # HTTP|Net
    re.compile(r"([a-z0-9])([A-Z])"),  # My|Net
)

_PLAIN_YAML = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*", re.ASCII)

# What a YAML 1.1 loader reads as a boolean or null; 1.2 knows fewer.
_YAML_WORDS = frozenset({"y", "n", "yes", "no", "true", "false", "on", "off", "null"})


def snake_case(value: str) -> str:
    """Returns the module name of a class: `MyNet` is `my_net`, `HTTPNet` `http_net`."""
    for boundary in _WORD_STARTS:
        value = boundary.sub(r"\1_\2", value)
    return value.lower()


def yaml(value: object) -> str:
    """Returns YAML that 1.1 and 1.2 loaders read back as the same value, on one line.

    Args:
        value: None, a bool, int, finite float or string, or a list or tuple of those.

    Raises:
        FilterError: The value, or one inside it, is something else.
    """
    raise_if_undefined(value)
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return int.__repr__(value)
        case float() if math.isfinite(value):
            # YAML 1.1 takes 1e-05 for a string; with a point it is a number to both.
            mantissa, e, exponent = float.__repr__(value).partition("e")
            return f"{mantissa}{'' if '.' in mantissa else '.0'}{e}{exponent}"
        case str():
            if _PLAIN_YAML.fullmatch(value) and value.lower() not in _YAML_WORDS:
                return value
            return _double_quoted_yaml(value)
        case list() | tuple():
            items = cast("Sequence[object]", value)
            return f"[{', '.join(map(yaml, items))}]"
        case _:
            raise FilterError(value, "a YAML value")


class TypedFilters(Extension):
    """The Jinja extension that registers the filters."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        environment.filters.update(  # pyright: ignore[reportUnknownMemberType]
            accessor=accessor,
            annotation=annotation,
            at_least=at_least,
            at_most=at_most,
            boolean=boolean,
            config_arguments=config_arguments,
            construction=construction,
            converted=converted,
            dotted=dotted,
            evaluated=evaluated,
            identifier=identifier,
            imports=imports,
            integer=integer,
            literal=literal,
            mask_argument=mask_argument,
            mask_value=mask_value,
            multiple_of=multiple_of,
            next_multiple=next_multiple,
            number=number,
            odd=odd,
            patch_side=patch_side,
            snake_case=snake_case,
            wrapped=wrapped,
            yaml=yaml,
        )


def _double_quoted_yaml(value: str) -> str:
    text = pyyaml.safe_dump(value, default_style='"', width=2**31, allow_unicode=True)
    return text.removesuffix("\n")
