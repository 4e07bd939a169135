"""`[tool.oumi-scaffold]` in a project's pyproject.toml: folders and defaults."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, cast

from oumi_scaffold.exceptions import (
    SettingsError,
    UnknownChoiceError,
    UnsafePathError,
    shown,
)
from oumi_scaffold.project.paths import check_inside
from oumi_scaffold.request.layout import Layout

FILE_NAME = "pyproject.toml"
_SECTION = "[tool.oumi-scaffold]"
_FOLDERS = ("models", "tests", "configs", "data")
_KEYS = (*_FOLDERS, "task", "arch")


class ProjectSettings(NamedTuple):
    """The settings of a project; task and architecture are checked when used."""

    layout: Layout
    task: str | None = None
    arch: str | None = None


def read_settings(project: Path) -> ProjectSettings:
    """Reads a project's settings; defaults apply without any.

    Raises:
        SettingsError: The file is not valid, a value is of the wrong type, or a folder
            cannot be used.
        UnknownChoiceError: There is no such setting.
    """
    path = project / FILE_NAME
    if not path.is_file():
        return ProjectSettings(Layout())
    import tomllib

    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError, OSError) as error:
        raise SettingsError(f"it cannot be read: {error}") from error
    tool = _table(document.get("tool", {}), "[tool]")
    settings = _table(tool.get("oumi-scaffold", {}), _SECTION)
    for key, value in settings.items():
        if key not in _KEYS:
            raise UnknownChoiceError("setting", key, _KEYS, _SECTION)
        if not isinstance(value, str) or not value:
            raise SettingsError(f"{_SECTION} {key} is {value!r:.60}; write a string")
    texts = cast(Mapping[str, str], settings)
    return ProjectSettings(layout_of(texts), texts.get("task"), texts.get("arch"))


def layout_of(settings: Mapping[str, str]) -> Layout:
    """Returns the layout with the folders that settings name.

    Raises:
        SettingsError: A folder cannot be used.
    """
    layout = Layout(**{key: settings[key] for key in _FOLDERS if key in settings})
    folders = list(layout)
    for key, folder in zip(_FOLDERS, folders, strict=True):
        try:
            check_inside(folder)
        except UnsafePathError:
            reason = "name a folder inside the project, such as src/nets"
            raise SettingsError(
                f"{_SECTION} {key} is {shown(folder)}; {reason}"
            ) from None
    for key in ("models", "data"):
        folder = folders[_FOLDERS.index(key)]
        if not all(part.isidentifier() for part in folder.split("/")):
            reason = "each part must be a name that Python can import"
            raise SettingsError(f"{_SECTION} {key} is {shown(folder)}; {reason}")
    if len({folder.lower() for folder in folders}) != len(folders):
        raise SettingsError(f"{_SECTION} uses one folder for two kinds of file")
    return layout


def _table(value: object, name: str) -> Mapping[str, object]:
    if not isinstance(value, dict):
        raise SettingsError(f"{name} is not a table")
    return cast(Mapping[str, object], value)
