"""Datasets of Hugging Face `datasets`, of files and folders, in memory and streamed."""

import cProfile
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from oumi_runtime.builders import build_dataset_mixture
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
)
from oumi_runtime.core.datasets import ColumnDataset, Stream, TextDataset
from oumi_runtime.exceptions import BadRowError, DataError

datasets = pytest.importorskip("datasets")

TEXTS = [{"text": f"row {n}", "label": n % 3} for n in range(40)]
TOKENS = [
    {"input_ids": list(range(n % 4 + 1)), "labels": n % 2, "weight": n / 2}
    for n in range(40)
]
KINDS = ["json", "csv", "parquet", "arrow", "saved", "saved splits", "folder"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    datasets.disable_progress_bars()


def write(folder: Path, kind: str, rows: list[dict[str, Any]]) -> str:
    """Writes rows as one of the kinds; returns where."""
    made = datasets.Dataset.from_list(rows)
    path = folder / f"rows.{kind}"
    if kind in ("json", "csv", "parquet"):
        getattr(made, f"to_{kind}")(path)
    elif kind == "arrow":
        made.save_to_disk(str(folder / "saved"))
        path = next((folder / "saved").glob("*.arrow"))
    elif kind == "saved":
        made.save_to_disk(str(path := folder / "saved"))
    elif kind == "saved splits":
        parts = datasets.DatasetDict({"train": made, "test": made.select([0, 1])})
        parts.save_to_disk(str(path := folder / "saved"))
    else:
        path = folder / "files"
        path.mkdir()
        made.to_parquet(path / "train.parquet")
        made.select([0, 1]).to_parquet(path / "test.parquet")
    return str(path)


def read(path: str, stream: bool = False, **fields: Any) -> Any:
    dataset = DatasetParams(dataset_name="mine/own", dataset_path=path, **fields)
    split = DatasetSplitParams(datasets=[dataset], stream=stream)
    return build_dataset_mixture(DataParams(train=split), DatasetSplit.TRAIN)


def samples(dataset: Any) -> list[dict[str, Any]]:
    found = (
        dataset
        if isinstance(dataset, Stream)
        else map(dataset.__getitem__, range(len(dataset)))
    )
    return [
        {
            name: value.tolist() if isinstance(value, torch.Tensor) else value
            for name, value in sample.items()
            if name != "attention_mask"
        }
        for sample in found
    ]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_texts_of_every_kind_of_file_are_read(tmp_path, kind, stream):
    dataset = read(write(tmp_path, kind, TEXTS), stream)
    assert isinstance(dataset, Stream if stream else TextDataset)
    assert samples(dataset) == TEXTS


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "csv"])
def test_numbers_and_sequences_of_every_kind_of_file_are_read(tmp_path, kind, stream):
    dataset = read(write(tmp_path, kind, TOKENS), stream)
    assert isinstance(dataset, Stream if stream else ColumnDataset)
    assert samples(dataset) == TOKENS
    assert next(iter(dataset))["labels"].dtype == torch.int64


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["saved splits", "folder"])
def test_a_split_is_the_one_that_is_named(tmp_path, kind, stream):
    path = write(tmp_path, kind, TEXTS)
    assert samples(read(path, stream, split="test")) == TEXTS[:2]
    with pytest.raises(DataError, match="tests"):
        read(path, stream, split="tests")


@pytest.mark.parametrize("stream", [False, True])
def test_columns_are_named_in_dataset_kwargs(tmp_path, stream):
    path = write(tmp_path, "parquet", TOKENS)
    kwargs = {"columns": ["weight"], "label_column": "labels"}
    found = samples(read(path, stream, dataset_kwargs=kwargs))
    assert found[3] == {"weight": 1.5, "labels": 1}
    with pytest.raises(DataError, match=r"no column 'wieght' \(did you mean 'weight'"):
        read(path, stream, dataset_kwargs={"columns": ["wieght"]})


