"""What is written around modules of many kinds, held in golden files."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "embedding_of_texts": ("pair_nets:MeanEncoder", "embedding"),
    "embedding_of_tokens": ("pair_nets:TokenEncoder", "embedding"),
    "seq2seq_with_all_masks": ("pair_nets:Translator", "seq2seq"),
    "seq2seq_with_lengths": ("pair_nets:Recurrent", "seq2seq"),
    "lazy_layers": ("picture_nets:LazyNet", "image-classification"),
    "by_position": ("netpack.rows:Pair", "tabular-classification"),
    "config_object": ("config_nets:GPT", "causal-lm"),
    "config_object_of_another_module": ("config_nets:Rows", "tabular-classification"),
    "sequence_first": ("text_nets:CausalSequenceFirst", "causal-lm"),
    "a_switch_that_is_left_out": ("pair_nets:Pooled", "embedding"),
    "classes_among_further_arguments": (
        "picture_nets:color_net",
        "image-classification",
    ),
    "a_mask_of_padding": ("text_nets:Tagger", "token-classification"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_module_is_wrapped_as_it_was(name: str, copied: Path, run: Callable):
    target, task = CASES[name]
    done = run("wrap", target, "--task", task, "--name", "MyNet")
    assert (done.exit_code, done.err) == (0, "")
    written = "\n".join(
        f"{'=' * 8} {path}\n{(copied / path).read_text()}"
        for path in ("configs/my_net.yaml", "models/my_net.py", "tests/test_my_net.py")
    )
    file = GOLDEN / f"{name}.txt"
    if "UPDATE_GOLDEN" in os.environ:
        file.parent.mkdir(exist_ok=True)
        file.write_text(written)
    assert file.read_text() == written, "see CONTRIBUTING.md"


def test_there_is_no_other_golden_file():
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)
