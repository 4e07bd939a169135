"""A model that does not fit its batches, or returns no loss, is told of in one line."""

import re

import pytest
import torch
from torch import nn

from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.trainers.model_calls import (
    loss_of,
    loss_to_train_on,
    outputs_of,
)
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


class Table(BaseModel):
    def __init__(self, num_features: int = 4) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(num_features))

    def forward(self, features, labels=None):
        return {"loss": (features * self.weight).sum()}

    @property
    def criterion(self):
        return nn.functional.mse_loss


class Pictures(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(3, 2, 2), nn.Flatten(), nn.Linear(2, 1))

    def forward(self, images):
        return {"loss": self.layers(images).sum()}


class FailsOtherwise(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(3, 2)

    def forward(self, x, labels=None):
        return {"loss": self.layer(x) @ torch.ones(3)}


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


def test_a_table_of_other_columns_than_the_model_was_built_for_is_told_of():
    sentence = (
        "the data has 3 features and Table was built for 4; set "
        "model.model_kwargs.num_features to 3, or choose 4 columns with "
        "dataset_kwargs.feature_columns"
    )
    model = Table()
    with pytest.raises(ModelForwardError, match=re.escape(sentence)) as raised:
        outputs_of(model, model, {"features": torch.ones(2, 3)})
    assert raised.value.exit_code == 2
    right = outputs_of(model, model, {"features": torch.ones(2, 4)})
    assert right["loss"] == 8


@pytest.mark.parametrize(
    ("shape", "sentence"),
    [
        (
            (2, 1, 2, 2),
            "layer 'layers.0' of Pictures takes 3 values and was given 1, an input of "
            "shape (2, 1, 2, 2); change",
        ),
        ((2, 3, 3, 2), "layer 'layers.2' of Pictures takes 2 values and was given 4,"),
    ],
)
def test_a_layer_of_another_width_than_its_input_is_named(shape, sentence):
    model = Pictures()
    with pytest.raises(ModelForwardError, match=re.escape(sentence)):
        outputs_of(model, model, {"images": torch.ones(shape)})


class Classes(BaseModel):
    def __init__(self, num_classes: int = 3) -> None:
        super().__init__()
        self.table = nn.Embedding(10, num_classes)

    def forward(self, input_ids, labels=None):
        logits = self.table(input_ids)
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


@pytest.mark.parametrize(
    ("ids", "labels", "sentence"),
    [
        ([1, 2], [0, 5], "the label 5 is none of the 3 classes of Classes, 0 to 2;"),
        ([1, 2], [0, -1], "the label -1 is none of the 3 classes of Classes, 0 to 2;"),
        ([1, 2], [0.5, 1.0], "the labels are fractions, and the loss of Classes takes"),
        ([1, 2], [True, False], "the labels are truth values, and the loss of Classes"),
        ([1, 12], [0, 1], "layer 'table' of Classes has rows 0 to 9 and was given 12;"),
        ([-1, 2], [0, 1], "layer 'table' of Classes has rows 0 to 9 and was given -1;"),
    ],
)
def test_a_label_or_id_that_the_model_has_no_place_for_is_named(ids, labels, sentence):
    model = Classes()
    batch = {"input_ids": torch.tensor(ids), "labels": torch.tensor(labels)}
    with pytest.raises(ModelForwardError, match=f"^{re.escape(sentence)}"):
        outputs_of(model, model, batch)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_weights_of_another_dtype_than_their_input_are_named(dtype):
    pictures = Pictures().to(dtype)
    sentence = (
        f"layer 'layers.0' of Pictures has weights of {str(dtype)[6:]} and was given "
        "float32; set model.torch_dtype_str: float32"
    )
    with pytest.raises(ModelForwardError, match=f"^{re.escape(sentence)}"):
        outputs_of(pictures, pictures, {"images": torch.ones(2, 3, 2, 2)})


def test_an_index_error_of_the_models_own_stays_what_it_is():
    class Indexes(nn.Module):
        def forward(self, x, labels=None):
            return {"loss": x[9]}

    with pytest.raises(IndexError, match="index 9 is out of bounds"):
        outputs_of(Indexes(), Indexes(), BATCH)


@pytest.mark.parametrize("images", [(1, 3, 2, 2), (1, 3, 5, 5)])
def test_one_sample_is_too_few_for_a_batch_norm_that_is_named(images):
    pictures = Pictures()
    pictures.layers = nn.Sequential(
        nn.AdaptiveAvgPool2d(1), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(3, 1)
    )
    sentence = (
        "layer 'layers.1' of Pictures normalizes over the batch, and was given one "
        "value for each channel, an input of shape (1, 3, 1, 1); choose a "
        "training.per_device_train_batch_size that leaves no process with one sample, "
        "also in the last step of an epoch, or use nn.GroupNorm or nn.LayerNorm"
    )
    with pytest.raises(ModelForwardError, match=f"^{re.escape(sentence)}$"):
        outputs_of(pictures, pictures, {"images": torch.ones(images)})
    assert outputs_of(pictures.eval(), pictures, {"images": torch.ones(images)})


def test_what_else_a_batch_norm_refuses_stays_what_it_is():
    pictures = Pictures()
    pictures.layers = nn.BatchNorm1d(3)
    with pytest.raises(ValueError, match=r"^expected 2D or 3D input \(got 4D input\)$"):
        outputs_of(pictures, pictures, {"images": torch.ones(2, 3, 2, 2)})


def test_what_fails_at_no_layer_stays_what_it_is():
    model = FailsOtherwise()
    with pytest.raises(RuntimeError) as raised:
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


@pytest.mark.parametrize(
    ("lose", "requires_grad", "why"),
    [
        (lambda logits: logits.detach().mean(), True, "detach"),
        (lambda logits: logits.argmax(dim=1).float().mean(), True, "argmax"),
        (lambda logits: logits.mean(), False, "all weights are frozen"),
    ],
)
def test_a_loss_without_a_gradient_is_told_of(lose, requires_grad, why):
    model = nn.Linear(3, 2).requires_grad_(requires_grad)
    outputs = {"loss": lose(model(torch.ones(2, 3)))}
    with pytest.raises(ModelForwardError, match=f"Linear has no gradient.*{why}"):
        loss_to_train_on(outputs, model)
    assert loss_of(outputs, model) is outputs["loss"]


class LossWithoutLabels(nn.Module):
    def forward(self, x, mask=None, labels=None):
        if mask is not None:
            x = self.masked(x, mask)
        return {"logits": x, "loss": nn.functional.cross_entropy(x, labels)}

    def masked(self, x, mask):
        raise TypeError("None of this works")


class LossOfAttributes(nn.Module):
    def forward(self, x, labels=None):
        loss = nn.functional.mse_loss(
            x,
            labels.view(-1, 1),
        )
        return {"logits": x, "loss": loss}


@pytest.mark.parametrize("model", [LossWithoutLabels(), LossOfAttributes()])
def test_a_loss_that_is_computed_without_labels_is_told_in_one_line(model: nn.Module):
    with pytest.raises(ModelForwardError) as caught:
        outputs_of(model, model, {"x": BATCH["x"]})
    message = str(caught.value)
    assert "forward fails where 'labels' is None" in message
    assert "test_model_calls.py:" in message
    assert message.endswith("compute a loss only under 'if labels is not None:'")
    assert "\n" not in message


def test_other_errors_where_an_argument_is_none_pass_through():
    model = LossWithoutLabels()
    with pytest.raises(TypeError, match="None of this works"):
        outputs_of(model, model, {"x": BATCH["x"], "mask": BATCH["x"]})
