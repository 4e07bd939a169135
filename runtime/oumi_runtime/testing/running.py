"""Runs checks without pytest, and returns their results."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from torch import nn

from oumi_runtime.exceptions import UnknownNameError
from oumi_runtime.testing.case import BatchFactory, ModelCase
from oumi_runtime.testing.checks import CHECKS
from oumi_runtime.testing.declaring import C, Check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    FactoryError,
    NotApplicableError,
)


class Outcome(StrEnum):
    """The outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    EXPECTED_FAILURE = "expected failure"


@dataclass(frozen=True)
class CheckResult:
    """The result of one check."""

    check: Check[Any]
    outcome: Outcome
    message: str
    """Why it failed, does not apply or may fail; "" if it passed."""
    seconds: float
    factory: str = ""
    """What raised before the check could run, such as `make_batch`; "" if nothing."""

    @property
    def name(self) -> str:
        """The check's name."""
        return self.check.name


def run_checks(
    make_model: Callable[[], nn.Module],
    make_batch: BatchFactory,
    *,
    config: str | Path | None = None,
    golden_folder: Path | None = None,
    select: Iterable[str] = (),
    slow: bool = False,
    expected_failures: Mapping[str, str] | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> list[CheckResult]:
    """Runs the checks on a model.

    Args:
        make_model: Makes a small model, which is the same for the same random seed.
        make_batch: Makes a batch of a given size; see `parametrize_with_checks`.
        config: The model's training config; None searches the model's project for it.
        golden_folder: The folder in which state dict keys are recorded, if any.
        select: Names of checks, or patterns such as `*gradient*`; all if empty.
        slow: Whether to run slow checks too.
        expected_failures: The names of checks that are known to fail, with reasons.
        on_result: Called with each result.

    Returns:
        A result for each check, in the suite's order.

    Raises:
        UnknownNameError: A name in `select` or `expected_failures` does not exist.
    """
    return run_suite(
        CHECKS,
        ModelCase(make_model, make_batch, config, golden_folder),
        select=select,
        slow=slow,
        expected_failures=expected_failures,
        on_result=on_result,
    )


def run_suite(
    suite: Sequence[Check[C]],
    case: C,
    *,
    select: Iterable[str] = (),
    slow: bool = False,
    expected_failures: Mapping[str, str] | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> list[CheckResult]:
    """Runs the checks of a suite on a case; see `run_checks`."""
    expected = known(expected_failures or {}, suite)
    results: list[CheckResult] = []
    firsts: dict[str, str] = {}
    for each in selected(select, suite, slow=slow):
        result = run_check(each, case, expected.get(each.name))
        results.append(_told_once(result, firsts))
        if on_result is not None:
            on_result(results[-1])
    return results


def run_check(check: Check[C], case: C, expected: str | None = None) -> CheckResult:
    """Runs one check.

    Args:
        check: The check.
        case: The model or dataset under test.
        expected: The reason if it is expected to fail; passing is then a failure.
    """
    start = time.perf_counter()
    outcome, message, factory = Outcome.PASSED, "", ""
    try:
        check(case)
    except NotApplicableError as error:
        outcome, message = Outcome.NOT_APPLICABLE, str(error)
    except CheckFailedError as error:
        outcome, message = Outcome.FAILED, str(error)
        if isinstance(error, FactoryError):
            factory = error.factory
    if expected is not None and outcome is Outcome.FAILED:
        outcome, message = Outcome.EXPECTED_FAILURE, f"{expected} ({message})"
    elif expected is not None and outcome is Outcome.PASSED:
        outcome = Outcome.FAILED
        message = f"it was expected to fail, but passes: {expected}"
    return CheckResult(check, outcome, message, time.perf_counter() - start, factory)


def _told_once(result: CheckResult, firsts: dict[str, str]) -> CheckResult:
    """Returns a failure of a factory as one only for the first check that meets it.

    Args:
        result: The result of a check.
        firsts: The first check that failed with each factory; it is modified.
    """
    if not result.factory or result.outcome is not Outcome.FAILED:
        return result
    first = firsts.setdefault(result.factory, result.name)
    if first == result.name:
        return result
    message = f"{result.factory} raises, as {first} tells"
    return replace(result, outcome=Outcome.NOT_APPLICABLE, message=message)


def selected(
    select: Iterable[str], suite: Sequence[Check[C]], *, slow: bool = False
) -> list[Check[C]]:
    """Returns the checks that match the names or patterns, in order.

    A slow check that is named in full is included even if `slow` is false.

    Raises:
        UnknownNameError: A name or pattern matches no check.
    """
    patterns = list(select)
    for pattern in patterns:
        if not any(fnmatch(each.name, pattern) for each in suite):
            raise _unknown(pattern, suite)
    return [
        each
        for each in suite
        if (slow or not each.is_slow or each.name in patterns)
        and (not patterns or any(fnmatch(each.name, p) for p in patterns))
    ]


def known(
    expected_failures: Mapping[str, str], suite: Sequence[Check[Any]]
) -> dict[str, str]:
    """Returns the expected failures, after checking that each names a check."""
    for name in expected_failures:
        if not any(each.name == name for each in suite):
            raise _unknown(name, suite)
    return dict(expected_failures)


def _unknown(name: str, suite: Sequence[Check[Any]]) -> UnknownNameError:
    return UnknownNameError("check", name, [each.name for each in suite], [])
