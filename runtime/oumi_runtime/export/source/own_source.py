"""The source of a user's model, with imports that work without this package.

An import of the user's project becomes one of a file beside it, and registrations are
left out. What cannot be carried along so is an error, with the line.
"""

import ast
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from oumi_runtime.core.models.base_model import BaseModel
from oumi_runtime.exceptions import ExportSourceError
from oumi_runtime.export.source.edits import SourceEdits
from oumi_runtime.export.source.needed_statements import Statements, needed_statements

PACKAGE = "oumi_runtime"
_REGISTRY = f"{PACKAGE}.core.registry"
# What of ours needs nothing else of ours than this, and a base class.
_CARRIED = (f"{PACKAGE}.models", f"{PACKAGE}.core.models.standard_scaler")


@dataclass
class OwnSource:
    """One file to carry along.

    Attributes:
        module: The module, imported.
        roots: The names in it that are needed.
        project: The folder whose files are carried along; None for no other file.
        file_of: Returns the name of the file, without suffix, that another module is
            carried as, and makes sure that it is.
    """

    module: ModuleType
    roots: set[str]
    project: Path | None
    file_of: Callable[[ModuleType, str], str]
    _edits: SourceEdits = field(init=False)

    def rewritten(self) -> str:
        """Returns the text of the file.

        Raises:
            ExportSourceError: It imports something that cannot be carried along.
        """
        text = Path(self._path).read_text(encoding="utf-8")
        self._edits = SourceEdits(text)
        tree = ast.parse(text)
        statements = needed_statements(tree, self.roots, self._is_registration)
        for node in statements.dropped:
            self._edits.drop_definition(node)
        for node in statements.kept:
            decorators: list[ast.expr] = getattr(node, "decorator_list", [])
            for each in filter(self._is_registration, decorators):
                self._edits.drop_lines(each.lineno, each.end_lineno or each.lineno)
            for child in ast.walk(node):
                if isinstance(child, ast.Import | ast.ImportFrom):
                    self._rewrite(child, statements)
        return self._edits.result()

    @property
    def _path(self) -> str:
        return str(self.module.__file__)

    def _is_registration(self, node: ast.expr) -> bool:
        """Whether a decorator, or a call, registers something of ours."""
        while isinstance(node, ast.Call):
            node = node.func
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.insert(0, node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return False
        value: Any = vars(self.module).get(node.id)
        for part in parts:
            value = getattr(value, part, None)
        owner = getattr(value, "__self__", value)
        home = getattr(owner, "__module__", None) or type(owner).__module__
        return callable(value) and home.startswith(_REGISTRY)

    def _rewrite(
        self, node: ast.Import | ast.ImportFrom, statements: Statements
    ) -> None:
        """Replaces an import, if it is of ours or of the project, or not needed."""
        bound = {alias.asname or alias.name.split(".")[0] for alias in node.names}
        name = self._imported(node)
        is_of_ours = name.split(".")[0] == PACKAGE
        if not is_of_ours and not self._is_in_project(name):
            if bound <= statements.unused:
                self._edits.replace(node, [])
            return
        if isinstance(node, ast.Import):
            if bound & statements.used:
                self._refuse(node, f"import names: from {name} import ...")
            self._edits.replace(node, [])
            return
        lines = [
            line
            for alias in node.names
            if alias.name == "*" or (alias.asname or alias.name) in statements.used
            for line in self._import_of(node, name, alias)
        ]
        self._edits.replace(node, lines)

    def _imported(self, node: ast.Import | ast.ImportFrom) -> str:
        """Returns the whole name of the module that is imported."""
        if isinstance(node, ast.Import):
            return node.names[0].name
        name = node.module or ""
        if not node.level:
            return name
        package = getattr(self.module, "__package__", None) or ""
        return importlib.util.resolve_name("." * node.level + name, package)

    def _import_of(
        self, node: ast.ImportFrom, name: str, alias: ast.alias
    ) -> list[str]:
        """Returns the import of one name from a file beside this one."""
        module = sys.modules.get(name)
        if module is None:
            return []  # Only for type checkers, since it has never been imported.
        if alias.name == "*":
            self._refuse(node, "import names in place of *")
        value = getattr(module, alias.name, None)
        if isinstance(value, ModuleType):
            self._refuse(node, f"import names: from {value.__name__} import ...")
        given = alias.name
        if name.split(".")[0] == PACKAGE and value is not BaseModel:
            module = sys.modules.get(getattr(value, "__module__", ""), module)
            given = getattr(value, "__name__", given)
            home = module.__name__
            if home.startswith(_REGISTRY):
                self._refuse(node, "use it to register the class, and no more")
            if not home.startswith(_CARRIED):
                self._refuse(node, "write what you need of it in the model's own file")
        file = "base_model" if value is BaseModel else self.file_of(module, given)
        local = alias.asname or alias.name
        renamed = f" as {local}" if local != given else ""
        return [f"from .{file} import {given}{renamed}"]

    def _is_in_project(self, name: str) -> bool:
        """Whether a module is a file of the user's project."""
        module = sys.modules.get(name)
        if self.project is None or module is None:
            return False
        paths = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
        found = next((Path(path).resolve() for path in paths if path), None)
        return (
            found is not None
            and found.is_relative_to(self.project)
            and not {"site-packages", "dist-packages"} & {*found.parts}
        )

    def _refuse(self, node: ast.stmt, remedy: str) -> None:
        statement = ast.unparse(node)
        raise ExportSourceError(
            f"{self._path}:{node.lineno}: {statement!r} cannot be carried along with "
            f"the model; {remedy}"
        )
