"""The text of docs/configuration.md, made of the sections' fields and docstrings."""

import dataclasses
import inspect
import json
from collections.abc import Iterator
from typing import Any

from oumi_surface import ADDITIONS, DIFFERENCES, surface

import oumi_runtime.core.configs as configs
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.error_messages import fields_of
from oumi_runtime.core.configs.json_schema import json_schema
from oumi_runtime.core.configs.params.field_types import OneOf
from oumi_runtime.core.configs.unsupported import REFUSED

HEAD = """\
# The config

A training run is configured in one YAML file. Each section below is a class of the
same name in `oumi_runtime.core.configs`. Fields have the names, meanings and defaults
of Oumi 0.9, except for [these](#where-it-differs-from-oumi). A field either takes
effect or is [refused](#refused-fields); none is silently ignored.

This page is generated from the code by `UPDATE_GOLDEN=1 make test`.

## How a file is read

- It is YAML in UTF-8, of at most 1 MB. `1e-4` and `32_768` are numbers, `no` is a
  string. A section, list or mapping that is `null` or has only comments has its
  defaults. Anchors and `<<` work; tags do not.
- Choices can be given by name or value, in any case: `OUMI` or `oumi`.
- All mistakes are reported at once, as `file:line:column  section.key: what is wrong`,
  by `oumi-scaffold validate FILE...` and before any training, without importing torch.
- Command-line arguments override the file: `--training.max_steps 10`,
  `--training.max_steps=10`, `--data.train.datasets[0].dataset_path x`. Mappings are
  merged, everything else is replaced.
- `${oc.env:NAME}` and `${oc.env:NAME,default}` stand for environment variables, and
  `${training.output_dir}` for another value of the file, if you enable it with
  `--interpolate` or `TrainingConfig.from_yaml(path, ignore_interpolation=False)`.
- `config.to_yaml(path)` writes a file that reads back the same; `skip_defaults=True`
  leaves out defaults.
- Paths are relative to the working folder. A registered name is found through the
  nearest `oumi_requirements.txt` in or above the folder of the config, or the working
  folder.
"""
BAR = r"\|"


def page() -> str:
    """Returns the text of the whole page."""
    schema = json_schema(TrainingConfig)
    parts = [HEAD]
    for name in ("TrainingConfig", *_in_order(schema)):
        parts.append(_section(name, schema))
    parts += [_refused_fields(), _refused_values(), _differences()]
    return "\n".join(parts)


def _in_order(schema: dict[str, Any]) -> list[str]:
    """The sections in Oumi's order, and then those that it does not have."""
    sections = [n for n, part in schema["$defs"].items() if "properties" in part]
    oumis = [name for name in surface() if name in sections]
    return [*oumis, *(name for name in sections if name not in oumis)]


def _section(name: str, schema: dict[str, Any]) -> str:
    part = schema if name == "TrainingConfig" else schema["$defs"][name]
    section = getattr(configs, name)
    lines = [f"## {name}", "", inspect.getdoc(section) or "", ""]
    lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
    made = section()
    for field, property in part["properties"].items():
        default = _default(getattr(made, field))
        cells = (
            f"`{field}`",
            _type(property, schema),
            default,
            property["description"],
        )
        lines.append(_row(*cells))
    return "\n".join(lines) + "\n"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', BAR) for cell in cells)} |"


