"""`oumi_requirements.txt`: which files of a project hold registered classes.

One path per line, in the format of Oumi's OUMI_EXTRA_DEPS_FILE. The file belongs to the
user: lines are appended and taken out again, and no other is changed.
"""

import codecs
from collections.abc import Iterable

FILE_NAME = "oumi_requirements.txt"


def with_lines(content: bytes | None, paths: Iterable[str]) -> bytes:
    """Returns the content of the file with paths added.

    Args:
        content: The current content; None if the file does not exist.
        paths: The files to list, from the project's folder.
    """
    content = content or b""
    listed = {_path_of(line) for line in content.splitlines()}
    missing = [line for path in paths if (line := path.encode()) not in listed]
    if not missing:
        return content
    newline = b"\r\n" if b"\r\n" in content else b"\n"
    gap = newline if content and not content.endswith(b"\n") else b""
    return content + gap + b"".join(line + newline for line in missing)


def without_lines(content: bytes | None, paths: Iterable[str]) -> bytes | None:
    """Returns the content of the file with paths taken out; None if nothing is left.

    Args:
        content: The current content; None if the file does not exist.
        paths: The files that are not to be listed any more.
    """
    unwanted = {path.encode() for path in paths}
    lines = (content or b"").splitlines(keepends=True)
    return b"".join(line for line in lines if _path_of(line) not in unwanted) or None


def _path_of(line: bytes) -> bytes:
    path = line.removeprefix(codecs.BOM_UTF8).partition(b" #")[0]
    return path.strip().removeprefix(b"./")
