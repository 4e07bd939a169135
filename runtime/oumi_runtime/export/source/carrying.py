"""Collects the files that a model's class is made of."""

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

from torch import nn

from oumi_runtime.core.registry.discovery import LIST_FILENAME
from oumi_runtime.exceptions import ExportSourceError
from oumi_runtime.export import carried
from oumi_runtime.export.source.own_source import PACKAGE, OwnSource

BASE_MODEL = "base_model"


@dataclass
class CarriedFiles:
    """The files of a model, and where its class is among them."""

    main: str
    """The module of the class."""
    class_name: str
    files: dict[str, str] = field(default_factory=dict)
    """The text of each file by its name, such as `my_net.py`."""


def carry(model_class: type[nn.Module], taken: set[str]) -> CarriedFiles:
    """Reads the source of a class, and of all that it imports from its project.

    Args:
        model_class: The class.
        taken: Names of modules that the files must not have.

    Raises:
        ExportSourceError: There is no source, or something in it cannot be carried.
    """
    name = model_class.__qualname__
    module = sys.modules.get(model_class.__module__)
    path = getattr(module, "__file__", None)
    if module is None or path is None or vars(module).get(name) is not model_class:
        raise ExportSourceError(
            f"{name} cannot be carried along: it is not a class of a Python file; "
            "define it at the top level of one"
        )
    project = _project_of(module, Path(path).resolve())
    roots: dict[ModuleType, set[str]] = {module: {name}}
    names: dict[ModuleType, str] = {}

    def file_of(other: ModuleType, wanted: str) -> str:
        if other not in names:
            names[other] = _free_name(other, {BASE_MODEL, *taken, *names.values()})
        roots.setdefault(other, set()).add(wanted)
        return names[other]

    main = file_of(module, name)
    files: dict[str, str] = {}
    done: dict[ModuleType, int] = {}
    # Again where a file turns out to need more of another.
    while waiting := [m for m in roots if done.get(m) != len(roots[m])]:
        for each in waiting:
            done[each] = len(roots[each])
            source = OwnSource(each, roots[each], project, file_of)
            files[f"{names[each]}.py"] = source.rewritten()
    if any(f"from .{BASE_MODEL} import" in text for text in files.values()):
        files[f"{BASE_MODEL}.py"] = text_of(BASE_MODEL)
    return CarriedFiles(main, name, files)


def text_of(module: str) -> str:
    """Returns the text of a file of `carried`."""
    path = Path(str(carried.__file__)).with_name(f"{module}.py")
    return path.read_text(encoding="utf-8")


def _project_of(module: ModuleType, path: Path) -> Path | None:
    """Returns the folder of the files that belong to a model."""
    if module.__name__.split(".")[0] == PACKAGE:
        return None
    for folder in path.parents:
        if (folder / LIST_FILENAME).is_file():
            return folder
    depth = module.__name__.count(".") if module.__package__ else 0
    return path.parents[depth]


def _free_name(module: ModuleType, taken: set[str]) -> str:
    """Returns a name for a module's file that no other has."""
    path = Path(str(module.__file__))
    stem = path.parent.name if path.stem == "__init__" else path.stem
    stem = re.sub(r"\W", "_", stem)
    stem = f"_{stem}" if stem[:1].isdigit() else stem
    names = [stem, *(f"{stem}_{number}" for number in range(2, 1000))]
    return next(each for each in names if each not in taken)
