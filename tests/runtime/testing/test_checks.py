"""Each check fails on the fault it is for, names it, and leaves sound models alone."""

import contextlib

import faulty_models
import pytest
import torch
from attending_models import (
    FirstTwice,
    HeadsNotTransposed,
    LateByOne,
    NoPositions,
    OnePlaceForAll,
    SeesItselfAlone,
    WithoutResidual,
    attending,
    seeing,
)
from decoding_models import (
    LabelsClamped,
    ShiftsByTwo,
    StartsWithAnother,
    WritesLate,
    decoding,
)
from faulty_models import faulty
from number_models import (
    Clamped,
    FourFeatures,
    HalfPrecision,
    NeverNegative,
    Squeezed,
    WithoutSigns,
    numbers,
)
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
    (faulty_models.MaskIgnored, "padding_does", "is attention_mask used"),
    (faulty_models.MaskInSumOnly, "padding_does", "three more padding tokens"),
    (faulty_models.MaskInverted, "padding_does", "is attention_mask used"),
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
        "although it received no labels",
    ),
    (faulty_models.NoLoss, "only_with_labels", "returns no 'loss'"),
    (faulty_models.NoLoss, "overfits", "returns no 'loss'"),
    (
        faulty_models.NanInit,
        "only_with_labels",
        "the loss is nan: is a weight not init",
    ),
    (faulty_models.NanInit, "see_each_other", "the logits contain NaN"),
    (faulty_models.NoLogits, "one_row", "returns no 'logits'"),
    (faulty_models.ReturnsTuple, "one_row", "returns a tuple, but must return a dict"),
    (faulty_models.MixedUp, "one_row", "is a reshape mixing samples"),
    (
        faulty_models.SharedLayers,
        "weights_of_their_own",
        r"layers\.1\.weight is layers\.0\.weight",
    ),
    (faulty_models.LargeStart, "usual_size", r"embedding\.weight \((19|20|21)"),
    (
        faulty_models.NoActivation,
        "act_as_one",
        "classifier receives the output of hidden with nothing but sums",
    ),
    (
        faulty_models.DropoutTurnedRound,
        "dropout_of_zero",
        r"with dropout=0 dropout \(p=1\.0\) still drops units out",
    ),
    (faulty_models.LossDoubledInTraining, "what_evaluation", "the loss in training"),
    (faulty_models.RunningMean, "what_evaluation", "does forward keep state"),
    (faulty_models.SetsEvaluation, "what_evaluation", "to evaluation mode"),
    (faulty_models.SeedsEveryStep, "the_same_training", "forward sets torch's seed"),
    (faulty_models.SeedsItself, "the_same_weights", "does the constructor set"),
    (faulty_models.SeedsPython, "settings_of_torch", "Python's `random`, or seeds it"),
    (
        faulty_models.ChangesPrecision,
        "settings_of_torch",
        "matmul precision from highest to high",
    ),
    (faulty_models.LabelsClamped, "labels_out_of_range", "the label 3 is accepted"),
    (
        faulty_models.PaddingOfAnother,
        "row_that_learns",
        "padded with 0, and 1 is an ordinary token",
    ),
    (
        faulty_models.Autocast,
        "float64",
        r"in float32 returns logits in torch\.bfloat16",
    ),
    (
        faulty_models.NeverInitialised,
        "is_initialised",
        r"offset is created by torch\.empty",
    ),
    (faulty_models.BiasFrozen, "biases", r"classifier\.bias is not trained, although"),
    (
        faulty_models.IdsModulo,
        "tokens_are_told_apart",
        "are ids clamped, or mapped to others",
    ),
    (faulty_models.CutOff, "every_input", "the last of 100 input_ids has no influence"),
    (faulty_models.NotOfLengthOne, "length_of_emb", "though the docstring says 1"),
    (faulty_models.ForgetsAnArgument, "constructor_argument", "is saved as one of {}"),
    (
        faulty_models.ChangesItsArguments,
        "constructor_argument",
        "does the constructor change what is recorded",
    ),
]
# Faults that are at home in other models.
OTHER_FAULTS: list[tuple[ModelCase, str, str]] = [
    (attending(NoPositions), "order_of_tokens", "are position embeddings added"),
    (attending(SeesItselfAlone), "attention_reaches", "let each token see only itself"),
    (
        attending(HeadsNotTransposed),
        "stay_alike",
        r"given identical tokens, layers\.0 returns",
    ),
    (attending(LateByOne), "own_token", "output at position 0 does not change"),
    (attending(FirstTwice), "own_token", "position 1 equals that at position 0"),
    (decoding(StartsWithAnother), "shifted_by_one", "of 0 and the previous labels"),
    (decoding(WritesLate), "own_token", "does not change with the label before it"),
    (decoding(LabelsClamped), "labels_out_of_range", "the label 12 is accepted"),
    (decoding(ShiftsByTwo), "shifted_by_one", "how are the labels shifted"),
    (attending(WithoutResidual), "keep_their_input", r"of layers\.0 says that its"),
    (
        seeing(OnePlaceForAll),
        "places_are_told",
        "blocks of 4x4 pixels in",
    ),
    (numbers(HalfPrecision), "every_input", "tenth of the numbers of features"),
    (numbers(Squeezed), "reach_the_labels", "the outputs stay within -1 and 1"),
    (numbers(NeverNegative), "reach_the_labels", r"outputs stay within [0-9.]+ and"),
    (
        numbers(Clamped),
        "every_input",
        "the smallest tenth of the numbers of features",
    ),
    (numbers(WithoutSigns), "every_input", "the signs of features"),
    (numbers(FourFeatures), "constructor_argument", "is the number 4 hard-coded"),
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


@pytest.mark.parametrize(
    ("case", "part", "sentence"),
    OTHER_FAULTS,
    ids=[f"{case.make_model_class.__name__}-{part}" for case, part, _ in OTHER_FAULTS],
)
def test_a_fault_of_attention_or_numbers_is_caught_and_named(case, part, sentence):
    with pytest.raises(CheckFailedError, match=sentence):
        check_named(part)(case)


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
        check_named("padding_does")(SOUND["cnn"])


def test_a_case_makes_the_same_model_and_batch_every_time():
    case = SOUND["mlp_encoder"]
    assert case.model().fc1.weight.equal(case.model().fc1.weight)
    assert not case.model().fc1.weight.equal(case.model(seed=1).fc1.weight)
    assert case.batch()["input_ids"].equal(case.batch()["input_ids"])
    assert case.model(training=True).training
    assert not case.model().training
    assert "labels" not in case.inputs()
