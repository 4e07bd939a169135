"""The files that the datasets of a config are read from."""

from collections.abc import Iterator
from pathlib import Path

import oumi_runtime.datasets  # noqa: F401  registers the built-in datasets
from oumi_runtime.core.configs import (
    DatasetParams,
    DatasetSplitParams,
    TrainingConfig,
)
from oumi_runtime.core.datasets.fingerprints import Fingerprints, fingerprint
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.datasets.readers.split_files import SPLIT_NAMES

# The endings of argument names that denote files in users' own datasets.
_PLACES = ("path", "file", "dir", "folder", "root", "paths", "files", "dirs", "folders")


def files_of(split: DatasetSplitParams) -> list[Path]:
    """Returns the existing files and folders that the datasets of a split refer to.

    These are given by `dataset_path`, by a `dataset_name` that is a path, and by
    arguments whose names denote files, such as `data_dir`.
    """
    named = [place for dataset in split.datasets for place in _places(dataset)]
    return [path for name in dict.fromkeys(named) if (path := Path(name)).exists()]


def _places(dataset: DatasetParams) -> Iterator[str]:
    registered = REGISTRY.get_dataset(dataset.dataset_name, dataset.subset)
    if dataset.dataset_path is not None:
        reads_split_files = getattr(registered, "reads_split_files", False)
        yield from _read_from(dataset.dataset_path, dataset.split, reads_split_files)
    elif registered is None:
        yield dataset.dataset_name
    for name, value in dataset.dataset_kwargs.items():
        if name.lower().split("_")[-1] in _PLACES:
            values = value if isinstance(value, list) else [value]
            yield from (each for each in values if isinstance(each, str) and each)


def _read_from(place: str, split: str, reads_split_files: bool) -> Iterator[str]:
    path = Path(place)
    # The folder may hold anything besides, such as the output folder of the run itself.
    if not reads_split_files or not path.is_dir():
        yield place
        return
    # Classes are those of the training split.
    stems = {"train", *SPLIT_NAMES.get(split, (split,))}
    yield from (str(file) for file in sorted(path.iterdir()) if file.stem in stems)


def fingerprints_of(config: TrainingConfig) -> Fingerprints:
    """Fingerprints the files that a run reads."""
    train = {str(path): fingerprint(path) for path in files_of(config.data.train)}
    is_evaluated = config.training.eval_strategy != "no"
    others = files_of(config.data.validation) if is_evaluated else []
    evaluation = {
        str(path): fingerprint(path) for path in others if str(path) not in train
    }
    return Fingerprints(train, evaluation)
