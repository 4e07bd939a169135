"""Modules that cannot be wrapped: one line each."""

from collections.abc import Callable
from pathlib import Path

import pytest
from trees import make_tree, snapshot
from wrapped_modules import HEAD, LINEAR, TABLE

ENCODER = f"""{HEAD}class A(nn.Module):
    def __init__(self, vocab_size):
        super().__init__()
        self.e = nn.Embedding(vocab_size, vocab_size)

    def forward(self, x):
        return self.e(x)
"""


@pytest.mark.parametrize(
    ("source", "options", "told"),
    [
        (LINEAR, ("nets.py:Row",), "did you mean 'Rows'?"),
        (LINEAR, ("nets.py",), "write PACKAGE.MODULE:CLASS or path/to/file.py:CLASS"),
        (LINEAR, ("other.py:Rows",), "there is no file other.py"),
        (LINEAR, ("others:Rows",), "there is no module others"),
        (LINEAR, ("nets:Rows", "--task", "speech"), "there is no task 'speech'"),
        (LINEAR, ("nets:Rows",), "say what it is for with --task"),
        (LINEAR, ("nets:Rows", *TABLE, "--set", "depth=2"), "no constructor argument"),
        (LINEAR, ("nets:Rows", *TABLE, "--set", "dim=two"), "give a whole number"),
        (
            LINEAR,
            ("nets:Rows", *TABLE, "--name", "rows"),
            "cannot be the name of the class",
        ),
        (
            LINEAR.replace("dim: int = 8", "depth, dim"),
            ("nets:Rows", *TABLE),
            "have no default: add --set depth=VALUE --set dim=VALUE",
        ),
        ("class A:\n  pass\n", ("nets:A", *TABLE), "it is not a torch.nn.Module"),
        ("a = 1\n", ("nets:a", *TABLE), "it is a int: name a class"),
        ("def a(): return 1\n", ("nets:a", *TABLE), "it returns a int, not a module"),
        ("def (:\n", ("nets:a", *TABLE), "nets.py:1 cannot be parsed"),
        (
            "import no_such_module\nclass A: pass\n",
            ("nets:A", *TABLE),
            "importing it raises ModuleNotFoundError: No module named 'no_such_module'",
        ),
        (
            LINEAR.replace("self.one(x)", "self.one(x[:, :5])"),
            ("nets:Rows", *TABLE),
            "given features of shape (3, 64), it raises RuntimeError: mat1 and mat2",
        ),
        (
            LINEAR.replace("self.one(x)", "self.one(x.transpose(1, 2))"),
            ("nets:Rows", *TABLE),
            "for an input of another shape, wrap a subclass that gives the features it",
        ),
        (
            LINEAR.replace("dim, num_classes)", "dim, 7)"),
            ("nets:Rows", *TABLE),
            "it returns a tensor (3, 7), and tabular-classification needs (3, 10)",
        ),
        (
            LINEAR.replace("return self", "return 1, self").replace("(x)))", "(x))), 2")
            + "\n",
            ("nets:Rows", "--task", "tabular-regression", "--set", "num_classes=4"),
            "tabular-regression needs (3,)",
        ),
        (
            LINEAR.replace("self, x)", "self, x, y)"),
            ("nets:Rows", *TABLE),
            "its forward also needs y: give it a default of None",
        ),
        (
            LINEAR.replace("self, x)", "self, x, size, scale)"),
            ("nets:Rows", *TABLE),
            "its forward also needs size, scale; a wrapped module takes one input",
        ),
        (
            LINEAR.replace("num_features: int", "config"),
            ("nets:Rows", *TABLE),
            "its argument config has no type: give it one, a dataclass",
        ),
        (
            LINEAR.replace("dim: int = 8", "*dims").replace("dim)", "dims[0])"),
            ("nets:Rows", *TABLE),
            "its *dims are not set: add --set dims=VALUE,VALUE (making it with",
        ),
        (ENCODER, ("nets:A", "--task", "seq2seq"), "needs a second one, the target so"),
        (
            ENCODER.replace("self, x)", "self, x, other)"),
            ("nets:A", "--task", "embedding"),
            "wrap the encoder in it, or a subclass whose forward takes one text",
        ),
        (
            ENCODER.replace("self, x)", "self, x, segments=None, mask=None, /)"),
            ("nets:A", "--task", "embedding"),
            "takes mask by position only, after others: remove the / from its",
        ),
        (
            ENCODER.replace("self.e(x)", "self.e(x).sum()"),
            ("nets:A", "--task", "embedding"),
            "embedding needs (3, width) or (3, 32, width), with a width above 1",
        ),
        (
            ENCODER.replace("self.e(x)", "self.e(x).softmax(0) + self.e(x).softmax(1)"),
            ("nets:A", "--task", "embedding"),
            "depends on the others in the batch: is a dimension taken for another",
        ),
        (
            ENCODER.replace("self, x)", "self, x, tgt, tgt_mask=None)").replace(
                "self.e(x)", "self.e(tgt) + self.e(tgt).mean(1, True)"
            ),
            ("nets:A", "--task", "seq2seq"),
            "its logits depend on later tokens, which it would have to predict: make "
            "it causal, or let its forward take a tgt_mask",
        ),
        (
            ENCODER.replace(
                "self.e(x)", "self.e(x).roll(1, 1).index_fill(1, x[0] * 0, 0)"
            ),
            ("nets:A", "--task", "causal-lm"),
            "its logits at a token do not depend on it",
        ),
        (
            ENCODER.replace("self, x)", "self, x, tgt)").replace(
                "self.e(x)", "self.e(tgt) + torch.rand(1)"
            ),
            ("nets:A", "--task", "seq2seq"),
            "it draws random numbers in evaluation, too",
        ),
        (
            LINEAR.replace("dim: int = 8", "act=torch.relu, *dims"),
            ("nets:Rows", *TABLE, "--set", "dims=8"),
            "its argument dims goes by position, after one that is no literal",
        ),
        (
            LINEAR.replace(
                "return self.two(", "return {} if self.training else self.two("
            ),
            ("nets:Rows", *TABLE),
            "it returns a dict without tensors",
        ),
        (
            LINEAR.replace(
                "return self.two(torch.relu(self.one(x)))",
                "y = self.two(torch.relu(self.one(x)))\n"
                "        return (y, y) if self.training else y",
            ),
            ("nets:Rows", *TABLE),
            "it returns one thing in training and another in evaluation",
        ),
        (
            f"{HEAD}class A(nn.Module):\n    def __init__(self, vocab_size):\n"
            "        super().__init__()\n"
            "        self.e = nn.Embedding(vocab_size, vocab_size)\n\n"
            "    def forward(self, x):\n"
            "        return self.e(x) + self.e(x).mean(1, True)",
            ("nets:A", "--task", "causal-lm"),
            "its logits depend on later tokens",
        ),
        (
            f"{HEAD}class A(nn.Module):\n    def __init__(self):\n"
            "        super().__init__()\n        self.c = nn.Conv2d(5, 10, 8)\n\n"
            "    def forward(self, images):\n"
            "        return self.c(images).flatten(1)\n",
            ("nets:A",),
            "given images of shape (3, 1, 8, 8), it raises RuntimeError: Given",
        ),
    ],
)
def test_what_cannot_be_wrapped_is_refused_in_one_line(
    project: Path, run: Callable, source: str, options: tuple[str, ...], told: str
):
    make_tree(project, {"nets.py": source})
    before = set(snapshot(project))
    done = run("wrap", *options)
    assert (done.exit_code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1
    new = set(snapshot(project)) - before
    assert {name.partition("/")[0] for name in new} <= {"__pycache__"}


def test_a_file_that_cannot_be_imported_is_refused(
    project: Path, run: Callable, tmp_path: Path
):
    make_tree(project, {"json.py": LINEAR, "my-nets.py": LINEAR})
    make_tree(tmp_path, {"elsewhere.py": LINEAR})
    for target, told in (
        ("json.py:Rows", "import json gives"),
        ("my-nets.py:Rows", "is not a name that Python can import: rename the file"),
        (f"{tmp_path}/elsewhere.py:Rows", "the project in"),
    ):
        done = run("wrap", target, *TABLE)
        assert done.exit_code == 2
        assert told in done.err


def test_a_module_that_exits_is_refused(project: Path, run: Callable):
    make_tree(project, {"nets.py": "def net():\n    raise SystemExit(0)\n"})
    done = run("wrap", "nets:net", *TABLE)
    assert done.exit_code == 2
    assert "making it with no arguments raises SystemExit: 0" in done.err
