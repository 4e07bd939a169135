"""Batches for a model that comes without: from what its forward and docstring say."""

import pytest
import torch
from sound_models import Sound
from torch import nn

from oumi_runtime.core.models import BaseModel
from oumi_runtime.exceptions import ModelBuildError
from oumi_runtime.models import CNNClassifier, MLPEncoder
from oumi_runtime.testing.random_batches import derived_batches, small_arguments


class Regressor(BaseModel):
    """Takes features whose number is the first layer's."""

    def __init__(self, outputs: int = 1) -> None:
        super().__init__()
        self.layer = nn.Linear(7, outputs)

    def forward(self, features, labels=None, **kwargs):
        return {"logits": self.layer(features)}

    @property
    def criterion(self):
        return nn.functional.mse_loss


class Tagger(BaseModel):
    """Gives logits for every token."""

    def __init__(self, outputs: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(30, outputs)

    def forward(self, input_ids, labels=None, **kwargs):
        """Tags tokens.

        Args:
            input_ids: (batch, sequence) int64 in [0, 30).
            labels: (batch, sequence) int64.
            kwargs: Not used.
        """
        return {"logits": self.embedding(input_ids)}

    @property
    def criterion(self):
        return nn.functional.cross_entropy


def shapes(batch):
    return {name: (tuple(c.shape), c.dtype) for name, c in batch.items()}


def test_tokens_get_a_mask_and_the_labels_are_classes():
    batch = derived_batches(MLPEncoder)(5)
    assert shapes(batch) == {
        "input_ids": ((5, 12), torch.int64),
        "attention_mask": ((5, 12), torch.int64),
        "labels": ((5,), torch.int64),
    }
    assert batch["input_ids"][batch["attention_mask"] == 0].eq(0).all()
    assert batch["labels"].max() < 10


def test_the_size_of_the_vocabulary_is_that_of_the_table_without_a_docstring():
    assert derived_batches(Sound)(200)["input_ids"].max() == 19


def test_images_are_as_large_as_the_constructor_was_told():
    arguments = small_arguments(CNNClassifier)
    assert arguments == {"image_width": 28, "image_height": 28}
    batch = derived_batches(lambda: CNNClassifier(**arguments))(2)
    assert batch["images"].shape == (2, 3, 28, 28)
    assert 0 <= batch["images"].min() < batch["images"].max() <= 1


def test_one_number_for_a_sample_is_a_regression():
    batch = derived_batches(Regressor)(6)
    assert shapes(batch) == {
        "features": ((6, 7), torch.float32),
        "labels": ((6,), torch.float32),
    }


def test_a_row_for_every_token_has_a_label_for_every_token():
    batch = derived_batches(Tagger)(6)
    assert batch["labels"].shape == (6, 12)
    assert batch["labels"].max() < 4


def test_as_many_classes_as_tokens_are_the_next_tokens():
    batch = derived_batches(lambda: Tagger(30))(6)
    assert batch["labels"].equal(batch["input_ids"])


def test_inputs_of_which_nothing_is_known_are_refused():
    class Odd(Sound):
        def forward(self, graph, labels=None, **kwargs):
            return {}

    Odd.__init__ = lambda self: nn.Module.__init__(self)
    with pytest.raises(ModelBuildError, match="forward's argument graph is unknown"):
        derived_batches(Odd)
