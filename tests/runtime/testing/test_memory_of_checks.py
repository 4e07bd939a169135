"""Checks of a large model hold no more of it in memory than they need."""

import gc

import pytest
import torch
from torch import nn

from oumi_runtime.core.models import BaseModel
from oumi_runtime.testing import run_checks

VOCABULARY = 1000


class Large(BaseModel):
    """A model of tokens that notes how much there is when one more is made, or run."""

    numbers_there: list[int]
    rows_at_once: list[int]

    def __init__(self, vocab_size: int = VOCABULARY, width: int = 64, depth: int = 2):
        super().__init__()
        tensors = [each for each in gc.get_objects() if type(each) in _KINDS]
        self.numbers_there.append(sum(each.numel() for each in tensors))
        self.embedding = nn.Embedding(vocab_size, width)
        self.layers = nn.ModuleList(nn.Linear(width, width) for _ in range(depth))
        self.head = nn.Linear(width, vocab_size)

    def forward(
        self, input_ids: torch.Tensor, labels: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        """Maps (batch, sequence) ids to (batch, sequence, vocab_size) logits."""
        self.rows_at_once.append(len(input_ids))
        hidden = self.embedding(input_ids)
        for layer in self.layers:
            hidden = hidden + layer(hidden).relu()
        outputs = {"logits": self.head(hidden)}
        if labels is not None:
            outputs["loss"] = self.criterion(
                outputs["logits"].flatten(0, 1), labels.flatten()
            )
        return outputs

    @property
    def criterion(self) -> nn.Module:
        """The loss."""
        return nn.CrossEntropyLoss()


_KINDS = (torch.Tensor, nn.Parameter)


def batch(batch_size: int) -> dict[str, torch.Tensor]:
    ids = torch.randint(1, VOCABULARY, (batch_size, 6))
    return {"input_ids": ids, "labels": ids}


def checked(name: str) -> type[Large]:
    """The class of the model that has passed a check."""

    class Watched(Large):
        numbers_there, rows_at_once = [], []

    gc.collect()
    (result,) = run_checks(Watched, batch, select=[name])
    assert result.outcome == "passed", result.message
    return Watched


def test_the_logits_of_few_tokens_are_there_at_once():
    assert max(checked("tokens_are_told_apart").rows_at_once) <= 16


@pytest.mark.slow
def test_models_with_other_arguments_are_not_kept():
    watched = checked("every_constructor_argument_has_an_effect")
    size = sum(each.numel() for each in watched().parameters())
    there = watched.numbers_there
    # An argument is given four other values.
    assert len(there) > 12
    assert max(there) - there[0] < 3 * size
