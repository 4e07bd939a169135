"""Shows an error in the user's own code with the traceback from there on."""

import importlib.util
import os
import sys
import sysconfig
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_LOADED = "_oumi_user_"  # the prefix of modules that the registry loads
_PACKAGES = ("oumi_scaffold", "oumi_templates", "oumi_runtime")


def users_part(error: BaseException) -> TracebackType | None:
    """Returns the traceback from the user's first file on; None if there is none.

    A user's file is one that the registry has loaded, or one below the working folder
    that is neither ours nor installed.
    """
    others = tuple(_folders_of_others())
    part = error.__traceback__
    while part is not None and not _is_users(part, others):
        part = part.tb_next
    return part


def print_users_error(error: BaseException, part: TracebackType) -> str:
    """Prints an error as if only the user's files had run.

    Returns:
        A line that names the user's file and the error.
    """
    shown = traceback.TracebackException(type(error), error, part)
    print("".join(shown.format()), end="", file=sys.stderr)
    path = os.path.relpath(part.tb_frame.f_code.co_filename)
    return f"{path}:{part.tb_lineno} raised {type(error).__name__}, see above"


def _is_users(part: TracebackType, others: tuple[Path, ...]) -> bool:
    if str(part.tb_frame.f_globals.get("__name__")).startswith(_LOADED):
        return True
    path = Path(part.tb_frame.f_code.co_filename)
    if not path.is_absolute() or not path.is_relative_to(Path.cwd()):
        return False
    return not any(path.is_relative_to(folder) for folder in others)


def _folders_of_others() -> Iterator[Path]:
    for name in _PACKAGES:
        spec = importlib.util.find_spec(name)
        for folder in (spec and spec.submodule_search_locations) or ():
            yield Path(folder)
    for name in ("stdlib", "platstdlib", "purelib", "platlib", "scripts"):
        yield Path(sysconfig.get_path(name))
