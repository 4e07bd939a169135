"""Argument checks shared by the base classes for datasets."""

from collections.abc import Mapping
from typing import Any

from oumi_runtime.exceptions import DatasetArgumentError


def refuse_arguments(owner: type, kwargs: Mapping[str, Any]) -> None:
    """Refuses arguments that no subclass declares.

    Raises:
        DatasetArgumentError: There are such arguments.
    """
    if kwargs:
        raise DatasetArgumentError(
            f"{owner.__name__} takes no {', '.join(map(repr, sorted(kwargs)))}"
            "; leave it out of dataset_kwargs, or declare it in the constructor"
        )


def refuse_remote_code(owner: type, trust_remote_code: bool) -> None:
    """Refuses to run code that comes with a dataset.

    Raises:
        DatasetArgumentError: `trust_remote_code` is true.
    """
    if trust_remote_code:
        raise DatasetArgumentError(
            f"{owner.__name__}: trust_remote_code is true, but code that comes with a "
            "dataset is never run; leave it out, and use a dataset of plain files"
        )
