"""Finds the names that a Python file registers by parsing it.

Nothing is imported or run. Only module-level registrations with literal names are
found; computed names are known only after importing the file.
"""

import ast
import threading
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oumi_runtime.core.registry.registry_type import RegistryType


@dataclass(frozen=True)
class Declaration:
    """A registration found in a file.

    Attributes:
        name: The registered name as it is written.
        type: The kind of thing.
        path: The file.
        line: The line of the registration, from 1.
        class_name: The class or function registered, None where it has no plain name.
    """

    name: str
    type: RegistryType
    path: Path
    line: int
    class_name: str | None


def declarations_in(path: Path) -> list[Declaration]:
    """Returns the registrations in a file, or in every .py file of a folder.

    Args:
        path: A Python file, or a folder that is searched with its subfolders.

    Raises:
        OSError: A file cannot be read.
        SyntaxError: A file is not valid Python.
    """
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path]
    return [found for file in files for found in _declarations_of_file(file)]


@dataclass
class _SourceFile:
    """The cached analysis of a file's text."""

    stamp: tuple[int, int]
    source: bytes
    folded: bytes
    declarations: tuple[Declaration, ...] | None = None


_NAME_KEYWORDS = ("registry_name", "name")
_KIND_KEYWORDS = ("registry_type", "type")
_cache: dict[Path, _SourceFile] = {}
# `catch_warnings` changes state of the whole process.
_parse_lock = threading.Lock()


def mentions(path: Path, name: str) -> bool:
    """Returns whether a file may declare a name, by a text search without parsing.

    Args:
        path: A Python file.
        name: A registered name, in any case, written in one piece.

    Raises:
        OSError: The file cannot be read.
    """
    text = _source_file(path).folded
    # `bytes.lower` knows no letters but those of ASCII.
    return bool(text) and (not name.isascii() or name.lower().encode() in text)


def kinds_given(path: Path, name: str) -> Iterator[tuple[int, str]]:
    """Yields the line of each registration of a name, and its kind as it is written.

    Args:
        path: A Python file.
        name: A registered name, in any case.

    Raises:
        OSError: The file cannot be read.
        SyntaxError: The file is not valid Python.
    """
    for statement in run_on_import(parsed(_source_file(path).source, path).body):
        for call, _ in _calls(statement):
            found = _literal(_argument(call, 0, *_NAME_KEYWORDS)) or ""
            if (
                _last_name(call.func, {}) == "register"
                and found.lower() == name.lower()
            ):
                kind = _argument(call, 1, *_KIND_KEYWORDS)
                yield call.lineno, "" if kind is None else ast.unparse(kind)


def _source_file(path: Path) -> _SourceFile:
    status = path.stat()
    stamp = (status.st_mtime_ns, status.st_size)
    known = _cache.get(path)
    if known is None or known.stamp != stamp:
        source = path.read_bytes()
        # Most files of a package register nothing, and need not be kept.
        source = source if b"register" in source else b""
        known = _cache[path] = _SourceFile(stamp, source, source.lower())
    return known


def _declarations_of_file(path: Path) -> tuple[Declaration, ...]:
    known = _source_file(path)
    if known.declarations is None:
        found = _parse(known.source, path) if known.source else []
        known.declarations = tuple(found)
    return known.declarations


def parsed(source: bytes, path: Path) -> ast.Module:
    """Returns the syntax tree of a file.

    Raises:
        SyntaxError: It is not valid Python.
    """
    try:
        # A warning about the user's code belongs to its import, not to a listing.
        with _parse_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, filename=str(path))
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error), (str(path), 1, None, None)) from error


def _parse(source: bytes, path: Path) -> list[Declaration]:
    statements = list(run_on_import(parsed(source, path).body))
    aliases = {
        alias.asname: alias.name
        for statement in statements
        if isinstance(statement, ast.ImportFrom)
        for alias in statement.names
        if alias.asname
    }
    return [
        Declaration(name, type, path, call.lineno, class_name)
        for statement in statements
        for call, class_name in _calls(statement)
        for name, type in _registered(call, aliases)
    ]


def run_on_import(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yields the statements that an import runs, or may run, in their order."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.With):
            yield from run_on_import(statement.body)
        elif isinstance(statement, ast.If) and not _is_main_guard(statement):
            yield from run_on_import(statement.body + statement.orelse)
        elif isinstance(statement, ast.Try):
            yield from run_on_import(statement.body)
            for handler in statement.handlers:
                yield from run_on_import(handler.body)
            yield from run_on_import(statement.orelse + statement.finalbody)


def _is_main_guard(statement: ast.If) -> bool:
    test = statement.test
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.left, ast.Name)
        and test.left.id == "__name__"
    )


def _calls(statement: ast.stmt) -> Iterator[tuple[ast.Call, str | None]]:
    """Yields each call that may register something, and what it would register."""
    if isinstance(statement, ast.ClassDef | ast.FunctionDef):
        for decorator in statement.decorator_list:
            if isinstance(decorator, ast.Call):
                yield decorator, statement.name
    elif isinstance(statement, ast.Expr | ast.Assign):
        call = statement.value
        if not isinstance(call, ast.Call):
            return
        if isinstance(call.func, ast.Call):  # register("Net", MODEL)(Net)
            yield call.func, _plain_name(_argument(call, 0))
        elif isinstance(call.func, ast.Attribute):  # REGISTRY.register(..., Net)
            value = _argument(call, 2, "value")
            if value is not None:
                yield call, _plain_name(value)


def _registered(
    call: ast.Call, aliases: dict[str, str]
) -> Iterator[tuple[str, RegistryType]]:
    """Yields the name and kind that a call registers, or nothing."""
    function = _last_name(call.func, aliases)
    name = _literal(_argument(call, 0, *_NAME_KEYWORDS))
    if not name:
        return
    if function == "register":
        kind = _argument(call, 1, *_KIND_KEYWORDS)
        if (
            isinstance(kind, ast.Attribute)
            and _last_name(kind.value, aliases) == "RegistryType"
            and kind.attr in RegistryType.__members__
        ):
            yield name, RegistryType[kind.attr]
    elif function == "register_dataset":
        subset = _argument(call, 1, "subset")
        if subset is None or isinstance(subset, ast.Constant):
            yield dataset_key(name, _literal(subset)), RegistryType.DATASET


def dataset_key(name: str, subset: str | None) -> str:
    """Returns the name that a dataset, or one subset of it, is registered under."""
    return f"{name}/{subset}" if subset else name


def _argument(call: ast.Call, position: int, *keywords: str) -> ast.expr | None:
    if len(call.args) > position:
        return call.args[position]
    return next((k.value for k in call.keywords if k.arg in keywords), None)


def _literal(node: ast.expr | None) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return str(node.value) if is_text else None  # type: ignore[union-attr]


def _plain_name(node: ast.expr | None) -> str | None:
    return node.id if isinstance(node, ast.Name) else None


def _last_name(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """Returns `c` for `a.b.c`, with a renaming import undone."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return aliases.get(node.id, node.id) if isinstance(node, ast.Name) else None