def _default(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        return ""
    if value == "???":
        return "required"
    text = json.dumps(getattr(value, "value", value))
    return f"`{text.strip(chr(34)) if isinstance(value, str) else text}`"


def _type(property: dict[str, Any], schema: dict[str, Any]) -> str:
    """Returns the words for what a field takes."""
    if "$ref" in property:
        name = property["$ref"].rpartition("/")[2]
        target = schema["$defs"][name]
        if "enum" in target:
            return ", ".join(f"`{value}`" for value in target["enum"])
        return f"[{name}](#{name.lower()})"
    if "enum" in property:
        return ", ".join(f"`{value}`" for value in property["enum"])
    if "const" in property:
        return f"`{property['const']}`"
    if "anyOf" in property:
        return " or ".join(_alternatives(property["anyOf"], schema))
    kinds = property.get("type", "object")
    kinds = [kinds] if isinstance(kinds, str) else [k for k in kinds if k != "null"]
    return " or ".join(_plain(kind, property, schema) for kind in kinds)


def _alternatives(parts: list[dict[str, Any]], schema: dict[str, Any]) -> list[str]:
    """Returns the words for each; a section's null goes without saying."""
    found: dict[str, None] = {}
    for position, part in enumerate(parts):
        after_names = position > 0 and "enum" in parts[position - 1]
        if part.get("type") == "string" and after_names:
            # Other spellings of the names; or names that are registered.
            if "(?!" in part.get("pattern", "(?!"):
                found["a registered name"] = None
        elif part.get("type") != "null" or "$ref" not in parts[0]:
            found[_type(part, schema)] = None
    return list(found)


def _plain(kind: str, property: dict[str, Any], schema: dict[str, Any]) -> str:
    words = {
        "integer": "whole number", "number": "number", "boolean": "true or false",
        "string": "text", "null": "null", "object": "mapping",
    }  # fmt: skip
    if kind == "array":
        inner = property.get("items", {})
        return f"list of {_type(inner, schema)}"
    return words[kind] + "".join(_limits(property))


def _limits(property: dict[str, Any]) -> Iterator[str]:
    words = {
        "minimum": "at least", "exclusiveMinimum": "more than",
        "maximum": "at most", "exclusiveMaximum": "less than",
    }  # fmt: skip
    for key, text in words.items():
        if key in property:
            yield f", {text} {property[key]:.10g}"


def _refused_fields() -> str:
    lines = [
        "## Refused fields",
        "",
        "Only Oumi's default value is accepted, so that spelling it out is fine.",
        "",
        "| field | why, and what to do |",
        "|---|---|",
    ]
    lines += [
        f"| `{section}.{name}` | {refused.sentence} |"
        for section, fields in REFUSED.items()
        for name, refused in fields.items()
    ]
    return "\n".join(lines) + "\n"


def _refused_values() -> str:
    lines = [
        "## Refused values",
        "",
        "Oumi accepts these, but they have no meaning here (`...` is any suffix).",
        "",
        "| field | value | why, and what to do |",
        "|---|---|---|",
    ]
    for section in surface():
        for name, hint in fields_of(getattr(configs, section, None)).items():
            for check in _checks(hint):
                for value, why in check.refused.items():
                    rest = "..." if value.endswith("_") else ""
                    key = f"`{section}.{name}`"
                    lines.append(_row(key, f"`{value}{rest}`", why))
    lines += [_row(f"`{key}`", f"`{value}`", why) for key, value, why in _NO_NAMES]
    return "\n".join(lines) + "\n"


_NO_NAMES = [
    ("FSDPParams.use_orig_params", "false", "fully_shard always keeps the parameters"),
    ("DatasetParams.trust_remote_code", "true", "a dataset runs no code of its own"),
]


def _checks(hint: Any) -> Iterator[OneOf]:
    for part in (hint, *getattr(hint, "__args__", ())):
        yield from (
            m for m in getattr(part, "__metadata__", ()) if isinstance(m, OneOf)
        )


def _differences() -> str:
    lines = [
        "## Where it differs from Oumi",
        "",
        "| field | Oumi's default | here | why |",
        "|---|---|---|---|",
    ]
    for key, (ours, why) in DIFFERENCES.items():
        section, _, name = key.partition(".")
        lines.append(f"| `{key}` | `{surface()[section][name]}` | `{ours}` | {why} |")
    for key, why in ADDITIONS.items():
        lines.append(f"| `{key}` | no such field | new | {why} |")
    return "\n".join(lines) + "\n"
