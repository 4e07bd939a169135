"""Sound modules of many kinds are wrapped, pass the tests and train."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import python, succeeding_python
from trees import make_tree
from wrapped_modules import TABLE, TEXTS

ROOT = Path(__file__).parents[5]
TRAIN = """
import sys
from oumi_scaffold.cli import main
for config in sys.argv[1:]:
    options = ["--training.max_steps", "2", "--training.eval_strategy", "no"]
    assert main(["train", "-c", config, *options]) == 0, config
"""
IMAGES = ("--task", "image-classification")
CASES = [
    ("picture_nets.py:BlockNet",),
    ("picture_nets:small_cnn", *IMAGES, "--set", "width=6"),
    ("text_nets:Bag", *TEXTS),
    ("text_nets.py:PaddedBag", *TEXTS),
    ("text_nets:Tagger", "--task", "token-classification", "--set", "activation=gelu"),
    ("text_nets:CharRNN", "--task", "causal-lm"),
    ("text_nets:Causal", "--task", "causal-lm"),
    ("text_nets:MaskedCausal", "--task", "causal-lm"),
    ("picture_nets:LazyNet", *IMAGES),
    ("picture_nets:ColorNet", *IMAGES),
    ("picture_nets:color_net", *IMAGES, "--name", "MadeColorNet"),
    ("text_nets:SequenceFirst", *TEXTS),
    ("text_nets:CausalSequenceFirst", "--task", "causal-lm"),
    ("text_nets:Heads", *TEXTS),
    ("pair_nets:Pooled", "--task", "embedding"),
    ("pair_nets:MeanEncoder", "--task", "embedding"),
    ("pair_nets:TokenEncoder", "--task", "embedding"),
    ("pair_nets:Translator", "--task", "seq2seq"),
    ("pair_nets:Recurrent", "--task", "seq2seq"),
    ("config_nets:GPT", "--task", "causal-lm"),
    ("config_nets:Rows", *TABLE, "--name", "RowsWithArgs"),
    ("netpack.rows:Pair", *TABLE),
    ("netpack.rows:Stack", *TABLE, "--set", "sizes=64,32,10"),
    ("netpack:RowNet", "--task", "tabular-regression"),
    ("netpack/rows.py:RowNet", *TABLE, "--name", "RowClassifier"),
    ("src/srcpack/inner.py:Base", *TABLE),
]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_sound_modules_pass_the_tests_and_train(copied: Path, run: Callable):
    for case in CASES:
        done = run("wrap", *case)
        assert (done.exit_code, done.err) == (0, ""), case
    models = sorted((copied / "models").glob("*.py"))
    assert len(models) == len(CASES)
    for path in models:
        ast.parse(path.read_text())
    succeeding_python(
        copied, "-m", "ruff", "format", "--isolated", "--diff", "models", "tests"
    )
    rules = f'extend = "{ROOT / "pyproject.toml"}"\nsrc = [".", "src"]\n'
    make_tree(copied, {"ruff.toml": rules})
    succeeding_python(copied, "-m", "ruff", "check", "--no-cache", "models", "tests")
    typed = python(
        copied,
        *("-m", "mypy", "--strict", "--explicit-package-bases", "models", "tests"),
    )
    wrong = [each for each in typed.stdout.splitlines() if each.startswith("models")]
    # Of modules without types, no more than that is to be said.
    assert [each for each in wrong if "Call to untyped function" not in each] == []
    succeeding_python(copied, "-m", "pytest", "-q", "-n", "2", "-W", "ignore")
    configs = [f"configs/{each.name}" for each in (copied / "configs").glob("*.yaml")]
    assert len(configs) == len(CASES)
    succeeding_python(copied, "-c", TRAIN, *configs)
