"""The files that the datasets of a config are read from."""

from pathlib import Path
from typing import Any

from oumi_runtime.core.configs import DataParams
from oumi_runtime.core.datasets.fingerprints import fingerprint


def files_of(data: DataParams) -> list[Path]:
    """The files and folders that the training split names and that there are."""
    named = (dataset.dataset_path for dataset in data.train.datasets)
    return [path for name in named if name and (path := Path(name)).exists()]


def fingerprints_of(data: DataParams) -> dict[str, Any]:
    """What tells the files of the training split from others, by path."""
    return {str(path): fingerprint(path) for path in files_of(data)}
