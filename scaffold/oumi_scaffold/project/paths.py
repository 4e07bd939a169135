"""The paths of a project: checked, looked up and read.

They are relative to the project's folder and separated by `/`. Symbolic links are
never followed.
"""

import os
import stat
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

from oumi_scaffold.exceptions import UnsafePathError
from oumi_scaffold.project.leftovers import FOLDER

# What belongs to the repository, and to this program itself.
_RESERVED = {".git", ".hg", ".svn", FOLDER}


def read_target(project: Path, path: str) -> bytes | None:
    """Returns the content of a file in the project; None if it does not exist.

    Raises:
        UnsafePathError: The path leaves the project, goes through a symbolic link, or
            is not a regular file.
    """
    check_inside(path)
    target, parts = str(project), path.split("/")
    for number, part in enumerate(parts, start=1):
        target = f"{target}/{part}"
        mode = mode_of(target)
        if mode is None:
            return None
        if stat.S_ISLNK(mode):
            raise UnsafePathError(path, f"{part} is a symbolic link")
        if number < len(parts) and not stat.S_ISDIR(mode):
            raise UnsafePathError(path, f"{part} is not a folder")
        if number == len(parts) and not stat.S_ISREG(mode):
            raise UnsafePathError(path, "something other than a file is there")
    return Path(target).read_bytes()


def is_plain_folder(project: Path, path: str) -> bool:
    """Whether a folder of the project exists and no symbolic link leads to it."""
    target = str(project)
    for part in path.split("/"):
        target = f"{target}/{part}"
        mode = mode_of(target)
        if mode is None or not stat.S_ISDIR(mode):
            return False
    return True


def missing_folders(project: Path, paths: Iterable[str]) -> list[str]:
    """Returns the folders of files that do not exist yet, outermost first."""
    folders = dict.fromkeys(
        folder
        for path in paths
        for folder in accumulate(path.split("/")[:-1], "{}/{}".format)
    )
    return [folder for folder in folders if mode_of(project / folder) is None]


def emptied_folders(
    project: Path, folders: Iterable[str], removed: Iterable[str]
) -> list[str]:
    """Returns the folders in which nothing is left, innermost first.

    Args:
        project: The project's folder.
        folders: The folders that may go.
        removed: The files that are deleted.

    Raises:
        UnsafePathError: A folder is not inside of the project.
    """
    gone = {project / path for path in removed}
    emptied: list[str] = []
    for folder in sorted(folders, key=lambda each: each.count("/"), reverse=True):
        check_inside(folder)
        if is_plain_folder(project, folder):
            place = project / folder
            if not set(place.iterdir()) - gone - {place / "__pycache__"}:
                emptied.append(folder)
                gone.add(place)
    return emptied


def check_project(project: Path) -> None:
    """Checks that a project's folder is a folder, or does not exist.

    Raises:
        UnsafePathError: It is something else.
    """
    if project.exists() and not project.is_dir():
        raise UnsafePathError(str(project), "it is not a folder")


def check_inside(path: str) -> None:
    """Checks that a relative path with `/` cannot leave the folder it starts in.

    Raises:
        UnsafePathError: It is absolute, has an empty, `.`, `..` or `.git` part, or a
            character that is a separator or not printable on some system.
    """
    parts = path.split("/")
    if {"", ".", ".."} & set(parts) or any(char in path for char in "\\:\0"):
        raise UnsafePathError(path, "it is outside of the project's folder")
    if not path.isprintable():
        raise UnsafePathError(path, "it has characters that cannot be printed")
    if any(part.lower().rstrip(". ") in _RESERVED for part in parts):
        raise UnsafePathError(
            path, "it is inside of a folder that is not the project's"
        )


def check_distinct(paths: Iterable[str]) -> None:
    """Checks that no two paths are the same on a case-insensitive file system.

    Raises:
        UnsafePathError: Two are the same.
    """
    seen: set[str] = set()
    for path in paths:
        if path.lower() in seen:
            raise UnsafePathError(path, "it would be written twice")
        seen.add(path.lower())


def check_case(project: Path, paths: Iterable[str]) -> None:
    """Checks new files against existing ones on a case-insensitive file system.

    Raises:
        UnsafePathError: A file or folder differs only in case.
    """
    names: dict[str, dict[str, str]] = {}
    for path in paths:
        folder = str(project)
        for part in path.split("/"):
            if folder not in names:
                names[folder] = _names_in(Path(folder))
            there = names[folder].get(part.lower(), part)
            if there != part:
                raise UnsafePathError(path, f"{there} differs from {part} only in case")
            folder = f"{folder}/{part}"


def _names_in(folder: Path) -> dict[str, str]:
    """Returns the names in a folder by their lowercase form."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:  # there is none, or none that can be looked into
        return {}
    return {name.lower(): name for name in names}


def mode_of(path: Path | str) -> int | None:
    """Returns the mode of a path, including its type; None if it does not exist."""
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None
