"""A template folder in cookiecutter's format, read from disk.

Reading only: `cookiecutter.json` and the files of the templated top folder. Nothing is
rendered here, no link is followed, and nothing outside the folder is opened.
"""

import json
import os
from collections.abc import Iterator, Mapping
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import NamedTuple, cast

from oumi_scaffold.exceptions import TemplateError

MAX_FILES = 1000
MAX_FILE_SIZE = 1_000_000  # bytes

_HOOKS = ("pre_prompt", "pre_gen_project", "post_gen_project")
_SETTINGS_FILE = "cookiecutter.json"
_PARTIALS = "templates"  # where cookiecutter's loader looks for includes
_EXTENSIONS = ["oumi_templates.filters.TypedFilters"]
_ENVIRONMENT_OPTIONS = {"trim_blocks", "lstrip_blocks"}


class TemplateFolder(NamedTuple):
    """One template: its variables with their defaults, and where its text is."""

    name: str
    root: Path
    top: Path
    variables: Mapping[str, object]
    environment_options: Mapping[str, bool]
    version: str
    copied: tuple[str, ...] = ()

    def is_copied(self, path: str) -> bool:
        """Whether `_copy_without_render` says to copy a file without rendering."""
        if not self.copied:
            return False
        parents = [str(each) for each in PurePosixPath(path).parents]
        return any(
            fnmatch(each, pattern)
            for pattern in self.copied
            for each in (path, *parents)
        )

    @property
    def hooks(self) -> tuple[str, ...]:
        """The paths of the scripts that cookiecutter would run, from the root."""
        folder = self.root / "hooks"
        if folder.is_symlink() or not folder.is_dir():
            return ()
        names = sorted(path.name for path in folder.iterdir())
        return tuple(f"hooks/{n}" for n in names if n.partition(".")[0] in _HOOKS)

    def paths(self) -> Iterator[str]:
        """Yields the unrendered paths of the files, from the top folder, sorted.

        Raises:
            TemplateError: There is a symbolic link or another special file, or there
                are too many files.
        """
        number = 0
        for folder, folders, files in os.walk(self.top):
            folders[:] = sorted(set(folders) - {"__pycache__"})
            for name in [*folders, *sorted(files)]:
                path = Path(folder, name)
                if path.is_symlink() or not (path.is_file() or path.is_dir()):
                    raise TemplateError(self.name, f"{name} is not a plain file")
            number += len(files) + len(folders)
            if number > MAX_FILES:
                raise TemplateError(self.name, f"it has more than {MAX_FILES} files")
            for name in sorted(files):
                yield Path(folder, name).relative_to(self.top).as_posix()

    def text(self, path: str) -> str | None:
        """Returns the unrendered text of a file or partial; None if there is none.

        Args:
            path: Relative to the top folder, or else to the folder of partials, as in
                cookiecutter.

        Raises:
            TemplateError: The path leaves the template, or is not UTF-8 text.
        """
        parts = PurePosixPath(path).parts
        if path.startswith("/") or ".." in parts or "\0" in path:
            raise TemplateError(self.name, f"{path} is outside of the template")
        for base in (self.top, self.root / _PARTIALS):
            if _is_plain_file(base, parts):
                return self._read(base.joinpath(*parts))
        return None

    def _read(self, path: Path) -> str:
        try:
            return _content(path).decode()
        except UnicodeDecodeError as error:
            raise TemplateError(self.name, f"{path.name} is not UTF-8 text") from error
        except ValueError as error:
            raise TemplateError(self.name, f"{path.name} {error}") from error


def load_template(root: Path, name: str) -> TemplateFolder:
    """Reads a template folder.

    Args:
        root: The folder with `cookiecutter.json`.
        name: The name for errors and the manifest.

    Raises:
        TemplateError: It is not a template, or asks for code that is not allowed.
    """
    settings = _settings(root, name)
    if settings.get("_extensions", _EXTENSIONS) != _EXTENSIONS:
        raise TemplateError(name, f"only the extension {_EXTENSIONS[0]} is allowed")
    options = settings.get("_jinja2_env_vars", {})
    if not _are_environment_options(options):
        allowed = ", ".join(sorted(_ENVIRONMENT_OPTIONS))
        raise TemplateError(name, f"_jinja2_env_vars may set only {allowed} to a bool")
    return TemplateFolder(
        name=name,
        root=root,
        top=_top_folder(root, name),
        variables={k: v for k, v in settings.items() if not _is_setting(k)},
        environment_options=cast(Mapping[str, bool], options),
        version=str(settings.get("_template_version", "0")),
        copied=_patterns(settings.get("_copy_without_render", []), name),
    )


def _settings(root: Path, name: str) -> dict[str, object]:
    try:
        settings: object = json.loads(_content(root / _SETTINGS_FILE))
    except OSError as error:
        reason = f"{_SETTINGS_FILE} cannot be read: {error.strerror}"
        raise TemplateError(name, reason) from error
    except (ValueError, RecursionError) as error:
        reason = f"{_SETTINGS_FILE} is not valid JSON: {error}"
        raise TemplateError(name, reason) from error
    if not isinstance(settings, dict):
        raise TemplateError(name, f"{_SETTINGS_FILE} is not a JSON object")
    return cast(dict[str, object], settings)


def _content(path: Path) -> bytes:
    """Returns the content of a regular file; links and devices are not opened."""
    if path.is_symlink() or not path.is_file():
        if not path.exists():
            raise FileNotFoundError(2, "there is no such file", str(path))
        raise ValueError("is not a plain file")
    if path.stat().st_size > MAX_FILE_SIZE:
        raise ValueError(f"is larger than {MAX_FILE_SIZE:,} bytes")
    return path.read_bytes()


def _patterns(value: object, name: str) -> tuple[str, ...]:
    patterns = cast(list[object], value) if isinstance(value, list) else [None]
    if not all(isinstance(each, str) for each in patterns):
        raise TemplateError(name, "_copy_without_render is not a list of patterns")
    return tuple(cast(list[str], patterns))


def _top_folder(root: Path, name: str) -> Path:
    tops = [
        entry
        for entry in sorted(root.iterdir())
        if "cookiecutter." in entry.name and "{{" in entry.name and "}}" in entry.name
    ]
    if len(tops) != 1 or tops[0].is_symlink() or not tops[0].is_dir():
        raise TemplateError(name, "it needs one top folder {{ cookiecutter.NAME }}")
    return tops[0]


def _is_setting(key: str) -> bool:
    # As in cookiecutter: `_x` is a setting, `__x` a variable that is not asked for.
    return (key.startswith("_") and not key.startswith("__")) or key == "__prompts__"


def _are_environment_options(options: object) -> bool:
    if not isinstance(options, dict):
        return False
    items = cast(dict[str, object], options).items()
    return all(k in _ENVIRONMENT_OPTIONS and isinstance(v, bool) for k, v in items)


def _is_plain_file(base: Path, parts: tuple[str, ...]) -> bool:
    path = base
    for part in parts:
        path = path / part
        if path.is_symlink():
            return False
    return path.is_file()
