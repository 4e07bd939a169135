"""The conformance suites: checks that any model, or any dataset, must pass.

As pytest tests, each of which can be selected by the name of its check:

    @parametrize_with_checks(make_model, make_batch)
    def test_conformance(check):
        check()

Without pytest: `run_checks(make_model, make_batch)` returns the results. Those for
datasets are `parametrize_with_dataset_checks` and `run_dataset_checks`.
"""

from oumi_runtime.testing.case import ModelCase
from oumi_runtime.testing.checks import CHECKS
from oumi_runtime.testing.datasets import (
    DATASET_CHECKS,
    DatasetCase,
    parametrize_with_dataset_checks,
    run_dataset_checks,
)
from oumi_runtime.testing.declaring import Check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError
from oumi_runtime.testing.parametrize import parametrize_with_checks
from oumi_runtime.testing.running import CheckResult, Outcome, run_checks

__all__ = [
    "CHECKS",
    "DATASET_CHECKS",
    "Check",
    "CheckFailedError",
    "CheckResult",
    "DatasetCase",
    "ModelCase",
    "NotApplicableError",
    "Outcome",
    "parametrize_with_checks",
    "parametrize_with_dataset_checks",
    "run_checks",
    "run_dataset_checks",
]
