"""A model that does not fit its batches, or returns no loss, is told of in one line."""

import re

import pytest
import torch
from torch import nn

from oumi_runtime.core.trainers.model_calls import loss_of, outputs_of
from oumi_runtime.exceptions import ModelForwardError

BATCH = {"x": torch.ones(2, 3), "labels": torch.zeros(2)}


class Net(nn.Module):
    def forward(self, x, labels=None):
        return {"logits": x, "loss": x.sum()}


class TakesNoLabels(nn.Module):
    def forward(self, x):
        return {"loss": x.sum()}


class NeedsMore(nn.Module):
    def forward(self, x, labels, mask):
        return {"loss": x.sum()}


class AddsATextToANumber(nn.Module):
    def forward(self, x, labels=None):
        return 1 + "a"


def test_outputs_and_loss_are_those_of_the_model():
    model = Net()
    outputs = outputs_of(model, model, BATCH)
    assert outputs["logits"] is BATCH["x"]
    assert loss_of(outputs, model) is outputs["loss"]
    one = torch.ones(1)
    assert loss_of({"loss": one}, model) is one


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        (
            TakesNoLabels(),
            "TakesNoLabels.forward does not take a batch of x, labels: got an "
            "unexpected keyword argument 'labels'; name them as its arguments, or "
            "take **kwargs",
        ),
        (NeedsMore(), "missing a required argument: 'mask'"),
    ],
)
def test_a_forward_that_does_not_take_the_batch_is_told_what_is_in_it(model, sentence):
    with pytest.raises(ModelForwardError, match=re.escape(sentence)):
        outputs_of(model, model, BATCH)


def test_a_mistake_within_the_forward_stays_what_it_is():
    model = AddsATextToANumber()
    with pytest.raises(TypeError, match="unsupported operand") as raised:
        outputs_of(model, model, BATCH)
    assert not isinstance(raised.value, ModelForwardError)


@pytest.mark.parametrize(
    ("outputs", "sentence"),
    [
        (torch.ones(()), "Net.forward returns a Tensor; return a dict"),
        ((torch.ones(()), 1), "Net.forward returns a tuple; return a dict"),
        (None, "Net.forward returns a NoneType; return a dict"),
        ({"logits": 1, "x": 2}, "Net.forward returns logits, x and no loss"),
        ({}, "Net.forward returns nothing and no loss"),
        ({"loss": torch.ones(2, 1)}, "the loss of Net is of shape (2, 1)"),
        ({"loss": 0.5}, "the loss of Net is a float; return a tensor"),
    ],
)
def test_outputs_without_a_loss_say_what_is_to_be_returned(outputs, sentence):
    with pytest.raises(ModelForwardError, match=re.escape(sentence)):
        loss_of(outputs, Net())
