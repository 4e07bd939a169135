"""Each check fails on the fault it is for, names it, and leaves sound models alone."""

import contextlib

import faulty_models
import pytest
import torch
from faulty_models import faulty
from sound_models import SOUND
from torch import nn

from oumi_runtime.testing import (
    CHECKS,
    CheckFailedError,
    ModelCase,
    NotApplicableError,
)
from oumi_runtime.testing.measuring import require_equal

FAULTS: list[tuple[type[nn.Module], str, str]] = [
    (
        faulty_models.UnusedLayer,
        "every_parameter",
        r"forgotten\.weight, forgotten\.bias",
    ),
    (faulty_models.Detached, "every_parameter", r"embedding\.weight gets no gradient"),
    (faulty_models.DetachedLoss, "every_parameter", "the loss has no gradient"),
    (faulty_models.PlainList, "are_registered", r"_blocks\[0\] is not registered"),
    (faulty_models.PlainTensor, "are_registered", "scale is neither a parameter nor"),
    (faulty_models.NanGradient, "every_parameter", r"gradient of \S+ is not finite"),
    (faulty_models.SoftmaxBeforeLoss, "overfits", "does the criterion expect logits"),
    (faulty_models.ZeroInit, "overfits", "does the gradient reach every layer"),
    (faulty_models.FlatLoss, "overfits", "bring the loss from -1 to -1 only"),
    (faulty_models.BatchStatistics, "see_each_other", "over the batch dimension"),
    (faulty_models.SoftmaxOverBatch, "see_each_other", "over the batch dimension"),
    (faulty_models.MaskIgnored, "padding", "is attention_mask used"),
    (faulty_models.MaskInSumOnly, "padding", "three more padding tokens"),
    (faulty_models.MaskInverted, "padding", "is attention_mask used"),
    (
        faulty_models.PlainTensor,
        "saved_model",
        "scale is neither a parameter nor a buffer",
    ),
    (faulty_models.PlainList, "saved_model", r"_blocks\[0\] is neither"),
    (
        faulty_models.NotJson,
        "saved_model",
        "argument 'activation' is or holds a function",
    ),
    (
        faulty_models.ArgumentNotRecorded,
        "saved_model",
        r"does not fit .*hidden\.weight",
    ),
    (faulty_models.NotABaseModel, "saved_model", "NotABaseModel is not a subclass"),
    (
        faulty_models.Unreduced,
        "only_with_labels",
        r"shape \(4,\), but must be a scalar",
    ),
    (faulty_models.Unreduced, "every_parameter", "must be a scalar"),
    (
        faulty_models.LossWithoutLabels,
        "only_with_labels",
        "although it was given no labels",
    ),
    (faulty_models.NoLoss, "only_with_labels", "returns no 'loss'"),
    (faulty_models.NoLoss, "overfits", "returns no 'loss'"),
    (
        faulty_models.NanInit,
        "only_with_labels",
        "the loss is nan: is a weight not init",
    ),
    (faulty_models.NanInit, "see_each_other", "the logits hold NaN"),
    (faulty_models.NoLogits, "one_row", "returns no 'logits'"),
    (faulty_models.ReturnsTuple, "one_row", "returns a tuple, but must return a dict"),
    (faulty_models.MixedUp, "one_row", "is a reshape mixing samples"),
]


FAST = [each for each in CHECKS if not each.is_slow]


def check_named(part: str):
    (check,) = (check for check in CHECKS if part in check.name)
    return check


@pytest.mark.parametrize(
    ("model_class", "part", "sentence"),
    FAULTS,
    ids=[f"{model_class.__name__}-{part}" for model_class, part, _ in FAULTS],
)
def test_a_fault_is_caught_and_named(model_class, part, sentence):
    with pytest.raises(CheckFailedError, match=sentence) as error:
        check_named(part)(faulty(model_class))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("check", FAST, ids=lambda check: check.name)
def test_a_sound_model_passes(name, check):
    with contextlib.suppress(NotApplicableError):
        check(SOUND[name])


@pytest.mark.parametrize("name", ["mlp_encoder", "very_small", "causal_lm"])
@pytest.mark.parametrize(
    "check",
    [each for each in FAST if each.theme != "learning"],
    ids=lambda check: check.name,
)
def test_there_is_no_false_alarm_at_any_seed(name, check):
    case = SOUND[name]
    for seed in range(8):
        with contextlib.suppress(NotApplicableError):
            check(reseeded(case, seed))


@pytest.mark.parametrize("name", ["mlp_encoder", "very_small"])
def test_every_seed_overfits(name):
    for seed in range(5):
        check_named("overfits")(reseeded(SOUND[name], seed))


def reseeded(case: ModelCase, seed: int) -> ModelCase:
    """The case with other weights and other data."""

    def make_model() -> nn.Module:
        torch.manual_seed(1000 * seed + torch.initial_seed())
        return case.make_model()

    def make_batch(batch_size: int):
        torch.manual_seed(1000 * seed + torch.initial_seed())
        return case.make_batch(batch_size)

    return ModelCase(make_model, make_batch)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float64])
def test_rounding_is_no_difference(dtype):
    left = torch.tensor([3.0, -1.0, 0.0], dtype=dtype)
    require_equal(left, left * (1 + 4 * torch.finfo(dtype).eps), "unequal")
    with pytest.raises(CheckFailedError, match=r"unequal \(largest difference 0\.[23]"):
        require_equal(left, left * 1.1, "unequal")


def test_small_logits_are_compared_at_their_own_scale():
    left = torch.tensor([1e-3, 2e-3])
    with pytest.raises(CheckFailedError, match="unequal"):
        require_equal(left, left * 1.01, "unequal")


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool])
def test_counts_and_masks_are_compared_without_rounding(dtype):
    left = torch.tensor([0, 1], dtype=dtype)
    require_equal(left, left.clone(), "unequal")
    with pytest.raises(CheckFailedError, match="unequal"):
        require_equal(left, left.flip(0), "unequal")


def test_equal_infinities_are_equal_and_nan_is_not():
    infinite = torch.tensor([1.0, float("-inf")])
    require_equal(infinite, infinite.clone(), "unequal")
    with pytest.raises(CheckFailedError, match="unequal"):
        require_equal(infinite, torch.tensor([1.0, float("nan")]), "unequal")
    with pytest.raises(CheckFailedError, match=r"shapes \(2,\) and \(1,\)"):
        require_equal(infinite, infinite[:1], "unequal")


def test_padding_does_not_concern_inputs_without_a_mask():
    with pytest.raises(NotApplicableError, match="the inputs have no token ids"):
        check_named("padding")(SOUND["cnn"])


def test_a_case_makes_the_same_model_and_batch_every_time():
    case = SOUND["mlp_encoder"]
    assert case.model().fc1.weight.equal(case.model().fc1.weight)
    assert not case.model().fc1.weight.equal(case.model(seed=1).fc1.weight)
    assert case.batch()["input_ids"].equal(case.batch()["input_ids"])
    assert case.model(training=True).training
    assert not case.model().training
    assert "labels" not in case.inputs()
