"""Each check fails on the fault it is for, names it, and leaves sound models alone."""

import pytest
import specimens
import torch
from specimens import SOUND, faulty
from torch import nn

from oumi_runtime.testing import CHECKS, CheckFailedError, ModelCase
from oumi_runtime.testing.measuring import require_equal

FAULTS: list[tuple[type[nn.Module], str, str]] = [
    (specimens.UnusedLayer, "every_parameter", r"forgotten\.weight, forgotten\.bias"),
    (specimens.Detached, "every_parameter", r"embedding\.weight gets no gradient"),
    (specimens.DetachedLoss, "every_parameter", "the loss has no gradient"),
    (specimens.PlainList, "every_parameter", r"_blocks\[0\] is not registered"),
    (specimens.NanGradient, "every_parameter", r"gradient of \S+ is not finite"),
    (specimens.SoftmaxBeforeLoss, "overfits", "does the criterion expect logits"),
    (specimens.ZeroInit, "overfits", "does the gradient reach every layer"),
    (specimens.FlatLoss, "overfits", "bring the loss from -1 to -1 only"),
    (specimens.BatchStatistics, "see_each_other", "over the batch dimension"),
    (specimens.SoftmaxOverBatch, "see_each_other", "over the batch dimension"),
    (specimens.MaskIgnored, "padding", "is attention_mask used"),
    (specimens.MaskInSumOnly, "padding", "three more padding tokens"),
    (specimens.MaskInverted, "padding", "is attention_mask used"),
    (specimens.PlainTensor, "saved_model", "scale is neither a parameter nor a buffer"),
    (specimens.PlainList, "saved_model", r"_blocks\[0\] is neither"),
    (specimens.NotJson, "saved_model", "argument 'activation' is or holds a function"),
    (specimens.ArgumentNotRecorded, "saved_model", r"does not fit .*hidden\.weight"),
    (specimens.NotABaseModel, "saved_model", "NotABaseModel is not a subclass"),
    (specimens.Unreduced, "only_with_labels", r"shape \(4,\), but must be a scalar"),
    (specimens.Unreduced, "every_parameter", "must be a scalar"),
    (
        specimens.LossWithoutLabels,
        "only_with_labels",
        "although it was given no labels",
    ),
    (specimens.NoLoss, "only_with_labels", "returns no 'loss'"),
    (specimens.NoLoss, "overfits", "returns no 'loss'"),
    (specimens.NanInit, "only_with_labels", "the loss is nan: is a weight not init"),
    (specimens.NanInit, "see_each_other", "the logits hold NaN"),
    (specimens.NoLogits, "one_row", "returns no 'logits'"),
    (specimens.NoLogits, "padding", "returns no 'logits'"),
    (specimens.ReturnsTuple, "one_row", "returns a tuple, but must return a dict"),
    (specimens.MixedUp, "one_row", "is a reshape mixing samples"),
]


def check_named(part: str):
    (check,) = (check for check in CHECKS if part in check.__name__)
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
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_a_sound_model_passes(name, check):
    check(SOUND[name])


@pytest.mark.parametrize("name", ["mlp_encoder", "very_small", "causal_lm"])
@pytest.mark.parametrize("check", CHECKS[:-1], ids=lambda check: check.__name__)
def test_there_is_no_false_alarm_at_any_seed(name, check):
    case = SOUND[name]
    for seed in range(30):
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


def test_equal_infinities_are_equal_and_nan_is_not():
    infinite = torch.tensor([1.0, float("-inf")])
    require_equal(infinite, infinite.clone(), "unequal")
    with pytest.raises(CheckFailedError, match="unequal"):
        require_equal(infinite, torch.tensor([1.0, float("nan")]), "unequal")
    with pytest.raises(CheckFailedError, match=r"shapes \(2,\) and \(1,\)"):
        require_equal(infinite, infinite[:1], "unequal")


def test_inputs_without_a_mask_pass_the_padding_check():
    check_named("padding")(SOUND["cnn"])


def test_a_case_makes_the_same_model_and_batch_every_time():
    case = SOUND["mlp_encoder"]
    assert case.model().fc1.weight.equal(case.model().fc1.weight)
    assert not case.model().fc1.weight.equal(case.model(seed=1).fc1.weight)
    assert case.batch()["input_ids"].equal(case.batch()["input_ids"])
    assert case.model(training=True).training
    assert not case.model().training
    assert "labels" not in case.inputs()
