"""Freezing the parameters below what a pattern names."""

import pytest
from torch import nn

from oumi_runtime.builders.models.freezing import freeze_layers
from oumi_runtime.exceptions import ModelBuildError


def a_model() -> nn.Module:
    layers = (
        nn.ModuleDict({"fc": nn.Linear(2, 2), "norm": nn.LayerNorm(2)})
        for _ in range(2)
    )
    return nn.ModuleDict(
        {"embedding": nn.Embedding(3, 2), "layers": nn.ModuleList(layers)}
    )


def trained(model: nn.Module) -> set[str]:
    return {name for name, p in model.named_parameters() if p.requires_grad}


@pytest.mark.parametrize(
    ("pattern", "frozen"),
    [
        ("embedding", {"embedding.weight"}),
        ("layers.0.fc.bias", {"layers.0.fc.bias"}),
        (
            "layers.*.fc",
            {f"layers.{n}.fc.{p}" for n in "01" for p in ("weight", "bias")},
        ),
        ("*.bias", {f"layers.{n}.{m}.bias" for n in "01" for m in ("fc", "norm")}),
        ("*", set(dict(a_model().named_parameters()))),
    ],
)
def test_a_pattern_freezes_the_parameters_below_what_it_names(
    pattern: str, frozen: set[str]
) -> None:
    model = a_model()
    assert freeze_layers(model, [pattern]) == len(frozen)
    assert trained(model) == set(dict(model.named_parameters())) - frozen


def test_a_parameter_that_two_patterns_name_counts_once() -> None:
    assert freeze_layers(a_model(), ["layers.0", "layers.0.norm.*"]) == 4


def test_a_tied_weight_is_frozen_by_either_name() -> None:
    model = nn.ModuleDict({"a": nn.Linear(2, 2, bias=False), "b": nn.Linear(2, 2)})
    model["b"].weight = model["a"].weight
    freeze_layers(model, ["b.weight"])
    assert trained(model) == {"b.bias"}


def test_a_pattern_that_matches_nothing_is_said_and_nothing_is_frozen() -> None:
    model = a_model()
    with pytest.raises(ModelBuildError, match="did you mean 'embedding'"):
        freeze_layers(model, ["layers", "embeding"])
    assert trained(model) == set(dict(model.named_parameters()))


def test_where_no_name_is_near_the_outermost_ones_are_listed() -> None:
    with pytest.raises(ModelBuildError, match="at the top it has embedding, layers"):
        freeze_layers(a_model(), ["xyz.*.q"])
