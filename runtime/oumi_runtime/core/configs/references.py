"""Checks what a config refers to: registered names, their arguments, and files.

Names are looked up among those registered so far, and in the source of built-in and
user files; nothing is imported. Possible names on the Hugging Face hub are left to the
builders.
"""

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from oumi_runtime.core.configs.checking import KEY_ITSELF
from oumi_runtime.core.configs.error_messages import shown
from oumi_runtime.core.configs.places import Key
from oumi_runtime.core.registry import (
    REGISTRY,
    Declaration,
    RegistryType,
    declarations_in,
)
from oumi_runtime.core.registry.declarations import dataset_key, mentions
from oumi_runtime.core.registry.signatures import Signature, signature_of, wrong_type
from oumi_runtime.exceptions import nearest, suggestion

if TYPE_CHECKING:
    from oumi_runtime.core.configs.params.data_params import DatasetParams
    from oumi_runtime.core.configs.params.model_params import ModelParams

_RUNTIME = Path(__file__).parents[2]
_FOLDERS = {
    RegistryType.MODEL: "models",
    RegistryType.DATASET: "datasets",
    RegistryType.METRICS_FUNCTION: "metrics",
}
# Old models on the hub have no organization: gpt2, bert-base-uncased.
_HUB_MODEL = re.compile(r"[a-z0-9._-]*[0-9-][a-z0-9._-]*")
# File formats of the `datasets` package, so that `imagefolder` is not a misspelling.
_READERS = {"csv", "json", "parquet", "arrow", "text", "imagefolder", "audiofolder"}
_GIVEN_TO_DATASETS = {
    "dataset_name",
    "subset",
    "split",
    "tokenizer",
    "stream",
    "trust_remote_code",
    "transform_num_workers",
}

Wrong = Iterator[tuple[Key, str]]


def name_mistake(
    name: str, type: RegistryType, built_in: Iterable[str] = ()
) -> str | None:
    """Returns what is wrong with a name that should be registered; None if nothing is.

    Args:
        name: The given name.
        type: The type of the registered object.
        built_in: Names that need not be registered.
    """
    if name.lower() in built_in or _is_known(name, type):
        return None
    if built_in:
        known = [*built_in, *_known_names(type)]
        near = suggestion(name, known)
        return f"{shown(name)} is not one of {', '.join(known)}{near}"
    return str(REGISTRY.unknown(name, type, _built_in_names(type)))


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:  # For example, if the name is too long for a path.
        return False


def _missing(path: str) -> str:
    """Returns the message for a path that does not exist, suggesting a similar one."""
    try:
        beside = [str(other) for other in Path(path).parent.glob("*")]
    except (OSError, ValueError):
        beside = []
    return (
        f"{shown(path)} does not exist{suggestion(path, beside)}; paths are relative "
        f"to the working folder, {Path.cwd()}"
    )


def folder_mistake(path: str) -> str | None:
    """Returns what is wrong with a folder that should exist; None if nothing is."""
    if _is_there(path) and Path(path).is_dir():
        return None
    return f"the folder {_missing(path)}"


def model_mistakes(params: "ModelParams") -> Wrong:
    """Yields what is wrong with the model's name and its arguments."""
    name = params.model_name
    if _is_known(name, RegistryType.MODEL):
        yield from _registered_model_mistakes(params)
    if name.endswith(".py"):
        yield ("model_name",), _file_given(name)
        return
    if (
        _is_there(name)
        and Path(name).is_dir()
        and not _is_known(name, RegistryType.MODEL)
    ):
        return
    if name.startswith((".", "/", "~")):
        yield ("model_name",), folder_mistake(name) or ""
    elif "/" in name or os.sep in name:
        return
    elif mistake := name_mistake(name, RegistryType.MODEL):
        near = nearest(name, _known_names(RegistryType.MODEL))
        if near or not _HUB_MODEL.fullmatch(name):
            yield ("model_name",), mistake
    elif signature := _signature(name, RegistryType.MODEL):
        yield from _argument_mistakes(
            name, ("model_kwargs",), params.model_kwargs, signature
        )


def _file_given(given: str) -> str:
    """Returns the message for a Python file in place of a model's name."""
    try:
        found = declarations_in(Path(given))
    except (OSError, SyntaxError):
        found = []
    names = [each.name for each in found if each.type is RegistryType.MODEL]
    there = f"that it registers: {', '.join(names)}" if names else "by its name"
    return f"{shown(given)} is a file; give the model {there}"


