"""The conformance suite: checks that any model that returns its loss must pass.

    @parametrize_with_checks(make_model, make_batch)
    def test_conformance(check):
        check()

Without pytest: `for check in CHECKS: check(ModelCase(make_model, make_batch))`.
"""

from oumi_runtime.testing.case import CheckFailedError, ModelCase
from oumi_runtime.testing.checks import CHECKS
from oumi_runtime.testing.parametrize import parametrize_with_checks

__all__ = ["CHECKS", "CheckFailedError", "ModelCase", "parametrize_with_checks"]
