"""Finds users' files: through list files, and entry points of packages.

A list file names one Python file per line, relative to its own folder; `#` starts a
comment. Files are only read here, never imported.
"""

import functools
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from oumi_runtime.core.registry.declarations import (
    Declaration,
    declarations_in,
    kinds_given,
    mentions,
)
from oumi_runtime.core.registry.registry_type import RegistryType

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LIST_FILENAME = "oumi_requirements.txt"
LIST_FILE_VARIABLE = "OUMI_EXTRA_DEPS_FILE"


@dataclass(frozen=True)
class ListedFile:
    """A Python file that a list file names.

    Attributes:
        path: The file, without symbolic links.
        entry: Its name in the list, and the line: `LIST:3 lists models/net.py, which`.
    """

    path: Path
    entry: str

    def declarations(self) -> tuple[list[Declaration], str]:
        """Returns the registrations in the file, and why it cannot be read, if so."""
        try:
            return declarations_in(self.path), ""
        except SyntaxError as error:
            return [], f"{self.path}:{error.lineno or 1} cannot be parsed: {error.msg}"
        except OSError as error:
            return [], f"{self.entry} cannot be read: {_reason(error)}"


@dataclass(frozen=True)
class Listing:
    """The content of a list file; the files it names are read on demand.

    Attributes:
        path: The list file.
        files: The files that it names.
        wrong_lines: A sentence for each line that cannot be used.
    """

    path: Path
    files: tuple[ListedFile, ...]
    wrong_lines: tuple[str, ...]

    @property
    def declarations(self) -> tuple[Declaration, ...]:
        """The registrations in the files; every one of them is parsed."""
        return tuple(d for file in self.files for d in file.declarations()[0])

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each line, or file, that cannot be used."""
        unusable = (problem for f in self.files if (problem := f.declarations()[1]))
        return (*self.wrong_lines, *unusable)

    def declaring(self, name: str, type: RegistryType) -> list[Declaration]:
        """Returns the registrations of that name, the first of each file.

        Only files that hold the name in their text are parsed: of a thousand, one.
        """
        found: dict[Path, Declaration] = {}
        for file in self.files:
            if not _mentions(file.path, name):
                continue
            for declaration in file.declarations()[0]:
                same_name = declaration.name.lower() == name.lower()
                if same_name and declaration.type is type:
                    found.setdefault(declaration.path, declaration)
        return list(found.values())

    def wrongly_declared(self, name: str, type: RegistryType) -> Iterator[str]:
        """Yields a sentence for each registration of a name whose kind is another."""
        for file in self.files:
            if _mentions(file.path, name) and not file.declarations()[1]:
                for line, kind in kinds_given(file.path, name):
                    right = f"RegistryType.{type.name}"
                    if not kind.endswith(right):
                        given = f"as {kind}" if kind else "without a kind"
                        where = f"{file.path}:{line}"
                        yield f"{where} registers it {given}, not as {right}"


@dataclass(frozen=True)
class Survey:
    """The result of one search.

    Attributes:
        listings: The list files, in order of precedence.
        looked: Where the search looked, for errors about unknown names.
    """

    listings: tuple[Listing, ...]
    looked: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        """A sentence for each thing that cannot be used."""
        return tuple(p for listing in self.listings for p in listing.problems)


def survey(roots: Iterable[Path]) -> Survey:
    """Reads all list files.

    Args:
        roots: Folders; the nearest `oumi_requirements.txt` in or above each is read,
            after the file named by the environment variable.
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


def entry_point(name: str, type: RegistryType) -> "EntryPoint | None":
    """Returns the installed entry point of that name, in any case."""
    points = _entry_points(tuple(sys.path), type.entry_point_group)
    return next((p for p in points if p.name.lower() == name.lower()), None)


def entry_point_names(type: RegistryType) -> list[str]:
    """Returns the names of that type that installed packages provide."""
    points = _entry_points(tuple(sys.path), type.entry_point_group)
    return [point.name for point in points]


# Finding the entry points reads every installed package's metadata.
@functools.lru_cache(maxsize=len(RegistryType))
def _entry_points(search_path: tuple[str, ...], group: str) -> "tuple[EntryPoint, ...]":
    # Imported here, because most names are found without it.
    from importlib.metadata import entry_points

    return tuple(entry_points(group=group))


def _nearest_list(folder: Path) -> Path | None:
    candidates = (place / LIST_FILENAME for place in (folder, *folder.parents))
    return next((path for path in candidates if path.is_file()), None)


def _read_list(path: Path) -> Listing:
    files: list[ListedFile] = []
    wrong_lines: list[str] = []
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        return Listing(path, (), (f"{path} cannot be read: {_reason(error)}",))
    for number, entry in _entries(lines):
        file = path.parent / entry
        where = f"{path}:{number} lists {entry}, which"
        if file.suffix != ".py":
            wrong_lines.append(f"{where} is not a .py file")
        elif not file.is_file():
            wrong_lines.append(f"{where} does not exist")
        else:
            files.append(ListedFile(Path(os.path.realpath(file)), where))
    return Listing(path, tuple(files), tuple(wrong_lines))


def _mentions(path: Path, name: str) -> bool:
    try:
        return mentions(path, name)
    except OSError:
        return False


def _entries(lines: list[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, start=1):
        entry = line.partition(" #")[0].strip()
        if entry and not entry.startswith("#"):
            yield number, entry


def _reason(error: OSError | UnicodeDecodeError) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return "it is not UTF-8 text"
