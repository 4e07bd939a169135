"""What the base classes of datasets take from the config, and what they refuse."""

from collections.abc import Mapping
from typing import Any

from oumi_runtime.exceptions import DatasetArgumentError


def refuse_arguments(owner: type, kwargs: Mapping[str, Any]) -> None:
    """Refuses what no class on the way up has taken.

    Raises:
        DatasetArgumentError: There is such an argument.
    """
    if kwargs:
        raise DatasetArgumentError(
            f"{owner.__name__} takes no {', '.join(map(repr, sorted(kwargs)))}"
            "; leave it out of dataset_kwargs, or take it by name"
        )


def refuse_remote_code(owner: type, trust_remote_code: bool) -> None:
    """Refuses to run code that comes with a dataset.

    Raises:
        DatasetArgumentError: It is asked for.
    """
    if trust_remote_code:
        raise DatasetArgumentError(
            f"{owner.__name__}: trust_remote_code is true, but no code that comes with "
            "a dataset is run; leave it out, and use a dataset that is plain files"
        )
