"""The conformance suite for datasets: checks that any dataset must pass."""

from oumi_runtime.testing.datasets.case import DatasetCase
from oumi_runtime.testing.datasets.checks import DATASET_CHECKS
from oumi_runtime.testing.datasets.running import (
    parametrize_with_dataset_checks,
    run_dataset_checks,
)

__all__ = [
    "DATASET_CHECKS",
    "DatasetCase",
    "parametrize_with_dataset_checks",
    "run_dataset_checks",
]
