"""The suite as pytest tests, and as plain calls."""

import pytest
from specimens import SOUND, faulty, text_batch
from specimens import UnusedLayer as Unused

from oumi_runtime.testing import (
    CHECKS,
    CheckFailedError,
    ModelCase,
    parametrize_with_checks,
)


def test_every_check_becomes_a_test_that_can_be_selected_by_name():
    mark = parametrize_with_checks(Unused, text_batch).mark
    assert mark.args[0] == "check"
    assert [parameter.id for parameter in mark.args[1]] == [
        check.__name__.removeprefix("check_") for check in CHECKS
    ]


def test_only_the_tests_of_the_fault_fail():
    failed = []
    for parameter in parametrize_with_checks(Unused, text_batch).mark.args[1]:
        try:
            parameter.values[0]()
        except CheckFailedError:
            failed.append(parameter.id)
    assert failed == ["every_parameter_gets_a_gradient"]


def test_the_suite_runs_without_pytest():
    for check in CHECKS:
        check(SOUND["sound"])
    with pytest.raises(AssertionError, match="forgotten"):
        [check(faulty(Unused)) for check in CHECKS]


@parametrize_with_checks(SOUND["sound"].make_model, text_batch)
def test_conformance_as_a_user_writes_it(check):
    check()


def test_a_check_says_in_its_docstring_what_it_catches():
    for check in CHECKS:
        assert (check.__doc__ or "").startswith("Catches ")
        assert check.__annotations__["case"] is ModelCase
