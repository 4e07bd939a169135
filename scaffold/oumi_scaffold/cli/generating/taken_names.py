"""Checks that the names of new models or datasets are not registered already."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from oumi_scaffold.cli.inventory.registered import (
    BUILT_IN,
    Kind,
    Registered,
    registered,
)
from oumi_scaffold.generating.classes import Generated
from oumi_scaffold.request.names import TakenName, check_available
from oumi_scaffold.request.spec import ClassSpec

Taken = list[tuple[Path, TakenName]]


def taken_names(project: Path, specs: Sequence[ClassSpec]) -> Taken:
    """Returns the names that are registered already, with their files.

    Args:
        project: The folder in or above which the user's list of files is.
        specs: The models to generate; files that mention none of them are not parsed.
    """
    wanted = [spec.registered_name for spec in specs]
    kind: Kind = "datasets" if specs[0].is_dataset else "models"
    return [
        (found.path, TakenName(found.name, _where(found, specs[0].noun)))
        for found in registered(kind, project, wanted)
    ]


def check_free(
    models: Iterable[Generated], taken: Taken, project: Path, *, may_be_own: bool
) -> None:
    """Checks that no wanted name is registered already.

    Args:
        models: The models to write.
        taken: The names that are registered.
        project: The folder to write them to.
        may_be_own: Whether the file to be replaced may register the name.

    Raises:
        NameTakenError: A name is registered already.
    """
    for model in models:
        own = project.resolve() / model.structure.class_file
        others = [n for path, n in taken if not (may_be_own and path == own)]
        check_available(model.spec.registered_name, others)


def _where(taken: Registered, noun: str) -> str:
    if taken.origin == BUILT_IN:
        return f"a built-in {noun}"
    return f"{taken.path}:{taken.line}"
