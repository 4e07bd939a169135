"""Tells JSON lines from a JSON list, and finds the line that Arrow cannot read."""

import json
from collections.abc import Collection, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any


def begins_a_list(path: Path) -> bool:
    """Whether a file is one JSON list, rather than an object per line."""
    with path.open("rb") as file:
        return file.read(1024).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


def first_bad_line(
    path: Path, num_good: int, first: Mapping[str, Any], as_text: Collection[str]
) -> str | None:
    """Describes the first row that cannot be read; returns None if all can.

    Args:
        path: The file.
        num_good: How many rows are known to be good.
        first: The values of the first row, which others have to be like; of the first
            one searched if it is empty.
        as_text: The columns that hold texts.
    """
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        lines = ((n, line) for n, line in enumerate(file, 1) if line.strip())
        for row, (number, line) in enumerate(islice(lines, num_good, None), num_good):
            where = f"{path}:{number}"
            try:
                values = json.loads(line)
            except (ValueError, RecursionError) as error:
                return f"{where} is not JSON: {error}"
            if not isinstance(values, dict):
                return f"{where}: row {row + 1} is not a JSON object"
            first = first or values
            for mistake in _mistakes(values, first, as_text):
                return f"{where}: row {row + 1}: {mistake}"
    return None


def _mistakes(
    values: dict[str, Any], first: Mapping[str, Any], as_text: Collection[str]
) -> Iterator[str]:
    for name, value in values.items():
        if name in as_text and not isinstance(value, str | None):
            yield f"{name!r} is {value!r:.40}, not text"
        elif not _is_alike(value, first.get(name)):
            yield f"{name!r} is {value!r:.40}, where others have {first[name]!r:.40}"


def _is_alike(value: Any, other: Any) -> bool:
    """Whether two values may occur in the same column."""
    if value is None or other is None:
        return True
    numbers = (int, float)
    if isinstance(value, bool) or isinstance(other, bool):
        return isinstance(value, bool) and isinstance(other, bool)
    if isinstance(value, numbers) and isinstance(other, numbers):
        return isinstance(other, float) or isinstance(value, int)
    return type(value) is type(other)
