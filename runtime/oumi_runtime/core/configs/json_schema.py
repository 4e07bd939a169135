"""Generates the JSON Schema of a config, for editors, and the descriptions of fields.

Choices are listed in their usual spelling and accepted in any case. The schema does not
cover registered names and the rules that relate several fields.
"""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter

from oumi_runtime.core.configs.error_messages import fields_of, plain
from oumi_runtime.core.configs.params.base_params import MISSING

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(section: type[Any]) -> dict[str, Any]:
    """Returns the JSON Schema (draft 2020-12) of a section, or of a whole config."""
    made = TypeAdapter(section).json_schema()
    definitions = made.pop("$defs", {})
    for inner in {section, *_sections_in(section)}:
        _complete(made if inner is section else definitions[inner.__name__], inner)
    return {"$schema": DIALECT, **made, "$defs": definitions}


def descriptions(section: type[Any]) -> dict[str, str]:
    """Returns the docstring below each field of a section, on one line."""
    found: dict[str, str] = {}
    for base in reversed(section.__mro__):
        if not fields_of(base):
            continue
        source = textwrap.dedent(inspect.getsource(base))
        (definition,) = ast.parse(source).body
        assert isinstance(definition, ast.ClassDef)
        for field, text in itertools.pairwise(definition.body):
            if isinstance(field, ast.AnnAssign) and isinstance(text, ast.Expr):
                name = ast.unparse(field.target)
                found[name] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


def _complete(schema: dict[str, Any], section: type[Any]) -> None:
    """Adds descriptions and required fields, and allows null for the default."""
    described = descriptions(section)
    required: list[str] = []
    for name, field in schema["properties"].items():
        field["description"] = described.get(name, "")
        field.pop("title", None)
        if field.get("default") == MISSING:
            del field["default"]
            required.append(name)
        if "$ref" in field:
            field["anyOf"] = [{"$ref": field.pop("$ref")}, {"type": "null"}]
        elif field.get("type") in ("object", "array"):
            field["type"] = [field["type"], "null"]
    schema["description"] = inspect.getdoc(section)
    if required:
        schema["required"] = required


def _sections_in(section: type[Any]) -> Iterator[type[Any]]:
    """Yields the subsections of a section, including those in lists."""
    for hint in fields_of(section).values():
        for inner in (plain(hint), *getattr(plain(hint), "__args__", ())):
            if fields_of(inner):
                yield inner
                yield from _sections_in(inner)
