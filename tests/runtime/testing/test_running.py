"""The suite without pytest: results, selection, expected failures."""

import pytest
from faulty_models import UnusedLayer as Unused
from sound_models import SOUND, text_batch

from oumi_runtime.exceptions import UnknownNameError
from oumi_runtime.testing import CHECKS, Outcome, run_checks

NAME = "every_parameter_gets_a_gradient"


def test_a_sound_model_passes_or_is_not_concerned():
    results = run_checks(SOUND["sound"].make_model, text_batch)
    assert [r.name for r in results] == [c.name for c in CHECKS if not c.is_slow]
    outcomes = {r.outcome for r in results}
    assert outcomes == {Outcome.PASSED, Outcome.NOT_APPLICABLE}
    for result in results:
        assert bool(result.message) == (result.outcome is Outcome.NOT_APPLICABLE)


def test_a_failure_comes_with_its_message():
    (result,) = run_checks(Unused, text_batch, select=[NAME])
    assert result.outcome is Outcome.FAILED
    assert "forgotten.weight" in result.message
    assert result.seconds > 0


def test_an_expected_failure_keeps_the_reason_and_the_message():
    (result,) = run_checks(
        Unused, text_batch, select=[NAME], expected_failures={NAME: "kept for later"}
    )
    assert result.outcome is Outcome.EXPECTED_FAILURE
    assert result.message.startswith("kept for later (forgotten.weight")


def test_an_expected_failure_that_passes_is_a_failure():
    (result,) = run_checks(
        SOUND["sound"].make_model,
        text_batch,
        select=[NAME],
        expected_failures={NAME: "kept for later"},
    )
    assert result.outcome is Outcome.FAILED
    assert result.message == "it was expected to fail, but passes: kept for later"


def test_patterns_select_checks_in_the_suites_order():
    results = run_checks(Unused, text_batch, select=["*gradient*", "overfits*"])
    names = [result.name for result in results]
    assert names == [
        check.name
        for check in CHECKS
        if not check.is_slow
        and ("gradient" in check.name or check.name.startswith("overfits"))
    ]


def test_a_pattern_that_fits_nothing_is_refused():
    with pytest.raises(UnknownNameError, match="no check is named 'gradients'"):
        run_checks(Unused, text_batch, select=["gradients"])


def test_results_are_told_as_they_come():
    told = []
    results = run_checks(
        Unused, text_batch, select=["*gradient*"], on_result=told.append
    )
    assert told == results


def test_an_error_of_the_model_is_a_failure_that_names_the_line():
    class Broken(Unused):
        def encode(self, x):
            return x @ x

    results = run_checks(Broken, text_batch, select=["overfits_one_batch"])
    assert results[0].outcome is Outcome.FAILED
    assert "the model raises RuntimeError" in results[0].message
    assert "(test_running.py:" in results[0].message
    assert "return x @ x)" in results[0].message


@pytest.mark.parametrize(
    ("has_mask", "sentence"),
    [(True, "forward requires its"), (False, "forward takes no")],
)
def test_a_mask_that_cannot_be_left_out_is_told_from_one_that_is_not_read(
    has_mask: bool, sentence: str
):
    class Masked(Unused):
        def forward(self, input_ids, attention_mask, labels=None, **kwargs):
            return super().forward(input_ids, attention_mask, labels)

    class Maskless(Unused):
        def forward(self, input_ids, labels=None, **kwargs):
            return super().forward(input_ids, labels=labels)

    (result,) = run_checks(
        Masked if has_mask else Maskless, text_batch, select=["attention_mask_may*"]
    )
    assert result.outcome is Outcome.NOT_APPLICABLE
    assert result.message == f"{sentence} attention_mask"


def test_a_batch_of_the_wrong_size_is_the_batchs_fault():
    (result,) = run_checks(
        SOUND["sound"].make_model, lambda batch_size: text_batch(2), select=["ids*"]
    )
    assert "make_batch(3) returns input_ids" in result.message


def test_every_check_says_what_it_catches_with_an_example_and_what_to_look_at():
    for check in CHECKS:
        assert check.documentation.startswith("Catches "), check.name
        assert check.catches.endswith(".")
        assert "\n\nFor example " in check.documentation, check.name
        assert "\n\nIf it fails, " in check.documentation, check.name
