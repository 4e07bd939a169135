"""The checks of datasets, a module for each theme; `DATASET_CHECKS` is all of them.

A new check is a function with `@check` in one of these modules.
"""

from oumi_runtime.testing.datasets.case import DatasetCase
from oumi_runtime.testing.datasets.checks import (
    reading,
    samples,
    splits,
    streams,
    workers,
)
from oumi_runtime.testing.declaring import Check, checks_of

DATASET_THEMES = (reading, samples, workers, splits, streams)

DATASET_CHECKS: tuple[Check[DatasetCase], ...] = checks_of(DATASET_THEMES)

__all__ = ["DATASET_CHECKS", "DATASET_THEMES"]
