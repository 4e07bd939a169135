"""Generation: tokens after those before, whatever the padding."""

from collections.abc import Callable

import pytest
import torch
from torch import nn

from oumi_runtime.builders.tokenizing.own_tokenizers import bytes_tokenizer
from oumi_runtime.core.models.generation import (
    continuation,
    target_texts,
    written_target,
)

VOCABULARY = 12


class NextNumber(nn.Module):
    """Predicts the sum of what it sees, and remembers how much it was given."""

    def __init__(self, count: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self._count = count
        self.widths: list[tuple[int, ...]] = []

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        decoder_input_ids: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        ids = input_ids if decoder_input_ids is None else decoder_input_ids
        self.widths.append(tuple(ids.shape))
        if attention_mask is not None and decoder_input_ids is None:
            assert (ids[attention_mask == 0] == 0).all()
        found = self._count(ids) % VOCABULARY
        return {"logits": nn.functional.one_hot(found, VOCABULARY).float()}


def sums(ids: torch.Tensor) -> torch.Tensor:
    return ids.cumsum(dim=1)


def padded(*rows: list[int]) -> dict[str, torch.Tensor]:
    width = max(map(len, rows))
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    lengths = torch.tensor([[len(row)] for row in rows])
    return {"input_ids": ids, "attention_mask": (torch.arange(width) < lengths).long()}


def continued(model: nn.Module, *rows: list[int], length: int = 4, most: int = 99):
    options = {"end_id": 0, "max_length": most}
    return continuation(model, padded(*rows), length, **options)


def test_a_continuation_takes_the_likeliest_token_again_and_again():
    assert continued(NextNumber(sums), [1, 2]) == [[3, 6]]  # 12 is the end
    assert continued(NextNumber(sums), [1, 4]) == [[5, 10, 8, 4]]


def test_a_continuation_does_not_depend_on_longer_prompts_beside_it():
    model = NextNumber(sums)
    rows = [1, 4], [2, 1, 1, 1, 2], [7]
    assert continued(model, *rows) == [continued(model, row)[0] for row in rows]


def test_prompts_that_have_ended_are_not_given_to_the_model_again():
    model = NextNumber(sums)
    assert continued(model, [5, 7], [1, 4]) == [[], [5, 10, 8, 4]]
    assert model.widths == [(2, 2), (1, 3), (1, 4), (1, 5)]


def test_the_model_sees_only_the_latest_tokens_that_it_takes():
    model = NextNumber(sums)
    assert continued(model, [9, 1, 4], most=2) == [[5, 9, 2, 11]]
    assert model.widths == [(1, 2)] * 4


def test_an_empty_prompt_begins_after_the_end_of_a_text():
    assert continued(NextNumber(lambda ids: ids + 3), [], [1], length=2) == [
        [3, 6],
        [4, 7],
    ]


def test_a_mask_is_only_given_if_there_is_one():
    class WithoutMask(NextNumber):
        def forward(self, input_ids: torch.Tensor) -> dict[str, torch.Tensor]:
            return super().forward(input_ids)

    model = WithoutMask(sums)
    inputs = {"input_ids": torch.tensor([[1, 4]])}
    found = continuation(model, inputs, 2, end_id=0, max_length=9)
    assert found == [[5, 10]]


@pytest.mark.parametrize(("stops_early", "calls"), [(False, 6), (True, 3)])
def test_targets_may_stop_when_all_have_ended(stops_early: bool, calls: int):
    model = NextNumber(lambda ids: torch.full_like(ids, 5) * (ids.shape[1] < 3))
    found = written_target(model, padded([1]), 6, stops_early=stops_early)
    assert found[0, :3].tolist() == [5, 5, 0]
    assert len(model.widths) == calls


def test_a_target_is_what_comes_before_its_end():
    tokenizer = bytes_tokenizer()
    a, b = tokenizer.encode("ab").ids
    rows = torch.tensor([[a, b, 0, a], [b, -100, a, a], [0, a, b, a], [a, a, b, b]])
    assert target_texts(rows, tokenizer) == ["ab", "b", "", "aabb"]
