"""Finds the project of a model under test, its registered name and its config."""

from pathlib import Path
from typing import Any

import yaml

from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.failures import NotApplicableError
from oumi_runtime.testing.needs import source_file

_PROJECT_FILE = "oumi_requirements.txt"
_CONFIG_FOLDERS = ("configs", "config", ".")


def registered_name(case: ModelCase) -> str | None:
    """Returns the name under which the model's class is registered, if any."""
    return REGISTRY.name_of(case.make_model_class, RegistryType.MODEL)


def project_folder(case: ModelCase) -> Path | None:
    """Returns the nearest folder above the model's file with oumi_requirements.txt."""
    source = source_file(case)
    if source is None:
        return None
    folders = source.resolve().parents
    return next((f for f in folders if (f / _PROJECT_FILE).is_file()), None)


def config_file(case: ModelCase) -> Path:
    """Returns the training config of the model.

    It is the config of the case; or else the one in the project's `configs` (or in the
    folders given in the manifest) whose `model.model_name` is the registered name. If
    there are several, the one with the same file name as the model is used.

    Raises:
        NotApplicableError: There is no such config, or the choice is ambiguous.
    """
    folder = project_folder(case)
    if case.config is not None:
        return _named(Path(case.config), folder)
    name = registered_name(case)
    if name is None or folder is None:
        raise NotApplicableError("the model belongs to no project with a config")
    found = [path for path in _configs(folder) if _model_name(path) == name.lower()]
    source = source_file(case)
    same = [path for path in found if source and path.stem == source.stem]
    candidates = same or found
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise NotApplicableError(f"no config in {folder.name} names {name}")
    names = ", ".join(sorted(path.name for path in candidates))
    raise NotApplicableError(f"{names} all name {name}: choose one with config=")


def _named(path: Path, folder: Path | None) -> Path:
    """Resolves a given config relative to the working folder, or to the project."""
    if path.is_file() or path.is_absolute() or folder is None:
        return path
    return folder / path


def _configs(folder: Path) -> list[Path]:
    folders = [folder / name for name in _CONFIG_FOLDERS]
    found = [path for each in folders for path in sorted(each.glob("*.y*ml"))]
    return list(dict.fromkeys(path.resolve() for path in found))


def _model_name(path: Path) -> str | None:
    """Returns the lower-case `model.model_name` of a YAML file, if it is a config."""
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    model = document.get("model") if isinstance(document, dict) else None
    name = model.get("model_name") if isinstance(model, dict) else None
    return name.lower() if isinstance(name, str) else None
