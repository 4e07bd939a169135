"""Imports users' files under unique module names.

The names are derived from the paths, so that a file called `json.py` does not shadow
the standard library, and two files called `model.py` do not shadow each other.
"""

import hashlib
import importlib.util
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType


def module_name(path: Path) -> str:
    """Returns the module name of a user's file: the same one for the same path."""
    digest = hashlib.sha256(str(path).encode()).hexdigest()[:12]
    # Without a dot, because unpickling a class imports the parents of its module.
    return f"_oumi_user_{re.sub(r'[^a-zA-Z0-9_]', '_', path.stem)}_{digest}"


def load_file(path: Path, project: Path) -> ModuleType:
    """Imports a file, again if it was imported before.

    Args:
        path: The file, absolute.
        project: The folder of the list file that names it. While the file is being
            imported, it may import from this folder and from its own.

    Raises:
        BaseException: Whatever the file raises; nothing stays in `sys.modules` then.
    """
    name = module_name(path)
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is not a Python file", path=str(path))
    module = importlib.util.module_from_spec(spec)
    # In place before it runs, as for any import: dataclasses and pickle look here.
    sys.modules[name] = module
    try:
        with _importable(project, path.parent):
            spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


@contextmanager
def _importable(*folders: Path) -> Iterator[None]:
    # At the end, so that a user's file never hides an installed package.
    added = [str(f) for f in dict.fromkeys(folders) if str(f) not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for folder in added:
            if folder in sys.path:
                sys.path.remove(folder)
