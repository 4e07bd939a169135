"""data.*.stream and data.*.pack, from a config to a trained model."""

import json
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pytest
import torch
from pyarrow import csv, parquet

from oumi_runtime.builders import build_dataset_mixture, fit_preprocessing
from oumi_runtime.builders.training.batches import build_train_batches
from oumi_runtime.core.configs import (
    DataParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
    TrainingConfig,
)
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.core.trainers.callbacks import TrainingCallback
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import BadRowError, DataError
from oumi_runtime.train import train

NAMES = ["bad", "good", "so-so"]


def texts(count: int) -> list[dict[str, Any]]:
    return [
        {"text": f"it is {NAMES[n % 3]} number {n % 10}", "label": NAMES[n % 3]}
        for n in range(count)
    ]


def write(folder: Path, suffix: str, rows: list[dict[str, Any]]) -> Path:
    path = folder / f"rows.{suffix}"
    table = pa.Table.from_pylist(rows)
    if suffix == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif suffix == "csv":
        csv.write_csv(table, path)
    elif suffix == "parquet":
        parquet.write_table(table, path, row_group_size=50)
    return path


def config(folder: Path, data: dict[str, Any], **training: Any) -> TrainingConfig:
    fields = {
        "output_dir": str(folder / "output"),
        "per_device_train_batch_size": 8,
        "num_train_epochs": 1,
        "save_steps": 0,
        "logging_steps": 1,
        "learning_rate": 0.01,
        "enable_tensorboard": False,
    }
    model = {
        "model_name": "MLPEncoder",
        "model_kwargs": {"input_dim": 300, "hidden_dim": 16, "output_dim": 3},
    }
    text = {"model": model, "data": data, "training": fields | training}
    return TrainingConfig.from_str(json.dumps(text))


def losses(folder: Path) -> list[float]:
    lines = (folder / "output" / "metrics.jsonl").read_text().splitlines()
    return [row["loss"] for row in map(json.loads, lines) if "loss" in row]


def split(name: str, path: Path, **fields: Any) -> dict[str, Any]:
    dataset = {"dataset_name": name, "dataset_path": str(path)}
    return {"datasets": [dataset | fields], "stream": True}


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("name", ["text_classification", "any/name"])
def test_a_file_of_texts_is_streamed_trained_on_and_evaluated(tmp_path, suffix, name):
    path = write(tmp_path, suffix, texts(200))
    streamed = split(name, path)
    made = config(tmp_path, {"train": streamed, "test": streamed}, num_train_epochs=3)
    result = train(made)
    assert result.global_step == 75
    curve = losses(tmp_path)
    assert sum(curve[-10:]) < 0.5 * sum(curve[:10])
    assert json.loads((tmp_path / "output" / "labels.json").read_text()) == NAMES
    evaluation = evaluate(made)
    assert evaluation.num_samples == 200
    assert evaluation.metrics["loss"] < 0.8


def test_any_number_of_workers_trains_the_same(tmp_path):
    path = write(tmp_path, "jsonl", texts(100))
    train_split = split("text_classification", path, shuffle=True)
    curves = []
    for num_workers in (0, 2):
        made = config(
            tmp_path, {"train": train_split}, dataloader_num_workers=num_workers
        )
        train(made)
        curves.append(losses(tmp_path))
    assert curves[0] == curves[1]


@pytest.mark.parametrize(
    ("stream", "fields"),
    [
        (True, {"trainer_type": "OUMI"}),
        (True, {"trainer_type": "HF"}),
        (True, {"group_by_length": True}),
        (False, {"group_by_length": True}),
    ],
)
def test_a_stopped_training_goes_on_at_its_place(tmp_path, stream, fields):
    path = write(tmp_path, "parquet", texts(100))
    data = {"train": split("text_classification", path, shuffle=True)}
    data["train"]["stream"] = stream
    fields = {"num_train_epochs": 2, **fields}
    train(config(tmp_path, data, save_steps=5, **fields))
    whole = losses(tmp_path)
    checkpoint = str(tmp_path / "output" / "checkpoint-20")
    train(config(tmp_path, data, resume_from_checkpoint=checkpoint, **fields))
    assert losses(tmp_path) == whole


