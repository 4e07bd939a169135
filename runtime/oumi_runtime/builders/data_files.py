"""The files that the datasets of a config are read from."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import oumi_runtime.datasets  # noqa: F401  registers the built-in datasets
from oumi_runtime.core.configs import (
    DatasetParams,
    DatasetSplitParams,
    TrainingConfig,
)
from oumi_runtime.core.datasets.fingerprints import fingerprint
from oumi_runtime.core.registry import REGISTRY

# How the fields of users' own datasets that say where files are end.
_PLACES = ("path", "file", "dir", "folder", "root", "paths", "files", "dirs", "folders")


class Fingerprints(NamedTuple):
    """What tells the files of a run from others, by path."""

    train: dict[str, Any]
    """Of the training split; a training goes on with these alone."""
    evaluation: dict[str, Any]
    """Of the validation split, but for those that are trained on, too."""

    @property
    def all(self) -> dict[str, Any]:
        """Of both."""
        return {**self.train, **self.evaluation}


def files_of(split: DatasetSplitParams) -> list[Path]:
    """The files and folders that the datasets of a split name and that there are.

    They are named by `dataset_path`; by the name of a dataset that is a path; and by
    arguments that say so in their own name, such as `data_dir`.
    """
    named = [place for dataset in split.datasets for place in _places(dataset)]
    return [path for name in dict.fromkeys(named) if (path := Path(name)).exists()]


def _places(dataset: DatasetParams) -> Iterator[str]:
    if dataset.dataset_path is not None:
        yield dataset.dataset_path
    elif REGISTRY.get_dataset(dataset.dataset_name, dataset.subset) is None:
        yield dataset.dataset_name
    for name, value in dataset.dataset_kwargs.items():
        if name.lower().split("_")[-1] in _PLACES:
            values = value if isinstance(value, list) else [value]
            yield from (each for each in values if isinstance(each, str) and each)


def fingerprints_of(config: TrainingConfig) -> Fingerprints:
    """What tells the files that a run reads from others."""
    train = {str(path): fingerprint(path) for path in files_of(config.data.train)}
    is_evaluated = config.training.eval_strategy != "no"
    others = files_of(config.data.validation) if is_evaluated else []
    evaluation = {
        str(path): fingerprint(path) for path in others if str(path) not in train
    }
    return Fingerprints(train, evaluation)
