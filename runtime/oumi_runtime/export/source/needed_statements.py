"""Which top-level statements of a file a class needs, and which are only beside it.

A file may also register datasets or callbacks, which take libraries and other files
that the model does not.
"""

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Statements:
    """The top-level statements of a file."""

    kept: list[ast.stmt]
    dropped: list[ast.stmt]
    used: set[str]
    """The names that what is kept refers to, other than to register something."""
    unused: set[str]
    """The names that only what is dropped refers to."""


def needed_statements(
    tree: ast.Module, roots: set[str], is_registration: Callable[[ast.expr], bool]
) -> Statements:
    """Divides the statements of a file.

    Dropped are registered classes and functions that nothing else uses, and others that
    only these use, registrations by a call, and what runs only if the file is the
    program.

    Args:
        tree: The file.
        roots: The names to keep in any case.
        is_registration: Whether a decorator or call registers something.
    """
    kept: list[ast.stmt] = []
    dropped: list[ast.stmt] = []
    for node in tree.body:
        registers = any(map(is_registration, _decorators(node)))
        is_beside = registers and getattr(node, "name", None) not in roots
        if _is_main_block(node) or _is_registering_call(node, is_registration):
            is_beside = True
        (dropped if is_beside else kept).append(node)
    used = _names_in(kept, is_registration)
    while more := [node for node in dropped if getattr(node, "name", None) in used]:
        kept += more
        dropped = [node for node in dropped if node not in more]
        used = _names_in(kept, is_registration)
    while more := _used_by_dropped_alone(kept, dropped, roots, is_registration):
        dropped += more
        kept = [node for node in kept if node not in more]
    used = _names_in(kept, is_registration)
    unused = _names_in(dropped, lambda node: False) - used
    return Statements(kept, dropped, used, unused)


def _used_by_dropped_alone(
    kept: list[ast.stmt],
    dropped: list[ast.stmt],
    roots: set[str],
    is_registration: Callable[[ast.expr], bool],
) -> list[ast.stmt]:
    """Returns classes and functions, such as a base of the dropped classes."""
    names = _names_in(dropped, is_registration) - roots
    return [
        node
        for node in kept
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        and node.name in names
        and node.name
        not in _names_in([each for each in kept if each is not node], is_registration)
    ]


def _names_in(
    nodes: Iterable[ast.AST], is_registration: Callable[[ast.expr], bool]
) -> set[str]:
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            found.add(node.id)
        registering = [*filter(is_registration, _decorators(node))]
        waiting += [n for n in ast.iter_child_nodes(node) if n not in registering]
    return found


def _decorators(node: ast.AST) -> list[ast.expr]:
    found: list[ast.expr] = getattr(node, "decorator_list", [])
    return found


def _is_registering_call(
    node: ast.stmt, is_registration: Callable[[ast.expr], bool]
) -> bool:
    return isinstance(node, ast.Expr) and is_registration(node.value)


def _is_main_block(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and any(
        isinstance(each, ast.Name) and each.id == "__name__"
        for each in ast.walk(node.test)
    )
