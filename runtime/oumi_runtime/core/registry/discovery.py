"""Where a user's names may come from: list files, and entry points of packages.

A list file names one Python file a line, relative to its own folder; `#` starts a
comment. Files are only read here, never imported.
"""

import functools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from oumi_runtime.core.registry.declarations import Declaration, declarations_in
from oumi_runtime.core.registry.registry_type import RegistryType

LIST_FILENAME = "oumi_requirements.txt"
LIST_FILE_VARIABLE = "OUMI_EXTRA_DEPS_FILE"
ENTRY_POINT_GROUP = "oumi_runtime.models"


@dataclass(frozen=True)
class Listing:
    """What one list file leads to.

    Attributes:
        path: The list file.
        declarations: The registrations in the files that it names.
        problems: A sentence for each line, or file, that cannot be used.
    """

    path: Path
    declarations: tuple[Declaration, ...]
    problems: tuple[str, ...]

    def declaring(self, name: str, type: RegistryType) -> list[Declaration]:
        """Returns the registrations of that name, the first of each file."""
        found: dict[Path, Declaration] = {}
        for declaration in self.declarations:
            if declaration.type is type and declaration.name.lower() == name.lower():
                found.setdefault(declaration.path, declaration)
        return list(found.values())


@dataclass(frozen=True)
class Survey:
    """Everything that was found by looking once.

    Attributes:
        listings: The list files, in the order in which they count.
        looked: A phrase for each place, for the error of a name that is not found.
    """

    listings: tuple[Listing, ...]
    looked: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each thing that cannot be used."""
        return tuple(p for listing in self.listings for p in listing.problems)


def survey(roots: Iterable[Path]) -> Survey:
    """Reads every list file in reach.

    Args:
        roots: Folders; the nearest `oumi_requirements.txt` in or above each counts,
            after the file that the environment names.
    """
    paths: dict[Path, None] = {}
    looked: list[str] = []
    named = os.environ.get(LIST_FILE_VARIABLE)
    if named:
        paths[Path(named).absolute()] = None
        looked.append(f"looked in {named} (from {LIST_FILE_VARIABLE})")
    for root in roots:
        nearest = _nearest_list(root)
        if nearest is None:
            looked.append(f"no {LIST_FILENAME} in or above {root}")
        elif nearest not in paths:
            paths[nearest] = None
            looked.append(f"looked in {nearest}")
    return Survey(tuple(_read_list(path) for path in paths), tuple(looked))


def entry_point(name: str) -> metadata.EntryPoint | None:
    """Returns the installed entry point of that name, in any case."""
    found = (p for p in _entry_points(tuple(sys.path)) if p.name.lower() == name)
    return next(found, None)


def entry_point_names() -> list[str]:
    """Returns the names of the models that installed packages offer."""
    return [point.name for point in _entry_points(tuple(sys.path))]


# Finding the entry points reads every installed package's metadata.
@functools.lru_cache(maxsize=1)
def _entry_points(search_path: tuple[str, ...]) -> tuple[metadata.EntryPoint, ...]:
    return tuple(metadata.entry_points(group=ENTRY_POINT_GROUP))


def _nearest_list(folder: Path) -> Path | None:
    candidates = (place / LIST_FILENAME for place in (folder, *folder.parents))
    return next((path for path in candidates if path.is_file()), None)


def _read_list(path: Path) -> Listing:
    declarations: list[Declaration] = []
    problems: list[str] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return Listing(path, (), (f"{path} cannot be read: {_reason(error)}",))
    for number, entry in _entries(lines):
        file = path.parent / entry
        where = f"{path}:{number} lists {entry}, which"
        if file.suffix != ".py":
            problems.append(f"{where} is not a .py file")
        elif not file.is_file():
            problems.append(f"{where} does not exist")
        else:
            try:
                declarations += declarations_in(file.resolve())
            except SyntaxError as error:
                problems.append(
                    f"{file}:{error.lineno or 1} cannot be parsed: {error.msg}"
                )
            except OSError as error:
                problems.append(f"{where} cannot be read: {_reason(error)}")
    return Listing(path, tuple(declarations), tuple(problems))


def _entries(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        entry = line.partition(" #")[0].strip()
        if entry and not entry.startswith("#"):
            yield number, entry


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "it is not UTF-8 text"
