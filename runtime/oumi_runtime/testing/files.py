"""Imports the file of a model or dataset to check."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from oumi_runtime.exceptions import ModelBuildError


def load_file(path: Path) -> ModuleType:
    """Imports a file that need not be listed; it may import from its project."""
    for folder in (path.resolve().parent, *path.resolve().parents):
        if (folder / "oumi_requirements.txt").is_file() and str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location(f"_checked_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ModelBuildError(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
