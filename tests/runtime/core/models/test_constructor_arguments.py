"""BaseModel records the arguments that a model is made with."""

import copy
import inspect
import pickle

import numpy as np
import pytest
import tiny_models as tiny
from torch import nn

from oumi_runtime.core.models import BaseModel
from oumi_runtime.exceptions import ModelBuildError


@pytest.mark.parametrize(
    ("model", "recorded"),
    [
        (lambda: tiny.Tiny(), {"width": 4, "bias": True}),
        (lambda: tiny.Tiny(3), {"width": 3, "bias": True}),
        (lambda: tiny.Tiny(bias=False, width=3), {"width": 3, "bias": False}),
        (lambda: tiny.Passing(3), {"width": 3, "scale": 2.0}),
        (lambda: tiny.Inheriting(3, scale=1.0), {"width": 3, "scale": 1.0}),
        (lambda: tiny.Doubled(3), {"width": 3}),
        (lambda: tiny.DoubledPassing(3), {"half": 3, "width": 7}),
        (lambda: tiny.Extra(3), {"width": 3}),
        (lambda: tiny.Extra(3, bias=False), {"width": 3, "bias": False}),
        (lambda: tiny.Mixed(3), {"width": 3}),
        (lambda: tiny.Mixed(), {"width": 5}),
        (lambda: tiny.Shortened(np.int64(3)), {"width": 3}),
        (lambda: tiny.Bare(), {}),
    ],
)
def test_every_argument_is_recorded_by_its_name(model, recorded):
    assert model().init_kwargs == recorded


@pytest.mark.parametrize(
    "model",
    [
        lambda: tiny.Doubled(3),
        lambda: tiny.DoubledPassing(3),
        lambda: tiny.Extra(3, bias=False),
        lambda: tiny.Mixed(3),
        lambda: tiny.Passing(3),
        lambda: tiny.Shortened("3"),
    ],
)
def test_the_recorded_arguments_make_the_same_model_again(model):
    made = model()
    again = type(made)(**made.init_kwargs)
    assert {n: p.shape for n, p in again.named_parameters()} == {
        n: p.shape for n, p in made.named_parameters()
    }


def test_the_signature_stays_the_users():
    assert str(inspect.signature(tiny.Tiny)) == (
        "(width: int = 4, *, bias: bool = True) -> None"
    )
    assert str(inspect.signature(tiny.Inheriting)) == (
        "(width: int, *, scale: float = 2.0) -> None"
    )


def test_a_wrong_argument_raises_pythons_own_error():
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'widht'"):
        tiny.Tiny(widht=3)


def test_a_list_that_is_changed_later_is_recorded_as_it_was():
    sizes = [1, {"a": [2]}]
    model = tiny.Holding(sizes)
    sizes[1]["a"].append(3)
    assert model.init_kwargs == {"value": [1, {"a": [2]}]}


def test_an_argument_that_cannot_be_copied_is_taken():
    generator = (x for x in "ab")
    assert tiny.Holding([generator]).init_kwargs["value"] == [generator]


def test_changing_init_kwargs_does_not_change_what_is_recorded():
    model = tiny.Tiny(3)
    model.init_kwargs["width"] = 5
    assert model.init_kwargs["width"] == 3


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_keeps_the_arguments(copied):
    model = tiny.Extra(3, bias=False)
    again = copied(model)
    assert again.init_kwargs == {"width": 3, "bias": False}
    assert again.layer.weight.equal(model.layer.weight)
    assert again.layer.weight is not model.layer.weight


def test_a_class_without_forward_or_criterion_cannot_be_made():
    class WithoutCriterion(BaseModel):
        def forward(self, x):
            return {"logits": x}

    class WithoutForward(BaseModel):
        @property
        def criterion(self):
            return max

    with pytest.raises(TypeError, match="abstract"):
        WithoutCriterion()
    with pytest.raises(TypeError, match="abstract"):
        WithoutForward()


def test_a_criterion_that_the_class_hides_is_refused():
    class Hidden(tiny.Tiny):
        def __init__(self) -> None:
            super().__init__()
            self.criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

    with pytest.raises(ModelBuildError, match="sets criterion, but the criterion of"):
        Hidden()


def test_a_criterion_that_the_class_returns_may_be_a_module():
    class Returned(tiny.Tiny):
        criterion = property(lambda self: self._modules["criterion"])

        def __init__(self) -> None:
            super().__init__()
            self.criterion = nn.CrossEntropyLoss()

    assert isinstance(Returned().criterion, nn.CrossEntropyLoss)
