"""The vocabulary that is trained on the texts is the same wherever that happens."""

import subprocess
import sys

from oumi_runtime.builders import build_tokenizer
from oumi_runtime.builders.tokenizing import own_tokenizers
from oumi_runtime.core.configs import ModelParams
from oumi_runtime.datasets import StdlibDocstrings

# Run by its path, since importing its package would import torch.
PROGRAM = f"""
import argparse, hashlib, inspect, runpy

train = runpy.run_path({own_tokenizers.__file__!r})["train_wordpiece"]
texts = inspect.getsource(argparse).splitlines()[:600]
# Of these there are more characters than fit, and all are as frequent.
others = [chr(0x4e00 + i) * 3 + " " + chr(97 + i % 26) for i in range(300)]
for texts, size in (texts, 600), (others, 64):
    print(hashlib.sha256(train(texts, size).to_str().encode()).hexdigest())
"""


def test_every_process_trains_the_same_vocabulary() -> None:
    command = [sys.executable, "-c", PROGRAM]
    runs = {subprocess.check_output(command, text=True) for _ in range(6)}
    assert len(runs) == 1


def test_it_fills_the_size_and_splits_words_into_pieces() -> None:
    texts = StdlibDocstrings().texts[:300]
    tokenizer = build_tokenizer(ModelParams(), texts=texts, vocab_size=600)
    assert tokenizer.get_vocab_size() == 600
    assert tokenizer.token_to_id("[PAD]") == 0
    encoding = tokenizer.encode("Return the event loop, zxq.")
    assert encoding.tokens[:2] == ["return", "the"]
    assert encoding.tokens[-4:] == ["z", "##x", "##q", "."]
    assert tokenizer.decode(encoding.ids) == "return the event loop, zxq."
