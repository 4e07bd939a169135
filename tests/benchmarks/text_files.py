"""A large file of labelled texts, and what reads it: `datasets`, and ours.

Each reader goes through the file front to back and yields batches; only how many rows
they hold is looked at.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import torch
from pyarrow import parquet
from torch import nn
from torch.utils.data import DataLoader

from oumi_runtime.builders import (
    Preprocessing,
    build_dataset_mixture,
    fit_preprocessing,
)
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
)
from oumi_runtime.core.datasets import Stream
from oumi_runtime.core.trainers.batches.stream_batches import StreamBatches
from oumi_runtime.models import MLPEncoder

VOCABULARY, BATCH_SIZE, MAX_LENGTH, NUM_CLASSES = 1000, 32, 128, 10
_NUM_WORDS = 100_000
_ROWS_AT_ONCE = 50_000
_SCHEMA = pa.schema([("text", pa.string()), ("label", pa.int64())])


def write(path: Path, num_rows: int) -> None:
    """Writes texts of 4 to 23 words, as long and as frequent as those of a language.

    The words are drawn from 100,000 by Zipf's law, and get longer the rarer they are;
    the classes are ten.
    """
    draw = np.random.default_rng(0)
    letters = np.array(list("etaoinshrdlucmfw"))
    words = np.array(
        [
            "".join(draw.choice(letters, int(draw.integers(1, 4) + np.log2(rank) / 2)))
            for rank in range(1, _NUM_WORDS + 1)
        ]
    )
    shares = 1 / np.arange(1, _NUM_WORDS + 1)
    cumulated = np.cumsum(shares / shares.sum())
    writer = None
    if path.suffix == ".parquet":
        writer = parquet.ParquetWriter(path, _SCHEMA)
    with path.open("ab") as file:
        for start in range(0, num_rows, _ROWS_AT_ONCE):
            lengths = draw.integers(4, 24, min(_ROWS_AT_ONCE, num_rows - start))
            places = np.searchsorted(cumulated, draw.random(lengths.sum()))
            chosen = words[places.clip(max=_NUM_WORDS - 1)]
            ends = lengths.cumsum()
            texts = [
                " ".join(chosen[end - length : end])
                for end, length in zip(ends, lengths, strict=True)
            ]
            labels = draw.integers(0, NUM_CLASSES, len(texts)).tolist()
            if writer is not None:
                table = pa.table({"text": texts, "label": labels}, schema=_SCHEMA)
                writer.write_table(table)
                continue
            for text, label in zip(texts, labels, strict=True):
                line = json.dumps({"text": text, "label": label}) + "\n"
                file.write(line.encode())
    if writer is not None:
        writer.close()


def open_stream(path: Path) -> Stream:
    """The texts of a file as ours streams them."""
    dataset = DatasetParams(dataset_name="text_classification", dataset_path=str(path))
    data = DataParams(train=DatasetSplitParams(datasets=[dataset], stream=True))
    stream = build_dataset_mixture(data, DatasetSplit.TRAIN)
    assert isinstance(stream, Stream)
    return stream


def make_model() -> nn.Module:
    """A small model of the texts."""
    torch.manual_seed(0)
    return MLPEncoder(VOCABULARY, 128, NUM_CLASSES)


@cache
def preprocessing_of(path: Path) -> Preprocessing:
    """The vocabulary of a file, which all tokenize with."""
    params = ModelParams(model_name="MLPEncoder", model_max_length=MAX_LENGTH)
    return fit_preprocessing(open_stream(path), params, make_model())


def tokenized_stream(path: Path) -> Stream:
    """The stream tokenized as it is read, with no word known yet."""
    tokenized = replace(preprocessing_of(path)).apply(open_stream(path))
    assert isinstance(tokenized, Stream)
    return tokenized


def read_by_ours(path: Path) -> Iterator[Any]:
    """Batches of token ids and labels, as training gets them."""
    batches = StreamBatches(
        tokenized_stream(path),
        batch_size=BATCH_SIZE,
        accumulation_steps=1,
        seed=0,
        device=torch.device("cpu"),
        max_steps=10**9,
    )
    for step in batches.epoch(0):
        yield step[0].columns["labels"]


def _hugging_face(path: Path) -> Any:
    import datasets

    kind = "parquet" if path.suffix == ".parquet" else "json"
    return datasets.load_dataset(
        kind, data_files=str(path), split="train", streaming=True
    )


def read_rows(path: Path) -> Iterator[Any]:
    """Rows as `datasets` gives them: the texts themselves, in a dict each."""
    for row in _hugging_face(path):
        yield (row,)


def read_loaded_rows(path: Path) -> Iterator[Any]:
    """Batches of them that torch's DataLoader makes."""
    for batch in DataLoader(_hugging_face(path), batch_size=BATCH_SIZE):
        yield batch["label"]


def read_lists(path: Path) -> Iterator[Any]:
    """Lists of them for a batch, which no sample is ever made of."""
    for batch in _hugging_face(path).iter(batch_size=BATCH_SIZE):
        yield batch["label"]


def tokenized_loader(path: Path) -> DataLoader[Any]:
    """What a user writes: `datasets` maps a tokenizer, and torch's DataLoader pads."""
    from transformers import PreTrainedTokenizerFast

    make: Callable[..., Any] = PreTrainedTokenizerFast
    own = preprocessing_of(path).tokenizer
    tokenizer = make(tokenizer_object=own, pad_token="[PAD]")

    def encode(rows: Any) -> Any:
        return tokenizer(
            rows["text"],
            truncation=True,
            max_length=MAX_LENGTH,
            return_token_type_ids=False,
        )

    def collate(rows: list[Any]) -> dict[str, torch.Tensor]:
        labels = [row.pop("label") for row in rows]
        batch = tokenizer.pad(rows, return_tensors="pt")
        return {**batch, "labels": torch.tensor(labels)}

    dataset = _hugging_face(path).map(encode, batched=True, remove_columns=["text"])
    return DataLoader(dataset, batch_size=BATCH_SIZE, collate_fn=collate)


def read_tokenized(path: Path) -> Iterator[Any]:
    """Batches of token ids and labels, made by `datasets` and the same tokenizer."""
    for batch in tokenized_loader(path):
        yield batch["labels"]


READERS: dict[str, Callable[[Path], Iterator[Any]]] = {
    "datasets: rows": read_rows,
    "datasets: rows, DataLoader": read_loaded_rows,
    "datasets: lists": read_lists,
    "datasets: tokenizer, DataLoader": read_tokenized,
    "ours: tokenized batches": read_by_ours,
}
