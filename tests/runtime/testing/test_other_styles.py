"""Models written in other styles than ours pass, whatever the checks expect of ours."""

import importlib.util

import pytest
import torch
from other_styles import STYLES, sound_case, source_of
from other_styles.faults import FAULTS

from oumi_runtime.testing import (
    CHECKS,
    CheckFailedError,
    ModelCase,
    NotApplicableError,
)

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


@pytest.mark.parametrize(
    ("style", "name", "edits"),
    [(style, name, edits) for style, _, name, edits in FAULTS],
    ids=[f"{style}-{what.replace(' ', '-')}" for style, what, _, _ in FAULTS],
)
def test_a_mistake_in_another_style_is_caught(style, name, edits, tmp_path):
    source = source_of(style)
    for old, new in edits:
        assert old in source
        source = source.replace(old, new)
    path = tmp_path / f"{style}.py"
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location(f"mistaken_{style}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (check,) = (check for check in CHECKS if check.name == name)
    with pytest.raises(CheckFailedError):
        check(STYLES[style].case(module))


def test_a_long_text_is_not_tried_at_every_place():
    calls = 0

    class Counted(importlib.import_module("other_styles.lstm_lm").LstmLm):
        def forward(self, *args, **kwargs):
            nonlocal calls
            calls += 1
            return super().forward(*args, **kwargs)

    def long_texts(batch_size: int):
        ids = torch.randint(1, 100, (batch_size, 200))
        return {"input_ids": ids, "labels": ids.clone()}

    (check,) = (c for c in CHECKS if c.name == "labels_meet_their_own_logits")
    check(ModelCase(lambda: Counted(vocab_size=100, hidden=16), long_texts))
    assert 20 < calls < 45
