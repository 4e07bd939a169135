r"""Merges two changes of a text, by `git merge-file`, which needs no repository.

Its merges are the ones that users know. Everything is in bytes, with `\n` line ends.
"""

import difflib
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import MergeError

_YOURS, _TEMPLATES = "yours", "the template's"
_START, _MIDDLE, _END = b"<<<<<<< yours", b"=======", b">>>>>>> the template's"
_MARKER = b"<<<<<<< "
_FAILED = 128


class Merge(NamedTuple):
    """A merged text; conflicts are in it, between markers.

    `lines` are the lines of the user's text, from 1, in which conflicts begin, and
    `marker_lines` those of the merged text.
    """

    content: bytes
    lines: tuple[int, ...] = ()
    marker_lines: tuple[int, ...] = ()


def merged(base: bytes, yours: bytes, new: bytes) -> Merge:
    """Merges the user's changes and the template's.

    Args:
        base: The text that both have changed.
        yours: The user's text.
        new: The template's text.

    Raises:
        MergeError: There is no git, or it cannot merge these.
    """
    content = _merge_file(base, yours, new)
    lines = content.splitlines(keepends=True)
    resolved, starts = _as_yours(lines)
    if not starts:
        return Merge(content)
    places = _places(resolved, yours.splitlines(keepends=True), starts)
    markers = [n for n, line in enumerate(lines, 1) if line.rstrip() == _START]
    return Merge(content, tuple(places), tuple(markers))


def first_marker(content: bytes) -> int | None:
    """Returns the line of the first conflict marker that was left in a text."""
    lines = enumerate(content.splitlines(), start=1)
    return next((n for n, line in lines if line.startswith(_MARKER)), None)


def _merge_file(base: bytes, yours: bytes, new: bytes) -> bytes:
    # A user's settings may ask for another style of markers.
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    quiet = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}
    labels = ["-L", _YOURS, "-L", "as generated", "-L", _TEMPLATES]
    with tempfile.TemporaryDirectory(prefix="oumi-scaffold-") as folder:
        names = ("yours", "base", "new")
        for name, content in zip(names, (yours, base, new), strict=True):
            Path(folder, name).write_bytes(content)
        try:
            done = subprocess.run(
                ["git", "merge-file", "-p", *labels, *names],
                cwd=folder,
                env=inherited | quiet | {"GIT_CEILING_DIRECTORIES": folder},
                capture_output=True,
                check=False,
            )
        except FileNotFoundError as error:
            raise MergeError("git is not installed") from error
    if not 0 <= done.returncode < _FAILED:
        said = done.stderr.decode(errors="replace").strip()
        raise MergeError(said or f"git ended with {done.returncode}")
    return done.stdout


def _as_yours(lines: Sequence[bytes]) -> tuple[list[bytes], list[int]]:
    """Resolves conflicts for the user; returns where in the result they begin."""
    resolved: list[bytes] = []
    starts: list[int] = []
    is_yours = True
    for line in lines:
        match line.rstrip():
            case marker if marker == _START:
                starts.append(len(resolved))
            case marker if marker == _MIDDLE and starts:
                is_yours = False
            case marker if marker == _END:
                is_yours = True
            case _ if is_yours:
                resolved.append(line)
            case _:
                pass
    return resolved, starts


def _places(
    resolved: Sequence[bytes], yours: Sequence[bytes], starts: Sequence[int]
) -> list[int]:
    """Returns where the conflicts are in the user's text, which has fewer changes."""
    matcher = difflib.SequenceMatcher(None, resolved, yours, autojunk=False)
    blocks = matcher.get_matching_blocks()
    places: list[int] = []
    for start in starts:
        before = [block for block in blocks if block.a <= start]
        place = 0
        if before:
            place = before[-1].b + min(start - before[-1].a, before[-1].size)
        places.append(min(place + 1, max(len(yours), 1)))
    return places
