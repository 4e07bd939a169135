"""Runs checks without pytest, and gives back what came of each."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path

from torch import nn

from oumi_runtime.exceptions import UnknownNameError
from oumi_runtime.testing.case import BatchFactory, ModelCase
from oumi_runtime.testing.checks import CHECKS
from oumi_runtime.testing.declaring import Check
from oumi_runtime.testing.failures import CheckFailedError, NotApplicableError


class Outcome(StrEnum):
    """What came of a check."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not applicable"
    EXPECTED_FAILURE = "expected failure"


@dataclass(frozen=True)
class CheckResult:
    """What came of one check."""

    check: Check
    outcome: Outcome
    message: str
    """Why it failed, does not apply or may fail; "" where it passed."""
    seconds: float

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
        make_model: Makes a small model, the same one at the same random seed.
        make_batch: Makes a batch of so many samples; see `parametrize_with_checks`.
        config: The model's training config; None finds it in the model's project.
        golden_folder: Where the state dict's keys are recorded, if they are.
        select: Names of checks, or patterns such as `*gradient*`; all if empty.
        slow: Whether to run the slow ones too.
        expected_failures: Checks that are known to fail, each with the reason.
        on_result: Is told each result as it comes.

    Returns:
        A result for each check, in the suite's order.

    Raises:
        UnknownNameError: No check has a name that is selected or expected to fail.
    """
    case = ModelCase(make_model, make_batch, config, golden_folder)
    expected = known(expected_failures or {})
    results: list[CheckResult] = []
    for each in selected(select, slow=slow):
        results.append(run_check(each, case, expected.get(each.name)))
        if on_result is not None:
            on_result(results[-1])
    return results


def run_check(
    check: Check, case: ModelCase, expected: str | None = None
) -> CheckResult:
    """Runs one check.

    Args:
        check: The check.
        case: The model under test.
        expected: Why it is expected to fail. It fails then if it passes.
    """
    start = time.perf_counter()
    outcome, message = Outcome.PASSED, ""
    try:
        check(case)
    except NotApplicableError as error:
        outcome, message = Outcome.NOT_APPLICABLE, str(error)
    except CheckFailedError as error:
        outcome, message = Outcome.FAILED, str(error)
    if expected is not None and outcome is Outcome.FAILED:
        outcome, message = Outcome.EXPECTED_FAILURE, f"{expected} ({message})"
    elif expected is not None and outcome is Outcome.PASSED:
        outcome = Outcome.FAILED
        message = f"it was expected to fail, but passes: {expected}"
    return CheckResult(check, outcome, message, time.perf_counter() - start)


def selected(select: Iterable[str] = (), *, slow: bool = False) -> list[Check]:
    """The checks of the given names or patterns, in order.

    A slow check that is named in full is run whether or not the slow ones are asked
    for.

    Raises:
        UnknownNameError: A name or pattern fits none.
    """
    patterns = list(select)
    for pattern in patterns:
        if not any(fnmatch(each.name, pattern) for each in CHECKS):
            raise unknown(pattern)
    return [
        each
        for each in CHECKS
        if (slow or not each.is_slow or each.name in patterns)
        and (not patterns or any(fnmatch(each.name, p) for p in patterns))
    ]


def known(expected_failures: Mapping[str, str]) -> dict[str, str]:
    """The expected failures, once it is clear that each names a check."""
    for name in expected_failures:
        if not any(each.name == name for each in CHECKS):
            raise unknown(name)
    return dict(expected_failures)


def unknown(name: str) -> UnknownNameError:
    """The error for a name that no check has."""
    return UnknownNameError("check", name, [each.name for each in CHECKS], [])