@pytest.mark.parametrize("stream", [True, False])
def test_texts_of_like_length_meet_in_a_step(tmp_path, stream):
    rows = [{"text": "a" * (n * 7 % 64 + 1), "label": n % 3} for n in range(256)]
    data = {"train": split("text_classification", write(tmp_path, "jsonl", rows))}
    data["train"]["stream"] = stream
    widths: dict[bool, int] = {}
    for group_by_length in (False, True):
        made = config(tmp_path, data, group_by_length=group_by_length)
        made.model.tokenizer_name = "bytes"
        texts = build_dataset_mixture(made.data, DatasetSplit.TRAIN)
        model = torch.nn.Embedding(300, 2)
        dataset = fit_preprocessing(texts, made.model, model).apply(texts)
        batches = build_train_batches(dataset, made.training, torch.device("cpu"))
        widths[group_by_length] = sum(
            micro.columns["input_ids"].shape[1]
            for step in batches.epoch(0)
            for micro in step
        )
    # Without padding it is half the width of all, which is 64 in 32 steps.
    assert widths[False] > 0.8 * 64 * 32
    assert widths[True] < 0.6 * 64 * 32


def test_texts_in_memory_are_streamed_too(tmp_path):
    dataset = {"dataset_name": "stdlib_docstrings", "sample_count": 32}
    made = config(tmp_path, {"train": {"datasets": [dataset], "stream": True}})
    made.model.model_kwargs["output_dim"] = 10
    assert train(made).global_step == 4


def test_a_bad_row_ends_the_training_with_its_file_row_and_field(tmp_path):
    rows = texts(60)
    rows[57]["label"] = None
    path = write(tmp_path, "jsonl", rows)
    with pytest.raises(BadRowError, match=r"rows\.jsonl: row 58 has no 'label'"):
        train(config(tmp_path, {"train": split("text_classification", path)}))


def test_a_label_that_the_training_split_lacks_is_named_with_its_row(tmp_path):
    path = write(tmp_path, "jsonl", texts(30))
    other = tmp_path / "other"
    other.mkdir()
    rows = [*texts(30), {"text": "a", "label": "goood"}]
    validation = split("text_classification", write(other, "jsonl", rows))
    data = {"train": split("text_classification", path), "validation": validation}
    with pytest.raises(BadRowError, match=r"row 31 .*'goood' \(did you mean 'good'"):
        train(config(tmp_path, data, eval_strategy="epoch"))


