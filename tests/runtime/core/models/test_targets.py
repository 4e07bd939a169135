"""What only the loss of a model reads is told from what its predictions are made of."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models.targets import needed_targets, targets_of

BATCH = {
    "features": torch.rand(6, 3, generator=torch.Generator().manual_seed(0)),
    "attention_mask": torch.ones(6, 3, dtype=torch.int64),
    "topic": torch.zeros(6, dtype=torch.int64),  # The first rows are often of a class.
    "stars": torch.full((6,), 3.5),
    "weight": torch.full((6,), 2.0),
}


class Net(nn.Module):
    """Two linear heads."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.topics, self.rating = nn.Linear(3, 4), nn.Linear(3, 1)

    def heads(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return {"logits": self.topics(x), "rating": self.rating(x)[:, 0]}


class OneTask(Net):
    """Its label has a name of its own."""

    def forward(self, features, topic=None):
        found = self.heads(features)
        if topic is not None:
            found["loss"] = F.cross_entropy(found["logits"], topic)
            found["losses"] = F.cross_entropy(found["logits"], topic, reduction="none")
        return found


class TwoTasks(Net):
    """The second loss is added to the first."""

    def forward(self, features, topic=None, stars=None, weight=None):
        found, loss = self.heads(features), None
        if topic is not None:
            loss = F.cross_entropy(found["logits"], topic)
        if stars is not None:
            weight = 1 if weight is None else weight
            loss = loss + (weight * (found["rating"] - stars) ** 2).mean()
        return found if loss is None else {**found, "loss": loss}


class Masked(Net):
    """It reads an optional input, and by a mistake its mask in the loss alone."""

    def forward(self, features, attention_mask=None, stars=None, labels=None):
        x = features if stars is None else features + stars[:, None]
        found = self.heads(x)
        if labels is not None:
            weights = 1 if attention_mask is None else attention_mask[:, 0]
            losses = F.cross_entropy(found["logits"], labels, reduction="none")
            found["loss"] = (weights * losses).mean()
        return found


class Needed(Net):
    """It cannot be called without its label."""

    def forward(self, features, topic):
        found = self.heads(features)
        return {**found, "loss": F.cross_entropy(found["logits"], topic)}


def batch_of(*names: str) -> dict[str, torch.Tensor]:
    return {name: BATCH[name] for name in ("features", *names)}


def test_a_label_may_have_any_name():
    assert targets_of(OneTask(), batch_of("topic")) == {"topic"}


def test_labels_of_two_tasks_and_weights_of_samples_are_targets():
    batch = batch_of("topic", "stars", "weight")
    assert targets_of(TwoTasks(), batch) == {"topic", "stars", "weight"}


def test_optional_inputs_and_masks_are_none():
    batch = {**batch_of("stars", "attention_mask"), "labels": BATCH["topic"]}
    assert targets_of(Masked(), batch) == {"labels"}


def test_labels_are_known_by_name_if_the_model_fails():
    batch = {**batch_of("stars"), "labels": torch.full((6,), 9)}
    assert targets_of(Masked(), batch) == {"labels"}


class BothOrNone(TwoTasks):
    """The second label is of no use without the first."""

    def forward(self, features, labels=None, stars=None):
        return super().forward(features, labels, stars)


class AddsToItsOutputs(Net):
    """It finds no loss to add to in its outputs."""

    def forward(self, features, labels=None, stars=None):
        found = self.heads(features)
        if labels is not None:
            found["loss"] = F.cross_entropy(found["logits"], labels)
        if stars is not None:
            found["loss"] += (found["rating"] - stars).square().mean()
        return found


class AddsToNothing(Net):
    """Its loss has no value yet."""

    def forward(self, features, labels=None, stars=None):
        found = self.heads(features)
        if labels is not None:
            loss = F.cross_entropy(found["logits"], labels)
        if stars is not None:
            loss += (found["rating"] - stars).square().mean()
            found["loss"] = loss
        return found


@pytest.mark.parametrize("model", [BothOrNone(), AddsToItsOutputs(), AddsToNothing()])
def test_labels_of_a_second_task_alone_are_targets_if_forward_fails(model):
    assert targets_of(model, batch_of("stars")) == {"stars"}
    assert targets_of(model, batch_of()) == frozenset()


def test_a_column_that_forward_does_not_take_is_no_target():
    assert targets_of(OneTask(), batch_of("stars")) == frozenset()


def test_a_label_that_forward_requires_is_told_apart():
    model, batch = Needed(), batch_of("topic")
    assert targets_of(model, batch) == frozenset()
    assert needed_targets(model, batch) == {"topic"}
    assert needed_targets(OneTask(), batch) == frozenset()


class Noisy(TwoTasks):
    """It draws random numbers in evaluation, too."""

    def heads(self, x: torch.Tensor) -> dict[str, torch.Tensor]:
        return super().heads(x + 0.1 * torch.randn_like(x))


def test_random_numbers_hide_nothing_and_are_drawn_again_later():
    torch.manual_seed(3)
    model, state = Noisy(), torch.get_rng_state()
    assert targets_of(model, batch_of("topic", "stars")) == {"topic", "stars"}
    assert torch.get_rng_state().equal(state)