@pytest.mark.parametrize("stream", [False, True])
def test_class_names_of_the_features_are_kept(tmp_path, stream):
    names = datasets.ClassLabel(names=["no", "yes", "so"])
    features = datasets.Features({"text": datasets.Value("string"), "label": names})
    made = datasets.Dataset.from_list(TEXTS, features=features)
    made.save_to_disk(str(tmp_path / "saved"))
    assert read(str(tmp_path / "saved"), stream).label_names == ["no", "yes", "so"]


@pytest.mark.parametrize("stream", [False, True])
def test_pictures_become_tensors(tmp_path, stream):
    images = [np.full((6, 6, 3), 40 * n, np.uint8) for n in range(5)]
    rows = {"image": images, "label": list(range(5))}
    features = {"image": datasets.Image(), "label": datasets.Value("int64")}
    made = datasets.Dataset.from_dict(rows, features=datasets.Features(features))
    made.save_to_disk(str(tmp_path / "saved"))
    kwargs = {"image_size": 4, "channels": 1}
    dataset = read(str(tmp_path / "saved"), stream, dataset_kwargs=kwargs)
    found = list(dataset) if stream else [dataset[n] for n in range(5)]
    assert [tuple(sample["images"].shape) for sample in found] == [(1, 4, 4)] * 5
    assert found[2]["images"].mean().item() == pytest.approx(80 / 255, abs=1e-2)
    assert [int(sample["labels"]) for sample in found] == list(range(5))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["json", "saved"])
def test_a_row_that_lacks_a_value_is_named(tmp_path, kind, stream):
    rows = [dict(row) for row in TOKENS]
    rows[30]["weight"] = None
    with pytest.raises(BadRowError, match="row 31 has no 'weight'"):
        samples(read(write(tmp_path, kind, rows), stream))
    texts = [dict(row) for row in TEXTS]
    texts[17]["text"] = None
    other = tmp_path / "texts"
    other.mkdir()
    with pytest.raises(DataError, match=r"row 18.*'text'"):
        samples(read(write(other, kind, texts), stream))


@pytest.mark.parametrize("stream", [False, True])
def test_a_row_whose_list_lacks_a_value_is_named(tmp_path, stream):
    rows = [{"grid": [[n, n], [n, None if n == 30 else n]]} for n in range(40)]
    sentence = "row 31: 'grid' is a list with missing values"
    with pytest.raises(BadRowError, match=sentence):
        samples(read(write(tmp_path, "parquet", rows), stream))


@pytest.mark.parametrize("stream", [False, True])
def test_what_no_model_takes_is_named(tmp_path, stream):
    rows = [{"labels": 1, "name": f"n{n}"} for n in range(3)]
    path = write(tmp_path, "json", rows)
    with pytest.raises(DataError, match=r"'name' is of .*string, which cannot be made"):
        samples(read(path, stream))


def test_a_missing_path_and_an_unknown_kind_are_refused(tmp_path):
    (tmp_path / "a.xls").write_text("x")
    for path, sentence in (
        (tmp_path / "a.xls", "unknown file type"),
        (tmp_path / "b", "no f"),
    ):
        for stream in (False, True):
            with pytest.raises(DataError, match=sentence):
                read(str(path), stream)


def test_a_stream_of_a_folder_can_begin_at_any_row(tmp_path):
    dataset = read(write(tmp_path, "folder", TOKENS), True)
    rows = torch.cat([block.rows for block in dataset.blocks(0, 33)])
    assert rows.tolist() == list(range(33, 40))


def test_a_damaged_line_of_a_stream_is_named(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*map(json.dumps, TOKENS), '{"input_ids": [1']), "utf-8")
    with pytest.raises(BadRowError, match=r"a\.jsonl:41 is not JSON"):
        samples(read(str(path), True))


def test_texts_are_read_as_a_table_and_not_row_by_row(tmp_path):
    calls: list[int] = []
    for times in (1, 50):
        folder = tmp_path / str(times)
        folder.mkdir()
        calls.append(calls_to_read(write(folder, "saved", TEXTS * times)))
    assert calls[1] - calls[0] < 10 * 49 * len(TEXTS)


def calls_to_read(path: str) -> int:
    profile = cProfile.Profile()
    profile.runcall(read, path)
    return sum(each.callcount for each in profile.getstats())
