"""Entry points in pyproject.toml: how others find the models of an installed project.

The file belongs to the user: lines are added to it and taken out again, and no other is
changed. That is done only where a table of such entry points is there: a project that
nobody installs stays as it is.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

MODELS, DATASETS = "oumi_runtime.models", "oumi_runtime.datasets"
"""The groups; the runtime looks for a name in that of its kind."""

_TABLE = re.compile(r"""\s*\[project\.entry-points\.["'](?P<group>[^"']+)["']\]""")
_ANY_TABLE = re.compile(r"\s*\[")
_POINT = re.compile(r"""\s*["']?(?P<name>[\w.-]+)["']?\s*=\s*["'](?P<place>[^"']*)""")


def place_of(class_file: str, class_name: str) -> str | None:
    """Returns where an installed project has a class; None if that is nowhere.

    Args:
        class_file: The file, from the project's folder.
        class_name: The class.
    """
    parts = PurePosixPath(class_file).with_suffix("").parts
    inside = parts[1:] if parts[0] == "src" else parts
    is_package = len(inside) > 1 and all(part.isidentifier() for part in inside)
    return f"{'.'.join(inside)}:{class_name}" if is_package else None


def with_points(content: bytes, group: str, points: Mapping[str, str]) -> bytes:
    """Returns the content of pyproject.toml with entry points added.

    Args:
        content: The current content.
        group: The group; its table is added where the other group has one.
        points: The places of classes, by the names that they are registered under.
    """
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    tables = _tables(lines)
    if not tables.keys() & {MODELS, DATASETS}:
        return content
    newline = "\r\n" if b"\r\n" in content else "\n"
    start, end = tables.get(group) or max(tables[g] for g in tables)
    known = {m["name"] for line in lines[start:end] if (m := _POINT.match(line))}
    added = [f'{n} = "{p}"{newline}' for n, p in points.items() if n not in known]
    if group not in tables:
        added = [newline, f'[project.entry-points."{group}"]{newline}', *added]
    if added and not lines[end - 1].endswith("\n"):
        lines[end - 1] += newline
    return _checked(content, [*lines[:end], *added, *lines[end:]])


def without_files(content: bytes, removed: Iterable[str]) -> bytes:
    """Returns the content of pyproject.toml without the entry points of files.

    Args:
        content: The current content.
        removed: The files, from the project's folder.
    """
    modules = {place.rstrip(":") for path in removed if (place := place_of(path, ""))}
    lines = content.decode("utf-8", "surrogateescape").splitlines(keepends=True)
    tables = _tables(lines)
    dropped = {
        number
        for start, end in tables.values()
        for number in range(start, end)
        if (found := _POINT.match(lines[number]))
        and found["place"].partition(":")[0] in modules
    }
    for start, end in tables.values():
        # One table stays, which says that the project's classes are found by others.
        is_empty = end - start > 1 and dropped.issuperset(range(start + 1, end))
        if is_empty and len(tables) > 1:
            is_apart = start > 0 and not lines[start - 1].strip()
            dropped |= {start, start - 1} if is_apart else {start}
            break
    rest = [line for number, line in enumerate(lines) if number not in dropped]
    return _checked(content, rest)


def _tables(lines: list[str]) -> dict[str, tuple[int, int]]:
    """Returns the lines of each table of ours, from its header to its last entry."""
    tables: dict[str, tuple[int, int]] = {}
    group = None
    for number, line in enumerate(lines):
        if _ANY_TABLE.match(line):
            header = _TABLE.match(line)
            group = header["group"] if header else None
            if group in (MODELS, DATASETS):
                tables[group] = number, number + 1
        elif group in tables and _POINT.match(line):
            tables[group] = tables[group][0], number + 1
    return tables


def _checked(before: bytes, lines: list[str]) -> bytes:
    """Returns the new content; the one before if anything else in it would change."""
    after = "".join(lines).encode("utf-8", "surrogateescape")
    try:
        return after if _without_ours(before) == _without_ours(after) else before
    except ValueError:  # It is no TOML, or not UTF-8.
        return before


def _without_ours(content: bytes) -> dict[str, Any]:
    document = tomllib.loads(content.decode("utf-8-sig"))
    points = document.get("project", {}).get("entry-points", {})
    for group in (MODELS, DATASETS):
        points.pop(group, None)
    return document
