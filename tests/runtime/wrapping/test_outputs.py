"""Where the logits are in what a module returns."""

from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import pytest
import torch

from oumi_runtime.wrapping.outputs import described, find_logits

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


def test_outputs_are_described_by_their_shapes():
    assert described(HIDDEN) == "a tensor (3, 7)"
    assert described({"a": HIDDEN}) == "a dict of key a (3, 7)"
    assert described(None) == "a NoneType without tensors"
