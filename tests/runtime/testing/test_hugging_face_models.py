"""No false alarm on ten models that many people have looked at."""

import pytest
from hugging_face_models import MODELS, case_of

from oumi_runtime.testing import Outcome, run_checks

EXPECTED = {
    "albert": {
        "dropout_acts_in_training": "its layer makes a dropout that it never calls"
    }
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_there_is_no_false_alarm(name):
    case = case_of(name)
    results = run_checks(
        case.make_model, case.make_batch, expected_failures=EXPECTED.get(name)
    )
    failed = {r.name: r.message for r in results if r.outcome is Outcome.FAILED}
    assert failed == {}
    assert sum(r.outcome is Outcome.PASSED for r in results) > 35
