"""Where the logits are in what a module returns."""

from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import pytest
import torch

from oumi_runtime.wrapping.outputs import (
    described,
    find_embeddings,
    find_logits,
    is_of_a_sigmoid,
)

Pair = namedtuple("Pair", ["hidden", "scores"])
LOGITS, HIDDEN = torch.zeros(3, 10), torch.zeros(3, 7)


@pytest.mark.parametrize(
    ("outputs", "access"),
    [
        (LOGITS, ()),
        ((HIDDEN, LOGITS), ("index", "1")),
        ([LOGITS, LOGITS], ("index", "0")),
        ({"x": LOGITS, "logits": LOGITS}, ("key", "logits")),
        (OrderedDict(a=LOGITS), ("key", "a")),
        (Pair(HIDDEN, LOGITS), ("attribute", "scores")),
        (SimpleNamespace(loss=None, out=LOGITS), ("attribute", "out")),
    ],
)
def test_logits_are_found_by_name_and_shape(outputs: object, access: tuple[str, ...]):
    found = find_logits(outputs, (3, 10))
    assert found is not None
    assert found.access == access


@pytest.mark.parametrize(
    "outputs", [HIDDEN, None, 5, "logits", (), {1: LOGITS}, LOGITS.long(), [[LOGITS]]]
)
def test_what_holds_no_logits_gives_none(outputs: object):
    assert find_logits(outputs, (3, 10)) is None


def test_a_column_is_squeezed_and_classes_before_tokens_are_turned():
    column = find_logits(torch.zeros(3, 1), (3,))
    assert column is not None
    assert column.is_squeezed
    turned = find_logits(torch.zeros(3, 9, 5), (3, 5, 9))
    assert turned is not None
    assert turned.is_transposed
    assert turned.logits.shape == (3, 5, 9)


@pytest.mark.parametrize("shape", [(3,), (3, 1)])
def test_one_logit_for_two_classes_will_do_where_there_are_no_two(shape):
    found = find_logits(torch.ones(shape), (3, 2))
    assert found is not None
    assert found.is_single
    assert found.logits.tolist() == [[0.0, 1.0]] * 3
    both = find_logits((torch.ones(shape), torch.ones(3, 2)), (3, 2))
    assert both is not None
    assert both.access == ("index", "1")
    assert find_logits(torch.ones(shape), (3, 4)) is None


def test_a_sigmoid_is_told_by_how_its_output_was_computed():
    weights = torch.ones(3, 1, requires_grad=True)
    for tensor, is_one in (
        (weights.sigmoid().squeeze(-1), True),
        (weights.sigmoid()[:, 0].view(3, 1), True),
        (weights * 0.5, False),
        (weights.sigmoid() * 2, False),
        (torch.ones(3), False),
    ):
        found = find_logits(tensor, (3, 2))
        assert found is not None
        assert is_of_a_sigmoid(found.logits) is is_one


def test_outputs_are_described_by_their_shapes():
    assert described(HIDDEN) == "a tensor (3, 7)"
    assert described({"a": HIDDEN}) == "a dict of key a (3, 7)"
    assert described(None) == "a NoneType without tensors"


TEXTS, STATES = torch.zeros(3, 8), torch.zeros(3, 5, 8)


@pytest.mark.parametrize(
    ("outputs", "access", "is_pooled"),
    [
        (TEXTS, (), False),
        (STATES, (), True),
        ((STATES, TEXTS), ("index", "1"), False),
        ({"x": TEXTS, "pooler_output": TEXTS}, ("key", "pooler_output"), False),
        (
            {"x": STATES, "last_hidden_state": STATES},
            ("key", "last_hidden_state"),
            True,
        ),
        ((STATES.transpose(0, 1), STATES), ("index", "1"), True),
    ],
)
def test_embeddings_of_texts_come_before_those_of_tokens(
    outputs: object, access: tuple[str, ...], is_pooled: bool
):
    found = find_embeddings(outputs, 3, 5)
    assert found is not None
    assert (found.access, found.is_pooled) == (access, is_pooled)


@pytest.mark.parametrize("shape", [(3,), (3, 1), (2, 8), (3, 4, 8), (3, 5, 8, 1)])
def test_other_shapes_are_no_embeddings(shape: tuple[int, ...]):
    assert find_embeddings(torch.zeros(shape), 3, 5) is None
