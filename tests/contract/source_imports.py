"""Who imports whom, read from the source text: nothing is imported to find out."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

ROOT = Path(__file__).parents[2]
AREAS = {
    "oumi_runtime": ROOT / "runtime",
    "oumi_scaffold": ROOT / "scaffold",
    "oumi_templates": ROOT / "templates",
}


class When(Enum):
    """When an import is carried out."""

    LOADING = "when its module is imported"
    CALLED = "when its function is called"
    CHECKING = "never: for type checkers only"


@dataclass(frozen=True)
class Import:
    """One import of one module."""

    importer: str
    imported: str
    when: When
    line: int

    def __str__(self) -> str:
        return f"{self.importer}:{self.line} imports {self.imported}"


def modules_of(package: str) -> dict[str, Path]:
    """Returns the modules of one of our packages, by dotted name."""
    top = AREAS[package]
    found: dict[str, Path] = {}
    for path in sorted((top / package).rglob("*.py")):
        parts = path.relative_to(top).with_suffix("").parts
        # What is below a template's folder is text, not a module of ours.
        if all(part.isidentifier() for part in parts) and not _is_template(path):
            found[".".join(p for p in parts if p != "__init__")] = path
    return found


def imports_of(modules: Mapping[str, Path]) -> list[Import]:
    """Returns every import in the modules; relative ones start with a dot."""
    known = {name for package in AREAS for name in modules_of(package)} | set(modules)
    return [
        Import(name, imported, when, line)
        for name, path in modules.items()
        for imported, when, line in _read(ast.parse(path.read_text()), known)
    ]


def is_within(module: str, *packages: str) -> bool:
    """Whether a module is one of the packages, or in one."""
    return any(module == p or module.startswith(f"{p}.") for p in packages)


def _is_template(path: Path) -> bool:
    return any((parent / "cookiecutter.json").exists() for parent in path.parents)


def _read(
    node: ast.AST, known: set[str], when: When = When.LOADING
) -> Iterator[tuple[str, When, int]]:
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Import():
                for alias in child.names:
                    yield alias.name, when, child.lineno
            case ast.ImportFrom():
                base = "." * child.level + (child.module or "")
                for alias in child.names:
                    inner = f"{base}.{alias.name}"
                    yield inner if inner in known else base, when, child.lineno
            case ast.If() if "TYPE_CHECKING" in ast.unparse(child.test):
                checked = ast.Module(child.body, [])
                yield from _read(checked, known, When.CHECKING)
                yield from _read(ast.Module(child.orelse, []), known, when)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                yield from _read(child, known, When.CALLED)
            case _:
                yield from _read(child, known, when)
