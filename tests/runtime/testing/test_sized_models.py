"""Models of a wrong scale, number or width are caught; others are left alone."""

import pytest
import sized_models as models
from attending_models import (
    AsManyPatchesAsTheDefaultWidth,
    LabelsTokens,
    SeesPatches,
    attending,
    batch_of_images,
    seeing,
)
from number_models import numbers
from sound_models import image_batch, text_batch, token_batch

from oumi_runtime.testing import (
    CHECKS,
    CheckFailedError,
    ModelCase,
    NotApplicableError,
)


def of_images(model_class):
    return ModelCase(
        lambda: model_class(16, 16, in_channels=1, output_dim=3, kernel_size=3),
        image_batch,
    )


def of_texts(model_class, *arguments):
    return ModelCase(lambda: model_class(*arguments), text_batch)


FAULTS: list[tuple[ModelCase, str, str]] = [
    (
        attending(models.Unscaled),
        "attention_scores_do_not_grow_with_the_width",
        "with 4 times the width, .* vary 1.9 times as much",
    ),
    (
        attending(models.UnscaledBesideAMatrix),
        "attention_scores_do_not_grow_with_the_width",
        "with 4 times the width, .* vary 1.9 times as much",
    ),
    (
        attending(models.ScaleOfOne),
        "attention_scores_do_not_grow_with_the_width",
        "divided by the root of a head's width",
    ),
    (
        attending(models.OneLayerFewer),
        "there_are_as_many_layers_as_asked_for",
        "with num_layers=3 there are 2 layers in layers",
    ),
    (
        attending(models.OneLayerMore),
        "there_are_as_many_layers_as_asked_for",
        "with num_layers=3 there are 4 layers in layers",
    ),
    (
        attending(models.HalfOfTheLayers),
        "an_argument_rules_all_of_its_kind",
        "the length of more is 3 whatever num_layers is, although the length of layers",
    ),
    (
        of_texts(models.FiltersOfTheDefault, 8),
        "an_argument_rules_all_of_its_kind",
        r"hidden\.weight returns 24 values whatever width is",
    ),
    (
        of_texts(models.FiltersOfTwiceTheDefault, 8),
        "an_argument_rules_all_of_its_kind",
        r"hidden\.weight returns 48 values .* 2 times the default of width",
    ),
    (
        of_texts(models.Divided),
        "logits_are_not_multiplied",
        r"the logits are 0\.1 times the output of the last layer",
    ),
    (
        of_images(models.PixelsDividedAgain),
        "first_layer_gets_numbers_of_a_fair_size",
        r"a magnitude of 0\.5\d, but of 0\.002\d when they reach conv",
    ),
    (
        of_images(models.PixelsMadeBytes),
        "first_layer_gets_numbers_of_a_fair_size",
        r"but of 1\.\de\+02 when they reach conv",
    ),
    (
        numbers(models.OfNormsOnly),
        "layers_have_an_activation_between_them",
        "linear in the output of the first of 4 layers",
    ),
    (
        numbers(models.ForgetsItsInput),
        "layers_keep_their_input_as_said",
        "layers are added to their input",
    ),
    (
        attending(models.SeesWhatIsBefore),
        "encoders_see_what_comes_after",
        "the last of 6 input_ids changes with the first in layers",
    ),
    (
        ModelCase(models.LooksLessFarBack, token_batch),
        "as_many_tokens_are_seen_as_said",
        r"'see 2 \*\* n tokens', which is 8, .* does not change with the token 7",
    ),
]

