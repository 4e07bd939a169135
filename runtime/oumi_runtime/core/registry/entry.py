"""A registry entry: the value, where it was registered, and what may replace it."""

import os
import sys
from dataclasses import dataclass
from typing import Any

_PACKAGE = f"{__name__.partition('.')[0]}."


@dataclass(frozen=True)
class Entry:
    """A registered value, with the path, line and module of its registration."""

    name: str
    value: Any
    path: str
    line: int
    module: str = ""

    @property
    def identity(self) -> tuple[str, str]:
        """The module and the qualified name of the value.

        A `functools.partial`, or another object without a name, is known by its type
        and by the module that registers it.
        """
        if hasattr(self.value, "__qualname__"):
            return self.value.__module__, self.value.__qualname__
        return self.module, type(self.value).__qualname__

    @property
    def is_built_in(self) -> bool:
        """Whether a module of this package has registered it."""
        return self.module.startswith(_PACKAGE)

    def __str__(self) -> str:
        return f"{self.identity[1]} at {self.path}:{self.line}"

    def replaces(self, other: "Entry") -> bool:
        """Whether this is a redefinition of the other entry.

        This happens when a notebook cell runs twice, a module is reloaded, or a file is
        both run as a program and imported.
        """
        (module, qualname), (its_module, its_qualname) = self.identity, other.identity
        same_file = self.path == other.path and not self.path.startswith("<")
        return self.value is other.value or (
            qualname == its_qualname
            and (
                module == its_module or "__main__" in (module, its_module) or same_file
            )
        )

    def goes_before(self, later: "Entry") -> bool:
        """Whether a program's own class stays, though one of its name comes later.

        That is so for a class like a built-in one, which is registered only when
        something of the package is first used.
        """
        (module, qualname), (its_module, its_qualname) = self.identity, later.identity
        return (
            module == "__main__" != its_module
            and qualname == its_qualname
            and self.path != later.path
        )


def place_of_caller() -> tuple[str, int, str]:
    """Returns the file, line and module of the code that called into the registry."""
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").startswith(__package__):
        frame = frame.f_back
    path = frame.f_code.co_filename
    path = path if path.startswith("<") else os.path.realpath(path)
    return path, frame.f_lineno, frame.f_globals.get("__name__", "")
