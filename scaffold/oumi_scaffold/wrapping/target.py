"""What `wrap` is pointed at: a class, and how generated code will import it.

Nothing is imported here. A module is found as Python would find it, and its text says
whether it has the class.
"""

import ast
import importlib.util
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import NamedTuple

from oumi_scaffold.exceptions import UnknownChoiceError, WrapError, shown

_FORM = "write PACKAGE.MODULE:CLASS or path/to/file.py:CLASS"


class Target(NamedTuple):
    """A class, or a function that returns a module, by where it can be imported.

    `is_own` is whether ruff takes the module for one of the project, not an installed
    one.
    """

    module: str
    name: str
    is_own: bool

    def __str__(self) -> str:
        """Returns the target as the command line takes it."""
        return f"{self.module}:{self.name}"


def find_target(text: str, project: Path) -> Target:
    """Finds what a command line names.

    Args:
        text: A module or a file, a colon, and a name in it.
        project: The folder whose generated code will import it.

    Raises:
        WrapError: It is not of that form, is not there, or generated code could not
            import it.
        UnknownChoiceError: The module has no such class.
    """
    where, colon, name = text.rpartition(":")
    if not colon or not where or not name.isidentifier():
        raise WrapError(text, _FORM)
    if where.endswith(".py") or "/" in where:
        file = Path(where)
        if not file.is_file():
            raise WrapError(text, f"there is no file {where}")
        module = _importable_name(file.resolve(), project.resolve(), text)
    else:
        module = where
        if not all(part.isidentifier() for part in where.split(".")):
            raise WrapError(text, _FORM)
        found = _spec_of(module, project)
        if found is None:
            raise WrapError(
                text,
                f"there is no module {module}: give one that is installed or in "
                f"{project.resolve()}, or the path of a file",
            )
        file = Path(found.origin or "")
    _check_name(file, name, text)
    return Target(module, name, _is_own(module.partition(".")[0], project))


@contextmanager
def importable(project: Path) -> Generator[None]:
    """Lets modules of the project be imported, as the runtime's registry does."""
    folder = str(project.resolve())
    is_added = folder not in sys.path
    if is_added:
        sys.path.append(folder)
    try:
        yield
    finally:
        if is_added:
            sys.path.remove(folder)


def _importable_name(file: Path, project: Path, text: str) -> str:
    """Returns the name by which the project imports a file."""
    names = [_name_in_package(file)]
    if file.is_relative_to(project):
        names.append(_dotted(file.relative_to(project)))
    problem = ""
    for name in dict.fromkeys(names):
        if not all(part.isidentifier() for part in name.split(".")):
            problem = f"{name} is not a name that Python can import: rename the file"
            continue
        spec = _spec_of(name, project)
        if spec is not None and Path(spec.origin or "").resolve() == file:
            return name
        if spec is not None:
            hidden = spec.origin or "a built-in module"
            problem = f"import {name} gives {hidden}: rename the file"
    raise WrapError(
        text,
        problem
        or f"the project in {project} cannot import it: move it there, or install its "
        "package, with pip install -e for instance",
    )


def _name_in_package(file: Path) -> str:
    """Returns the name of a file from the folder that holds its outermost package."""
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder != folder.parent:
        folder = folder.parent
    return _dotted(file.relative_to(folder))


def _dotted(path: Path) -> str:
    parts = path.with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" and parts[1:] else parts)


def _spec_of(module: str, project: Path) -> ModuleSpec | None:
    """Finds a module without importing the packages around it."""
    first, *rest = module.split(".")
    spec: ModuleSpec | None = None
    with importable(project), suppress(ValueError, ImportError):
        importlib.invalidate_caches()
        spec = importlib.util.find_spec(first)
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        # By its last name: a nested namespace asks its parent, which is not loaded.
        spec = PathFinder.find_spec(part, list(spec.submodule_search_locations))
    return spec


def _is_own(package: str, project: Path) -> bool:
    places = (project, project / "src")
    return any(
        (p / package).is_dir() or (p / f"{package}.py").is_file() for p in places
    )


def _check_name(file: Path, name: str, text: str) -> None:
    if file.suffix != ".py" or not file.is_file():
        return
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        reason = f"{file}:{line} cannot be parsed: {getattr(error, 'msg', error)}"
        raise WrapError(text, reason) from error
    names = set(_bound_names(tree))
    if name not in names and not {"*", "__getattr__"} & names:
        classes = [
            node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)
        ]
        if not classes:
            raise WrapError(text, f"{file} has no class {shown(name)}, and no other")
        raise UnknownChoiceError("class", name, classes, str(file))


def _bound_names(tree: ast.Module) -> Iterator[str]:
    """Yields every name that the module binds, or a function in it."""
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name):
                yield name
            case ast.alias(name=name, asname=asname):
                yield asname or name.partition(".")[0]
            case ast.Name(id=name, ctx=ast.Store()):
                yield name
            case _:
                pass
