"""`.oumi-scaffold.schema.json`: the JSON Schema that a project's configs name.

A config's first line tells editors where it is, so that they offer keys and mark
mistakes without a network. It is ours alone, the same for every model, and as new as
the last `new-model`; `oumi-scaffold schema > .oumi-scaffold.schema.json` renews it.
"""

from oumi_templates.catalog import CONFIG_SCHEMA

FILE_NAME = ".oumi-scaffold.schema.json"


def content() -> bytes:
    """Returns what the file holds."""
    return CONFIG_SCHEMA.read_bytes()
