"""Which paths of a project may be read and written: its own plain files, and no other.

A path is relative to the project's folder and has `/` between its parts. Links are not
followed, wherever they lead.
"""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from oumi_scaffold.exceptions import UnsafePathError

# What belongs to the repository, and to this program itself.
_RESERVED = {".git", ".hg", ".svn", ".oumi-scaffold"}


def read_target(project: Path, path: str) -> bytes | None:
    """Returns what a file of the project holds; None if there is none.

    Raises:
        UnsafePathError: The path leaves the project, goes through a link, or is
            something other than a file.
    """
    check_inside(path)
    *folders, name = path.split("/")
    target = str(project)
    for part in folders:
        target = f"{target}/{part}"
        mode = mode_of(target)
        if mode is None:
            return None
        if stat.S_ISLNK(mode):
            raise UnsafePathError(path, f"{part} is a symbolic link")
        if not stat.S_ISDIR(mode):
            raise UnsafePathError(path, f"{part} is not a folder")
    target = f"{target}/{name}"
    mode = mode_of(target)
    if mode is None:
        return None
    if stat.S_ISLNK(mode):
        raise UnsafePathError(path, f"{name} is a symbolic link")
    if not stat.S_ISREG(mode):
        raise UnsafePathError(path, "something other than a file is there")
    return Path(target).read_bytes()


def check_project(project: Path) -> None:
    """Checks that a project's folder is one, or is not there yet.

    Raises:
        UnsafePathError: Something else is there.
    """
    if project.exists() and not project.is_dir():
        raise UnsafePathError(str(project), "it is not a folder")


def check_inside(path: str) -> None:
    """Checks that a relative path with `/` cannot leave the folder it starts in.

    Raises:
        UnsafePathError: It is absolute, has an empty, `.`, `..` or `.git` part, or a
            character that some system takes for a separator or cannot show.
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
    """Checks that no two paths are one file where case does not count.

    Raises:
        UnsafePathError: Two are.
    """
    seen: set[str] = set()
    for path in paths:
        if path.lower() in seen:
            raise UnsafePathError(path, "it would be written twice")
        seen.add(path.lower())


def check_case(project: Path, paths: Iterable[str]) -> None:
    """Checks that no new file is another one where case does not count.

    Raises:
        UnsafePathError: There is a file or folder that differs in case only.
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
    """What is in a folder: names by their lower case; of two, the lower one counts."""
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError:  # there is none, or none that can be looked into
        return {}
    return {name.lower(): name for name in names}


def mode_of(path: Path | str) -> int | None:
    """Returns the kind and mode of what is at a path; None if there is nothing."""
    try:
        return os.lstat(path).st_mode
    except FileNotFoundError:
        return None
