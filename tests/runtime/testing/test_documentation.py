"""docs/conformance.md shows the model, the report and the checks as they are."""

from pathlib import Path

from badly_written import BadNet, make_batch

from oumi_runtime.testing import CHECKS, Outcome, run_checks

PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"
FAULTS = (
    "layers_and_tensors_are_registered",
    "every_parameter_gets_a_gradient",
    "padding_does_not_matter",
    "logits_are_not_normalised",
    "every_constructor_argument_has_an_effect",
    "no_device_is_written_in",
)


def test_the_report_on_six_faults_is_what_the_page_says():
    text = PAGE.read_text()
    for result in run_checks(BadNet, make_batch, select=FAULTS):
        assert result.outcome is Outcome.FAILED
        assert f"    {result.name}\n        {result.message}\n" in text


def test_the_page_shows_the_model_as_it_is():
    source = Path(__file__).with_name("badly_written.py").read_text()
    model = source[source.index("class BadNet") : source.index("def make_batch")]
    assert model.strip() in PAGE.read_text()


def test_the_page_lists_every_check():
    text = PAGE.read_text()
    for check in CHECKS:
        assert f"- `{check.name}`" in text