FAULTS += [
    (
        attending(models.FirstLayerTwice),
        "layers_of_a_list_are_called_alike",
        "the layers of layers are called 2, 1, 1 times",
    ),
    (
        attending(models.HeadsForWidth),
        "there_are_as_many_heads_as_asked_for",
        "with num_heads=2 there are 8 heads of width 2",
    ),
    (
        seeing(models.PatchesReshaped),
        "patches_stay_apart",
        "changing one patch of 4 changes 4 rows",
    ),
    (
        of_texts(models.LogitsDroppedOut),
        "outputs_are_not_dropped_out",
        r"[45]\d% of the outputs are zero in training",
    ),
    (
        of_texts(models.LogitsDroppedOutByHand),
        "outputs_are_not_dropped_out",
        r"\d% of the outputs are zero in training",
    ),
]

SOUND: list[tuple[ModelCase, str]] = [
    (attending(models.Scored), "attention_scores_do_not_grow_with_the_width"),
    (attending(models.OwnProjections), "attention_scores_do_not_grow_with_the_width"),
    (attending(models.SmallStart), "attention_scores_do_not_grow_with_the_width"),
    (attending(models.SomeLayers), "there_are_as_many_layers_as_asked_for"),
    (attending(models.LastLayerApart), "there_are_as_many_layers_as_asked_for"),
    (attending(models.TwoArguments), "an_argument_rules_all_of_its_kind"),
    (of_texts(models.FiltersOfTheDefault), "an_argument_rules_all_of_its_kind"),
    (of_texts(models.OtherFilters, 8), "an_argument_rules_all_of_its_kind"),
    (
        ModelCase(lambda: AsManyPatchesAsTheDefaultWidth(24), batch_of_images),
        "an_argument_rules_all_of_its_kind",
    ),
    (of_texts(models.DividedByTheRoot), "logits_are_not_multiplied"),
    (of_texts(models.Cosines), "logits_are_not_multiplied"),
    (attending(models.UnequalShares), "layers_of_a_list_are_called_alike"),
    (attending(models.SomeLayers), "layers_of_a_list_are_called_alike"),
    (attending(models.Heads), "there_are_as_many_heads_as_asked_for"),
    (seeing(SeesPatches), "patches_stay_apart"),
    (of_texts(models.HiddenDroppedOut), "outputs_are_not_dropped_out"),
    (of_texts(models.HiddenDroppedOut, 0.99), "overfits_one_batch"),
    (of_texts(models.HiddenDroppedOut, 0.999), "every_parameter_gets_a_gradient"),
    (numbers(models.Stacked), "layers_have_an_activation_between_them"),
    (numbers(models.Stacked), "layers_keep_their_input_as_said"),
    (attending(LabelsTokens), "encoders_see_what_comes_after"),
    (ModelCase(models.LooksBack, token_batch), "as_many_tokens_are_seen_as_said"),
]

LEFT_ALONE: list[tuple[ModelCase, str, str]] = [
    (
        of_texts(models.WithTemperature),
        "logits_are_not_multiplied",
        "a scale of its own",
    ),
    (
        attending(models.SaysItIsCausal),
        "encoders_see_what_comes_after",
        "reads in one direction",
    ),
    (
        ModelCase(models.LooksBack, token_batch),
        "encoders_see_what_comes_after",
        "reads in one direction",
    ),
]


def check_named(name: str):
    (check,) = (check for check in CHECKS if check.name == name)
    return check


def names(cases):
    return [f"{case[0].make_model_class.__name__}-{case[1]}" for case in cases]


@pytest.mark.parametrize(("case", "name", "sentence"), FAULTS, ids=names(FAULTS))
def test_a_wrong_size_is_caught_and_named(case, name, sentence):
    with pytest.raises(CheckFailedError, match=sentence):
        check_named(name)(case)


@pytest.mark.parametrize(("case", "name"), SOUND, ids=names(SOUND))
def test_a_size_that_may_be_is_left_alone(case, name):
    check_named(name)(case)


@pytest.mark.parametrize(("case", "name", "why"), LEFT_ALONE, ids=names(LEFT_ALONE))
def test_what_a_model_says_it_means_is_not_asked_of_it(case, name, why):
    with pytest.raises(NotApplicableError, match=why):
        check_named(name)(case)
