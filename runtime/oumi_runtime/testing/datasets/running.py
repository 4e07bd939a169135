"""Runs the checks of datasets, as pytest tests or without pytest."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pytest

from oumi_runtime.core.datasets.rows.collation import Collator
from oumi_runtime.testing.datasets.case import SPLITS, DatasetCase, DatasetFactory
from oumi_runtime.testing.datasets.checks import DATASET_CHECKS
from oumi_runtime.testing.parametrize import parametrized
from oumi_runtime.testing.running import CheckResult, run_suite


def parametrize_with_dataset_checks(
    make_dataset: DatasetFactory,
    *,
    splits: Sequence[str] = SPLITS,
    num_classes: int | None = None,
    collate: Collator | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> pytest.MarkDecorator:
    """Returns a decorator for a test that takes `check` and calls it.

    Args:
        make_dataset: Makes a split of the dataset, anew with each call.
        splits: The splits that it has; the first is looked at most.
        num_classes: The number of classes; None for the dataset's `label_names`.
        collate: Makes a batch of samples; None for the dataset's own or the trainer's.
        expected_failures: The names of checks that are known to fail, with reasons.
            These tests must fail: one that passes is an error, as with a strict xfail.

    Raises:
        UnknownNameError: `expected_failures` names a check that does not exist.
    """
    case = DatasetCase(make_dataset, splits, num_classes=num_classes, collate=collate)
    return parametrized(DATASET_CHECKS, case, expected_failures or {})


def run_dataset_checks(
    make_dataset: DatasetFactory,
    *,
    splits: Sequence[str] = SPLITS,
    num_classes: int | None = None,
    collate: Collator | None = None,
    select: Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> list[CheckResult]:
    """Runs the checks on a dataset; see `parametrize_with_dataset_checks`.

    Args:
        make_dataset: Makes a split of the dataset, anew with each call.
        splits: The splits that it has; the first is looked at most.
        num_classes: The number of classes; None for the dataset's `label_names`.
        collate: Makes a batch of samples; None for the dataset's own or the trainer's.
        select: Names of checks, or patterns such as `*split*`; all if empty.
        expected_failures: The names of checks that are known to fail, with reasons.
        on_result: Called with each result.

    Returns:
        A result for each check, in the suite's order.

    Raises:
        UnknownNameError: A name in `select` or `expected_failures` does not exist.
    """
    return run_suite(
        DATASET_CHECKS,
        DatasetCase(make_dataset, splits, num_classes=num_classes, collate=collate),
        select=select,
        expected_failures=expected_failures,
        on_result=on_result,
    )