class NextToken(BaseModel):
    """Says what the next token is; keeps what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(100, 100)
        self.seen: list[torch.Tensor] = []

    def forward(self, input_ids, labels=None, **kwargs):
        self.seen.append(input_ids)
        logits = self.embedding(input_ids)
        outputs = {"logits": logits}
        if labels is not None:
            outputs["loss"] = self.criterion(
                logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()
            )
        return outputs

    @property
    def criterion(self):
        return torch.nn.functional.cross_entropy


class Sequences(BaseMapDataset):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._data = TOKENS

    def transform(self, sample: Any) -> dict[str, Any]:
        ids = torch.tensor(sample["input_ids"])
        return {"input_ids": ids, "labels": ids}


TOKENS = [{"input_ids": [n % 90 + k for k in range(n % 9 + 1)]} for n in range(64)]


@pytest.mark.parametrize("kind", ["memory", "streamed", "own", "own streamed"])
def test_pack_joins_sequences_into_blocks_of_model_max_length(tmp_path, kind):
    REGISTRY.register("next", RegistryType.MODEL, NextToken)
    REGISTRY.register("own", RegistryType.DATASET, Sequences)
    rows = [row | {"labels": row["input_ids"]} for row in TOKENS]
    path = write(tmp_path, "parquet", rows)
    train_split = split("tokens/of_mine", path, split="train") | {"pack": True}
    if "own" in kind:
        train_split["datasets"] = [{"dataset_name": "own"}]
    train_split["stream"] = "streamed" in kind
    made = config(tmp_path, {"train": train_split}, max_steps=3)
    made.model.model_name, made.model.model_kwargs = "next", {}
    made.model.model_max_length = 11
    seen = train(made).model.seen
    assert all(tuple(batch.shape) == (8, 11) for batch in seen)
    given = {number for row in TOKENS for number in row["input_ids"]}
    assert {int(n) for batch in seen for n in batch.flatten()} <= given
    if "streamed" in kind:
        flat = [number for row in TOKENS for number in row["input_ids"]]
        assert torch.cat(seen).flatten()[:200].tolist() == flat[:200]


@pytest.mark.parametrize("stream", [False, True])
def test_pack_is_refused_where_it_has_no_meaning(tmp_path, stream):
    path = write(tmp_path, "jsonl", texts(9))
    train_split = split("text_classification", path)
    train_split |= {"pack": True, "stream": stream}
    made = config(tmp_path, {"train": train_split})
    with pytest.raises(DataError, match=r"model\.model_max_length tokens; set it"):
        train(made)
    made.model.model_max_length = 8
    with pytest.raises(DataError, match=r"data\.train\.pack .*set pack: false"):
        train(made)


def test_a_packed_stream_needs_max_steps(tmp_path):
    path = write(tmp_path, "parquet", TOKENS)
    made = config(tmp_path, {"train": split("any/name", path) | {"pack": True}})
    made.model.model_max_length = 8
    with pytest.raises(DataError, match=r"set training\.max_steps"):
        train(made)


def test_plain_texts_are_streamed_in_blocks(tmp_path):
    REGISTRY.register("wide", RegistryType.MODEL, _wide)
    dataset = {"dataset_name": "stdlib_source", "sample_count": 40}
    train_split = {"datasets": [dataset], "stream": True}
    made = config(tmp_path, {"train": train_split}, max_steps=2)
    made.model.model_name, made.model.model_kwargs = "wide", {}
    made.model.model_max_length = 16
    seen = train(made).model.seen
    assert [tuple(batch.shape) for batch in seen] == [(8, 16), (8, 16)]


def _wide() -> NextToken:
    model = NextToken()
    model.embedding = torch.nn.Embedding(300, 300)
    return model


class _Memory(TrainingCallback):
    def __init__(self) -> None:
        self.resident: dict[int, int] = {}

    def on_step_end(self, state) -> None:
        if state.global_step in (1000, 5000):
            self.resident[state.global_step] = psutil.Process().memory_info().rss


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["parquet", "jsonl"])
def test_a_large_file_trains_with_flat_memory(tmp_path, suffix):
    path = tmp_path / f"rows.{suffix}"
    ids = torch.randint(0, 300, (160_000, 16)).tolist()
    rows = [{"input_ids": row, "labels": row[0] % 3} for row in ids]
    if suffix == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    del ids, rows
    train_split = split("any/name", path, shuffle=True)
    made = config(tmp_path, {"train": train_split}, max_steps=5000)
    made.training.per_device_train_batch_size = 32
    made.training.logging_steps = 6000
    memory = _Memory()
    train(made, callbacks=(memory,))
    assert memory.resident[5000] - memory.resident[1000] < 50e6


@pytest.mark.parametrize("suffix", ["jsonl", "csv", "parquet"])
def test_plain_texts_of_a_table_are_streamed_end_to_end(tmp_path, suffix):
    rows = [{"text": f"line {n} of it" * (n % 4 + 1)} for n in range(60)]
    path = write(tmp_path, suffix, rows)
    fields = {"dataset_name": "text_lm", "dataset_path": str(path)}
    blocks = {}
    for stream in (False, True):
        params = DatasetSplitParams(datasets=[fields], stream=stream)
        texts = build_dataset_mixture(DataParams(train=params), DatasetSplit.TRAIN)
        model = ModelParams(tokenizer_name="bytes", model_max_length=32)
        fitted = fit_preprocessing(texts, model, torch.nn.Embedding(300, 2))
        dataset = fitted.apply(texts)
        samples = dataset if stream else map(dataset.__getitem__, range(len(dataset)))
        blocks[stream] = [sample["input_ids"].tolist() for sample in samples]
    assert blocks[True] == blocks[False]
    rows[37]["text"] = None
    params.datasets[0].dataset_path = str(write(tmp_path, suffix, rows))
    if suffix != "csv":  # There, nothing is an empty text.
        with pytest.raises(BadRowError, match="row 38 has no 'text'"):
            list(build_dataset_mixture(DataParams(train=params), DatasetSplit.TRAIN))
