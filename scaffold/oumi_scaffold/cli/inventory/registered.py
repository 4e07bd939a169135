"""Finds registered names by reading source files, without importing them.

The parsing is done by the runtime's registry. Neither the built-in classes nor the
user's are imported, and so torch is not either.
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import PathFinder
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from oumi_scaffold.project import requirements_file

BUILT_IN = "built-in"
PROJECT = "project"

# As `oumi_runtime.core.registry.discovery` has them; held to it by a test.
_LIST_FILE = requirements_file.FILE_NAME
_LIST_VARIABLE = "OUMI_EXTRA_DEPS_FILE"

Kind = Literal["models", "datasets"]


class Registered(NamedTuple):
    """One registered name, and where it is defined."""

    name: str
    class_name: str
    origin: str
    path: Path
    line: int


def registered(
    kind: Kind, project: Path, names: Iterable[str] | None = None
) -> list[Registered]:
    """Returns the registered names, built-in ones first.

    Args:
        kind: What to look for.
        project: The folder in or above which the user's list of files is.
        names: The names that matter, in any case; files that hold none of them are not
            parsed. None for all.
    """
    words = None if names is None else [name.lower() for name in names]
    if words is not None and not _may_be_registered(kind, project, words):
        return []
    from oumi_runtime.core.registry import RegistryType, declarations_in
    from oumi_runtime.core.registry.discovery import survey

    wanted = {"models": RegistryType.MODEL, "datasets": RegistryType.DATASET}[kind]
    own = [
        declaration
        for path in sorted((_runtime_folder() / kind).glob("*.py"))
        if words is None or _mentions(path, words)
        for declaration in declarations_in(path)
    ]
    users = [
        declaration
        for listing in survey([project]).listings
        for file in listing.files
        if words is None or _mentions(file.path, words)
        for declaration in file.declarations()[0]
    ]
    return [
        Registered(d.name, d.class_name or "", origin, d.path, d.line)
        for origin, declarations in ((BUILT_IN, own), (PROJECT, users))
        for d in declarations
        if d.type is wanted
    ]


def unusable(project: Path) -> list[str]:
    """Says what keeps names of the user's files from being used.

    These are files that cannot be read, and names that are registered twice.
    """
    from oumi_runtime.core.registry.discovery import survey

    return [*survey([project]).problems, *_registered_twice(project)]


def _registered_twice(project: Path) -> Iterator[str]:
    """Yields a sentence for each name that is given to two classes."""
    for kind in get_args(Kind):
        places: dict[str, dict[str, str]] = {}
        for each in registered(kind, project):
            place = f"{each.path}:{each.line}"
            places.setdefault(each.name.lower(), {})[place] = each.name
        for (first, _), (second, name), *_ in (
            found.items() for found in places.values() if len(found) > 1
        ):
            yield (
                f"two {kind} are registered as {name!r}: {first} and {second}; give "
                "one of them another name"
            )


def _may_be_registered(kind: Kind, project: Path, words: Sequence[str]) -> bool:
    """Whether importing the registry is worth it; in a new project it is not."""
    folder = project.resolve()
    return (
        _LIST_VARIABLE in os.environ
        or any((each / _LIST_FILE).exists() for each in (folder, *folder.parents))
        or any(
            _mentions(path, words) for path in (_runtime_folder() / kind).glob("*.py")
        )
    )


def _mentions(path: Path, words: Sequence[str]) -> bool:
    """Whether a file may register one of the names, in quotes: a look at its text."""
    try:
        text = path.read_bytes().decode(errors="replace").lower()
    except OSError:
        return False
    return any(f"{quote}{word}{quote}" in text for word in words for quote in "\"'")


def _runtime_folder() -> Path:
    # Faster than importlib.util, and equivalent for a top-level package.
    spec = PathFinder.find_spec("oumi_runtime")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("oumi_runtime is not installed", name="oumi_runtime")
    return Path(spec.origin).parent
