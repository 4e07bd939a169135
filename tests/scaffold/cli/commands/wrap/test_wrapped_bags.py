"""Modules around nn.EmbeddingBag, and those whose forward takes a dict."""

from collections.abc import Callable
from pathlib import Path

import pytest
from programs import succeeding_python
from trees import make_tree
from wrapped_modules import HEAD, LINEAR, TABLE, TEXTS

BAG = f"""{HEAD}class Bag(nn.Module):
    def __init__(self, vocab_size, num_classes, padding_idx=0):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab_size, 16, padding_idx=padding_idx)
        self.head = nn.Linear(16, num_classes)

    def forward(self, text):
        return self.head(self.bag(text))
"""


def test_a_bag_that_leaves_padding_out_is_wrapped(project: Path, run: Callable):
    make_tree(project, {"nets.py": BAG})
    done = run("wrap", "nets.py:Bag", *TEXTS)
    assert (done.exit_code, done.err) == (0, "")


@pytest.mark.slow
def test_what_is_generated_around_a_bag_is_sound(project: Path, run: Callable):
    make_tree(project, {"nets.py": BAG})
    assert run("wrap", "nets.py:Bag", *TEXTS).exit_code == 0
    succeeding_python(project, "-m", "pytest", "-q", "-p", "no:cacheprovider")


def test_a_bag_of_padding_is_told_its_cure(project: Path, run: Callable):
    make_tree(project, {"nets.py": BAG.replace("=padding_idx", "=None")})
    done = run("wrap", "nets.py:Bag", *TEXTS)
    assert done.exit_code == 0
    assert done.err == (
        "note: padding changes what nets:Bag computes: the tests of padding will fail "
        "until its nn.EmbeddingBag has padding_idx=0\n"
    )


def test_a_bag_with_offsets_is_told_to_go_without(project: Path, run: Callable):
    source = BAG.replace("self, text)", "self, text, offsets)")
    make_tree(project, {"nets.py": source})
    done = run("wrap", "nets.py:Bag", *TEXTS)
    assert done.exit_code == 2
    assert done.err == (
        "error: cannot wrap 'nets:Bag': its forward also needs offsets: default them "
        "to None, since nn.EmbeddingBag needs none for texts of shape (batch, "
        "sequence), and give it padding_idx=0, with which it leaves padding out\n"
    )


def test_a_forward_that_takes_any_names_is_told_what_to_wrap(
    project: Path, run: Callable
):
    source = LINEAR.replace("self, x)", "self, **named)")
    make_tree(project, {"nets.py": source.replace("one(x)", 'one(named["rows"])')})
    done = run("wrap", "nets.py:Rows", *TABLE)
    assert done.exit_code == 2
    assert done.err == (
        "error: cannot wrap 'nets:Rows': its forward takes only **named: wrap a "
        "subclass whose forward takes a tensor, and passes it on by its name\n"
    )


@pytest.mark.parametrize(
    ("head", "body", "keys"),
    [
        ("x: dict[str, torch.Tensor]", 'x["rows"]', "rows"),
        ("x", 'x["rows"]', "rows"),
        ("x", 'x.get("rows", 1.0)', "rows"),
        ("x", 'x["rows"] + x["more"]', "rows"),
    ],
)
def test_a_forward_that_takes_a_dict_is_told_what_to_wrap(
    project: Path, run: Callable, head: str, body: str, keys: str
):
    source = LINEAR.replace("self, x)", f"self, {head})").replace(
        "one(x)", f"one({body})"
    )
    make_tree(project, {"nets.py": source})
    done = run("wrap", "nets.py:Rows", *TABLE)
    assert done.exit_code == 2
    assert done.err == (
        f"error: cannot wrap 'nets:Rows': its forward takes a dict with {keys!r}: wrap "
        "a subclass whose forward takes a tensor, x, and returns "
        f"super().forward({{{keys!r}: x}})\n"
    )
