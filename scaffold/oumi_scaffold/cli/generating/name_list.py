"""The file of `--from-file`: one name a line."""

from pathlib import Path

from oumi_scaffold.exceptions import NameListError, ScaffoldError
from oumi_scaffold.request.names import check_name, module_name

_MOST_NAMES = 10_000


def read_names(path: Path) -> list[str]:
    """Returns the names of models in a file; what follows a `#` is a comment.

    Raises:
        NameListError: A line is not a valid name, or repeats one; or there is none.
    """
    try:
        lines = path.read_bytes().decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise NameListError(str(path), 1, f"it is not UTF-8: {error}") from error
    seen: dict[str, int] = {}
    names: list[str] = []
    for number, line in enumerate(lines, start=1):
        name = line.partition("#")[0].strip()
        if not name:
            continue
        try:
            check_name(name)
        except ScaffoldError as error:
            raise NameListError(str(path), number, str(error)) from error
        first = seen.setdefault(module_name(name), number)
        if first != number:
            reason = f"{name} would have the same file as line {first}"
            raise NameListError(str(path), number, reason)
        names.append(name)
    if not names:
        raise NameListError(str(path), 1, "it holds no name; write one a line")
    if len(names) > _MOST_NAMES:
        reason = f"it holds more than {_MOST_NAMES:,} names; split it"
        raise NameListError(str(path), len(lines), reason)
    return names
