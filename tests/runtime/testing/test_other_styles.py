"""Models written in other styles than ours pass, whatever the checks expect of ours."""

import pytest
from other_styles import STYLES, sound_case

from oumi_runtime.testing import CHECKS, CheckFailedError, NotApplicableError

FAST = [check for check in CHECKS if not check.is_slow]


@pytest.mark.parametrize("style", STYLES)
def test_a_sound_model_of_another_style_passes(style):
    case, alarms = sound_case(style), list[str]()
    for check in FAST:
        try:
            check(case)
        except NotApplicableError:
            continue
        except CheckFailedError as alarm:
            alarms.append(f"{check.name}: {alarm}")
    assert not alarms
