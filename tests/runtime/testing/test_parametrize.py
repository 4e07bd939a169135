"""The suite as pytest tests: names, expected failures, and what does not apply."""

import pytest
from faulty_models import UnusedLayer as Unused
from sound_models import SOUND, text_batch

from oumi_runtime.exceptions import UnknownNameError
from oumi_runtime.testing import CHECKS, CheckFailedError, parametrize_with_checks

NAME = "every_parameter_gets_a_gradient"


def parameters(*args, **kwargs):
    mark = parametrize_with_checks(*args, **kwargs).mark
    assert mark.args[0] == "check"
    return mark.args[1]


def marks_of(parameter):
    return {mark.name: mark for mark in parameter.marks}


def test_every_check_becomes_a_test_that_can_be_selected_by_name():
    found = parameters(Unused, text_batch)
    assert [each.id for each in found] == [check.name for check in CHECKS]
    assert len({each.id for each in found}) == len(CHECKS)


def test_only_the_tests_of_the_fault_fail():
    failed = []
    for parameter in parameters(Unused, text_batch):
        if "conformance_slow" in marks_of(parameter):
            continue
        try:
            parameter.values[0]()
        except CheckFailedError:
            failed.append(parameter.id)
        except pytest.skip.Exception:
            continue
    assert failed == [NAME]


def test_the_slow_checks_are_marked():
    slow = {each.name for each in CHECKS if each.is_slow}
    marked = [
        each.id
        for each in parameters(Unused, text_batch)
        if "conformance_slow" in marks_of(each)
    ]
    assert set(marked) == slow


def test_an_expected_failure_is_a_strict_xfail_with_its_reason():
    found = parameters(Unused, text_batch, expected_failures={NAME: "kept for later"})
    (xfail,) = [m["xfail"] for m in map(marks_of, found) if "xfail" in m]
    assert xfail.kwargs == {"reason": "kept for later", "strict": True}


def test_an_expected_failure_has_to_name_a_check():
    with pytest.raises(UnknownNameError, match="did you mean 'overfits_one_batch'"):
        parameters(Unused, text_batch, expected_failures={"overfit_one_batch": "x"})


@parametrize_with_checks(SOUND["sound"].make_model, text_batch)
def test_conformance_as_a_user_writes_it(check):
    check()
