"""Turns the checks into pytest tests, each with a name that can be selected."""

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic

import pytest
from torch import nn

from oumi_runtime.testing.case import BatchFactory, ModelCase
from oumi_runtime.testing.checks import CHECKS
from oumi_runtime.testing.declaring import C, Check
from oumi_runtime.testing.failures import (
    CheckFailedError,
    FactoryError,
    NotApplicableError,
)
from oumi_runtime.testing.running import known

NOT_APPLICABLE = "not applicable: "


@dataclass(frozen=True)
class BoundCheck(Generic[C]):
    """A check bound to a case: the `check` argument that a test calls."""

    check: Check[C]
    case: C
    told: set[str] = field(repr=False)
    """What the checks of the case have failed with; they share it."""

    def __call__(self) -> None:
        """Runs the check; skips the test if it does not apply.

        What is told again, since most checks fail with it, is told without a traceback.
        """
        __tracebackhide__ = True
        failure: CheckFailedError
        try:
            self.check(self.case)
            return
        except NotApplicableError as reason:
            pytest.skip(f"{NOT_APPLICABLE}{reason}")
        except CheckFailedError as error:
            words = re.sub(r"\d+", "0", str(error))  # but for the sizes of batches
            if words not in self.told:
                self.told.add(words)
                raise
            failure = error
        # Out here, for pytest not to show what was raised before.
        if isinstance(failure, FactoryError):
            pytest.skip(f"another test tells that {failure}")
        pytest.fail(str(failure), pytrace=False)


def parametrize_with_checks(
    make_model: Callable[[], nn.Module],
    make_batch: BatchFactory,
    *,
    config: str | Path | None = None,
    expected_failures: Mapping[str, str] | None = None,
) -> pytest.MarkDecorator:
    """Returns a decorator for a test that takes `check` and calls it.

    Args:
        make_model: Makes a small model, which is the same for the same random seed.
        make_batch: Makes a batch with the given number of samples: the columns that
            forward takes, including `labels`.
        config: The model's training config. None searches the project of the model's
            file for the config with the model's registered name.
        expected_failures: The names of checks that are known to fail, with reasons.
            These tests must fail: one that passes is an error, as with a strict xfail.

    Raises:
        UnknownNameError: `expected_failures` names a check that does not exist.
    """
    caller = sys._getframe(1).f_globals.get("__file__")
    golden = Path(caller).parent / "golden" if caller else None
    case = ModelCase(make_model, make_batch, config, golden)
    return parametrized(CHECKS, case, expected_failures or {})


def parametrized(
    suite: Sequence[Check[C]], case: C, expected_failures: Mapping[str, str]
) -> pytest.MarkDecorator:
    """Returns a decorator for a test of a case by all checks of a suite."""
    expected = known(expected_failures, suite)
    told: set[str] = set()
    return pytest.mark.parametrize(
        "check",
        [
            pytest.param(
                BoundCheck(check, case, told),
                id=check.name,
                marks=_marks(check.name, check.is_slow, expected),
            )
            for check in suite
        ],
    )


def _marks(
    name: str, is_slow: bool, expected: Mapping[str, str]
) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.conformance_check]
    if is_slow:
        marks.append(pytest.mark.conformance_slow)
    if name in expected:
        marks.append(pytest.mark.xfail(reason=expected[name], strict=True))
    return marks
