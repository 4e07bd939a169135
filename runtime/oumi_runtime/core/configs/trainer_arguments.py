"""Checks `training.trainer_kwargs` against transformers' TrainingArguments.

The names are read from the source of transformers, since importing it takes seconds.
"""

import ast
import functools
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from oumi_runtime.core.configs.checking import KEY_ITSELF
from oumi_runtime.core.configs.places import Key
from oumi_runtime.core.registry.declarations import parsed
from oumi_runtime.exceptions import suggestion


def trainer_argument_mistakes(
    arguments: Mapping[str, Any],
) -> Iterator[tuple[Key, str]]:
    """Yields each argument that transformers' TrainingArguments does not have."""
    known = trainer_arguments() if arguments else frozenset()
    for name in arguments:
        if known and name not in known:
            near = suggestion(name, known)
            yield (name, KEY_ITSELF), f"TrainingArguments takes no {name!r}{near}"


@functools.cache
def trainer_arguments() -> frozenset[str]:
    """Returns the names of the fields; empty if the source does not show them."""
    spec = find_spec("transformers")  # This does not import the package.
    if spec is None or spec.origin is None:
        return frozenset()
    path = Path(spec.origin).with_name("training_args.py")
    try:
        module = parsed(path.read_bytes(), path)
    except (OSError, SyntaxError):
        return frozenset()
    return frozenset(
        field.target.id
        for definition in module.body
        if isinstance(definition, ast.ClassDef)
        and definition.name == "TrainingArguments"
        for field in definition.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    )
