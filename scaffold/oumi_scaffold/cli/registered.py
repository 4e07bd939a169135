"""Which names are registered, learnt from the text of files.

The runtime's registry reads the files; neither the runtime's own classes nor the user's
are imported, and so neither is torch.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

BUILT_IN = "built-in"
PROJECT = "project"

Kind = Literal["models", "datasets"]


@dataclass(frozen=True)
class Registered:
    """One registered name, and where it stands."""

    name: str
    class_name: str
    origin: str
    path: Path
    line: int


def registered(kind: Kind, project: Path) -> list[Registered]:
    """Returns what is registered: the built-ins first, then the user's.

    Args:
        kind: What to look for.
        project: The folder in or above which the user's list of files is.
    """
    from oumi_runtime.core.registry import RegistryType, declarations_in
    from oumi_runtime.core.registry.discovery import survey

    wanted = {"models": RegistryType.MODEL, "datasets": RegistryType.DATASET}[kind]
    own = declarations_in(_runtime_folder() / kind)
    users = [d for found in survey([project]).listings for d in found.declarations]
    return [
        Registered(d.name, d.class_name or "", origin, d.path, d.line)
        for origin, declarations in ((BUILT_IN, own), (PROJECT, users))
        for d in declarations
        if d.type is wanted
    ]


def _runtime_folder() -> Path:
    spec = find_spec("oumi_runtime")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("oumi_runtime is not installed", name="oumi_runtime")
    return Path(spec.origin).parent
