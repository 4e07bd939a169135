"""The project of a model under test: its registered name and its config."""

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
    """The name that the model's class is registered under, if it is."""
    return REGISTRY.name_of(case.make_model_class, RegistryType.MODEL)


def project_folder(case: ModelCase) -> Path | None:
    """The nearest folder with an oumi_requirements.txt at or above the model's file."""
    source = source_file(case)
    if source is None:
        return None
    folders = source.resolve().parents
    return next((f for f in folders if (f / _PROJECT_FILE).is_file()), None)


def config_file(case: ModelCase) -> Path:
    """The training config of the model.

    It is the one that the case names; or else the one in the project's `configs` (or in
    the folders that the manifest names) whose `model.model_name` is the registered
    name. Of several, the one that is named as the model's file counts.

    Raises:
        NotApplicableError: There is none, or there are several.
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
    raise NotApplicableError(f"{names} all name {name}: say which one with config=")


def _named(path: Path, folder: Path | None) -> Path:
    """A config that is given: relative to the working folder, or to the project."""
    if path.is_file() or path.is_absolute() or folder is None:
        return path
    return folder / path


def _configs(folder: Path) -> list[Path]:
    folders = [folder / name for name in _CONFIG_FOLDERS]
    found = [path for each in folders for path in sorted(each.glob("*.y*ml"))]
    return list(dict.fromkeys(path.resolve() for path in found))


def _model_name(path: Path) -> str | None:
    """The lower-case `model.model_name` of a YAML file, if it is a config."""
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    model = document.get("model") if isinstance(document, dict) else None
    name = model.get("model_name") if isinstance(model, dict) else None
    return name.lower() if isinstance(name, str) else None
