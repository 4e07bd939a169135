"""Models that misread an input's length, layout or order are caught."""

import misread_models
import pytest
from attending_models import attending
from number_models import numbers
from sound_models import image_batch, text_batch, token_batch

from oumi_runtime.testing import CHECKS, CheckFailedError, ModelCase

FAULTS: list[tuple[ModelCase, str, str]] = [
    (
        ModelCase(misread_models.DividedByTheWholeLength, token_batch),
        "beginning_alone_is_the_same",
        "the first 1 of 6 input_ids give different outputs",
    ),
    (
        attending(misread_models.PositionsForEighteen),
        "longest_length_is_an_argument",
        "more than 18 tokens: .*no length among the arguments is 18",
    ),
    (
        numbers(misread_models.Viewed),
        "inputs_of_any_layout_are_taken",
        r"misread_models\.py:\d+: return features\.view",
    ),
    (
        ModelCase(
            lambda: misread_models.ViewedImage(
                16, 16, in_channels=1, output_dim=3, kernel_size=3
            ),
            image_batch,
        ),
        "inputs_of_any_layout_are_taken",
        "where flatten or reshape accept any layout",
    ),
    (
        numbers(misread_models.Sorted),
        "places_are_told_apart",
        "features with its features in another order",
    ),
    (
        ModelCase(misread_models.BagOfPatches, image_batch),
        "places_are_told_apart",
        "images with its blocks of 4x4 pixels in another order",
    ),
    (
        ModelCase(misread_models.WritesWhatIsThere, text_batch),
        "inputs_are_not_changed",
        "forward modifies input_ids in place",
    ),
    (
        ModelCase(misread_models.Unsaid, text_batch),
        "docstring_tells_the_shapes",
        "forward returns guesses, which the docstring does not mention",
    ),
    (
        ModelCase(misread_models.CopyOfTheEmbedding, token_batch),
        "tied_weights_are_not_copies",
        r"embedding\.weight starts as a copy of head",
    ),
    (
        ModelCase(misread_models.OfOneSign, text_batch),
        "logits_are_not_normalised",
        "all logits have the same sign",
    ),
    (
        attending(misread_models.SoftmaxOverHeads),
        "attention_is_shared_out_among_tokens",
        "is over dimension 1",
    ),
    (
        attending(misread_models.SoftmaxTwice),
        "attention_is_shared_out_among_tokens",
        "a softmax is applied to the result of a softmax",
    ),
    (
        numbers(misread_models.FeaturesApart),
        "attention_combines_what_is_apart",
        "separate effects of the first and the last of features",
    ),
    (
        attending(misread_models.QueriesForKeys),
        "every_unit_is_of_use",
        r"16 of 48 units of layers\.0\.qkv\.weight have no influence",
    ),
    (
        ModelCase(misread_models.SeesPaddingBefore, text_batch),
        "padding_does_not_matter",
        "other padding tokens before a text",
    ),
    (
        attending(misread_models.WindowOnOneSide),
        "tokens_on_both_sides_are_read",
        "changes with the input_ids before it alone",
    ),
]


def check_named(name: str):
    (check,) = (check for check in CHECKS if check.name == name)
    return check


@pytest.mark.parametrize(
    ("case", "name", "sentence"),
    FAULTS,
    ids=[case.make_model_class.__name__ for case, _, _ in FAULTS],
)
def test_a_misread_input_is_caught_and_named(case, name, sentence):
    with pytest.raises(CheckFailedError, match=sentence):
        check_named(name)(case)


def test_a_window_may_lie_on_both_sides():
    case = attending(misread_models.WindowOnBothSides)
    check_named("tokens_on_both_sides_are_read")(case)


def test_attention_may_combine_features():
    case = numbers(misread_models.FeaturesTogether)
    check_named("attention_combines_what_is_apart")(case)


def test_a_longest_length_may_be_an_argument():
    case = attending(misread_models.PositionsForMaxLength)
    check_named("longest_length_is_an_argument")(case)