def _registered_model_mistakes(params: "ModelParams") -> Wrong:
    """Yields the fields that do not apply to registered models."""
    name = params.model_name
    if params.load_pretrained_weights:
        yield (
            ("load_pretrained_weights",),
            f"true is not possible: {name} is a registered name, which starts fresh; "
            "to load weights, set model_name to their folder",
        )
    given = {
        "attn_implementation": params.attn_implementation is not None,
        "model_revision": params.model_revision is not None,
        "trust_remote_code": params.trust_remote_code,
        "device_map": isinstance(params.device_map, dict),
    }
    for field in (field for field, is_given in given.items() if is_given):
        value = shown(getattr(params, field))
        sentence = (
            f"{value} is for transformers models, which {name} is not; leave it out"
        )
        yield (field,), sentence


def dataset_mistakes(params: "DatasetParams") -> Wrong:
    """Yields what is wrong with a dataset's name, file and arguments."""
    name, path = params.dataset_name, params.dataset_path
    if path is not None and "://" not in path and not _is_there(path):
        yield ("dataset_path",), _missing(path)
    key = next(
        (
            key
            for key in (dataset_key(name, params.subset), name)
            if _is_known(key, RegistryType.DATASET)
        ),
        None,
    )
    if key is None:
        # Any other name may exist on the hub.
        is_near = nearest(name, _known_names(RegistryType.DATASET))
        if is_near and name not in _READERS and "/" not in name:
            yield ("dataset_name",), name_mistake(name, RegistryType.DATASET) or ""
        return
    signature = _signature(key, RegistryType.DATASET)
    if signature is None:
        return
    path_parameter = signature.parameters.get("dataset_path")
    if path_parameter and path_parameter.is_required and path is None:
        yield ("dataset_path",), f"is missing; {name} reads the file it names"
    yield from _argument_mistakes(
        name,
        ("dataset_kwargs",),
        params.dataset_kwargs,
        signature,
        given={*_GIVEN_TO_DATASETS, "dataset_path"},
    )


def _argument_mistakes(
    name: str,
    key: Key,
    arguments: Mapping[str, Any],
    signature: Signature,
    given: Iterable[str] = (),
) -> Wrong:
    parameters = signature.parameters
    meant: set[str | None] = set()
    for argument, value in arguments.items():
        if argument in parameters:
            if types := wrong_type(parameters[argument], value):
                yield (*key, argument), f"{shown(value)} is not {types}"
        elif not signature.takes_any:
            takes = ", ".join(parameters) or "nothing"
            meant.add(nearest(argument, parameters))
            near = suggestion(argument, parameters)
            sentence = f"{name} takes no {shown(argument)}{near}; it takes {takes}"
            yield (*key, argument, KEY_ITSELF), sentence
    missing = [
        parameter.name
        for parameter in parameters.values()
        if parameter.is_required
        and parameter.name not in {*arguments, *given, *meant}  # Reported above.
    ]
    if missing:
        yield key, f"{name} also needs {', '.join(missing)}"


def _is_known(name: str, type: RegistryType) -> bool:
    return _declared_here(name, type) is not None or REGISTRY.contains(name, type)


def _known_names(type: RegistryType) -> list[str]:
    users = (declaration.name for declaration in REGISTRY.declared(type))
    return [*REGISTRY.get_all(type), *users, *_built_in_names(type)]


def _signature(name: str, type: RegistryType) -> Signature | None:
    """Returns the parameters of a registered name, as far as its source shows them."""
    declaration = REGISTRY.declaration(name, type) or _declared_here(name, type)
    return signature_of(declaration) if declaration else None


def _declared_here(name: str, type: RegistryType) -> Declaration | None:
    """Returns the declaration of a built-in model, dataset and so on."""
    for file in _built_in_files(type):
        if mentions(file, name):
            for found in declarations_in(file):
                if found.type is type and found.name.lower() == name.lower():
                    return found
    return None


def _built_in_names(type: RegistryType) -> list[str]:
    declared = (d for file in _built_in_files(type) for d in declarations_in(file))
    return [declaration.name for declaration in declared if declaration.type is type]


@functools.cache
def _built_in_files(type: RegistryType) -> tuple[Path, ...]:
    return tuple(sorted((_RUNTIME / _FOLDERS.get(type, "")).rglob("*.py")))
