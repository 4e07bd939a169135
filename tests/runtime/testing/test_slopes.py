"""Gradients are compared with slopes, in large models at a bounded cost."""

import pytest
import torch
from torch import nn

from oumi_runtime.testing import CHECKS, CheckFailedError, ModelCase, slopes

(CHECK,) = [each for each in CHECKS if each.name == "gradients_are_those_of_the_loss"]
DEPTH = 6


class Residual(nn.Module):
    """Layers with a residual, one of which may be detached from what is before it."""

    def __init__(self, detached: int | None = None) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(4, 4) for _ in range(DEPTH))
        self.detached = detached
        self.calls = 0

    def forward(self, x, labels=None):
        self.calls += 1
        for number, layer in enumerate(self.layers):
            x = x + layer(x.detach() if number == self.detached else x).tanh()
        return {"logits": x, "loss": (x - labels).square().mean()}


def case_of(model: nn.Module) -> ModelCase:
    def make_batch(size: int) -> dict[str, torch.Tensor]:
        return {"x": torch.randn(size, 4), "labels": torch.randn(size, 4)}

    return ModelCase(lambda: model, make_batch)


@pytest.fixture(params=["small", "large"])
def size(request, monkeypatch) -> str:
    if request.param == "large":
        monkeypatch.setattr(slopes, "_LARGE", 0)
    return request.param


@pytest.mark.parametrize("detached", range(1, DEPTH))
def test_a_wrong_gradient_of_one_layer_among_equal_ones_is_found(size, detached):
    sentence = r"the gradient of layers\.0\.\w+, .* is not the slope of the loss"
    with pytest.raises(CheckFailedError, match=sentence):
        CHECK(case_of(Residual(detached)))


def test_a_large_model_is_called_for_each_kind_of_parameter_only(size):
    model = Residual()
    CHECK(case_of(model))
    assert (model.calls > 4 * DEPTH) == (size == "small")
    assert (model.calls <= 6) == (size == "large")


def test_the_parameters_come_back_from_every_step(size):
    model = Residual().double()
    x = torch.randn(3, 4, dtype=torch.float64)
    model(x, x)["loss"].backward()
    before = [each.detach().clone() for each in model.parameters()]
    nan = float("nan")  # Fits no gradient, so that all step sizes are tried.
    wrong = slopes.Slopes(model, lambda: nan, noise=0.0).unlike_gradients()
    assert len(wrong) == len(before)
    for found, expected in zip(model.parameters(), before, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-13, atol=1e-15)
