"""The scaler of float16 gradients resumes with its state.

Only a GPU trains in float16 in earnest. What is tested is the loop around it, which is
the same where a test lets the CPU do it.
"""

import functools
import itertools

import pytest
import torch

from oumi_runtime.core.trainers import base_trainer


@pytest.fixture(autouse=True)
def float16_here(monkeypatch: pytest.MonkeyPatch) -> None:
    def build_precision(model, dtype):
        # So large that the first steps overflow, and soon doubled again.
        scaler = torch.amp.GradScaler("cpu", init_scale=2.0**22, growth_interval=3)
        return functools.partial(torch.autocast, "cpu", dtype=torch.float16), scaler

    monkeypatch.setattr(base_trainer, "build_precision", build_precision)


@pytest.mark.parametrize("step", [1, 6, 13])
def test_a_resumed_training_scales_as_one_that_was_never_stopped(
    make_trainer, tmp_path, step: int
) -> None:
    fields = {"max_steps": 18, "save_steps": step}
    whole, expected = make_trainer(**fields, output_dir=str(tmp_path / "whole"))
    scales = []
    change = whole.scaler.update
    whole.scaler.update = lambda: (change(), scales.append(whole.scaler.get_scale()))
    whole.train()
    assert min(scales) < scales[0]  # Steps were left out,
    assert any(b > a for a, b in itertools.pairwise(scales))  # and it grew.
    again, recorder = make_trainer(**fields)
    again.train(str(tmp_path / "whole" / f"checkpoint-{step}"))
    assert again.scaler.state_dict() == whole.scaler.state_dict()
    for name, weight in again.model.state_dict().items():
        assert torch.equal(weight, whole.model.state_dict()[name]), name
    later = {s: loss for s, loss in expected.losses.items() if s > step}
    assert recorder.losses == later
