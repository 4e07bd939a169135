"""Checks that the processes of a run have begun the same run.

On several machines they may read other files, or another folder of the same name. They
would train without a word, each on samples that the others believe to be theirs.
"""

from collections.abc import Mapping
from typing import Any

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.configs.params.base_params import flattened, to_tree
from oumi_runtime.core.distributed import all_gather_object
from oumi_runtime.exceptions import DifferentProcessesError

_OWN = "model.device_map"


def require_same(facts: Mapping[str, Any]) -> None:
    """Compares facts of all processes; each of them must call this.

    Args:
        facts: Picklable values by what they are called in a sentence.

    Raises:
        DifferentProcessesError: In every process, for the first difference.
    """
    first, *others = all_gather_object(dict(facts))
    for rank, theirs in enumerate(others, start=1):
        for name, value in first.items():
            if theirs.get(name) != value:
                raise DifferentProcessesError(name, value, rank, theirs.get(name))


def facts_of(config: TrainingConfig) -> dict[str, Any]:
    """Returns the fields of a config that have to be the same, by their names."""
    fields = flattened(to_tree(config))
    return {name: value for name, value in fields.items() if name != _OWN}
