"""Texts streamed from files are the same as those read whole."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from pyarrow import parquet

from oumi_runtime.builders import build_dataset_mixture, fit_preprocessing
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
)
from oumi_runtime.core.datasets import ColumnDataset, Stream
from oumi_runtime.datasets.readers import text_file
from oumi_runtime.exceptions import BadRowError, DataError, SectionError

PAIRS = [{"text": f"t {n}", "target": "ü\n" * (n % 3)} for n in range(50)]
TAGS = [
    {"tokens": ["a", "b"][: n % 3], "labels": ["O", "B"][: n % 3]} for n in range(50)
]
NUMBERS = [
    {"tokens": row["tokens"], "labels": list(range(len(row["tokens"])))} for row in TAGS
]
PLAIN = [{"text": f"line {n}"} for n in range(50)]
MODEL = torch.nn.Embedding(300, 2)


def write(folder: Path, kind: str, rows: list[Any]) -> str:
    path = folder / f"train.{kind}"
    if kind == "parquet":
        parquet.write_table(pa.Table.from_pylist(rows), path)
    elif kind == "csv":
        quoted = [[json.dumps(str(v)) for v in row.values()] for row in rows]
        text = "\n".join(map(",".join, [list(rows[0]), *quoted]))
        path.write_text(text.replace("\\n", "\n").replace("\\u00fc", "ü"))
    else:
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def read(name: str, path: str, stream: bool, **fields: Any) -> Any:
    dataset = DatasetParams(dataset_name=name, dataset_path=path, **fields)
    split = DatasetSplitParams(datasets=[dataset], stream=stream)
    return build_dataset_mixture(DataParams(train=split), DatasetSplit.TRAIN)


def samples(dataset: Any) -> list[Any]:
    if isinstance(dataset, Stream):
        return list(dataset)
    return [dataset[number] for number in range(len(dataset))]


CASES = [
    ("text_pairs", PAIRS, ("jsonl", "parquet", "csv")),
    ("token_classification", TAGS, ("jsonl", "parquet")),
    ("token_classification", NUMBERS, ("jsonl", "parquet")),
    ("text_lm", PLAIN, ("jsonl", "parquet", "csv")),
]


@pytest.mark.parametrize(
    ("name", "rows", "kind"),
    [(name, rows, kind) for name, rows, kinds in CASES for kind in kinds],
)
def test_a_stream_gives_what_the_whole_file_gives(tmp_path, name, rows, kind):
    path = write(tmp_path, kind, rows)
    whole, stream = read(name, path, False), read(name, path, True)
    assert isinstance(stream, Stream)
    assert samples(stream) == samples(whole) == rows
    assert stream.count_samples() == len(rows)
    assert stream.distinct_labels() == list(dict.fromkeys(whole.all_labels))
    later = [block.data[0] for block in stream.blocks(0, 30)]
    assert later[0] == rows[30]


def test_tags_are_names_however_wide_the_offsets_of_their_texts(tmp_path):
    path = tmp_path / "train.parquet"
    names = pa.list_(pa.large_string())
    table = pa.Table.from_pylist(TAGS)
    parquet.write_table(
        table.set_column(1, "labels", table["labels"].cast(names)), path
    )
    assert samples(read("token_classification", str(path), True)) == TAGS


@pytest.mark.parametrize(("name", "rows"), [(name, rows) for name, rows, _ in CASES])
def test_a_stream_is_tokenized_as_the_whole_file_is(tmp_path, name, rows):
    path = write(tmp_path, "jsonl", rows)
    params = ModelParams(tokenizer_name="bytes", model_max_length=7)
    columns = []
    for stream in (False, True):
        texts = read(name, path, stream)
        found = fit_preprocessing(texts, params, MODEL).apply(texts)
        columns.append(samples(found))
    assert len(columns[0]) == len(columns[1])
    for one, other in zip(*columns, strict=True):
        assert one.keys() == other.keys()
        assert all(one[key].equal(other[key]) for key in one)


@pytest.mark.parametrize(
    ("name", "row", "sentence"),
    [
        ("text_pairs", {"text": "a", "target": None}, "row 51 has no 'target'"),
        ("text_pairs", {"text": "a"}, "row 51 has no 'target'"),
        ("text_pairs", {"text": "a", "target": 1}, "'target' is 1"),
        ("text_lm", {"text": None}, "row 51 has no 'text'"),
        ("token_classification", {"tokens": "x", "labels": ["O"]}, "'tokens' is 'x'"),
        (
            "token_classification",
            {"tokens": ["x"], "labels": ["O", "B"]},
            "row 51 has 1 tokens but 2 labels",
        ),
        (
            "token_classification",
            {"tokens": [None], "labels": ["O"]},
            "row 51: 'tokens' is .None., not a list of texts",
        ),
        (
            "token_classification",
            {"tokens": ["x"], "labels": None},
            "row 51: 'labels' is None, not a list of names",
        ),
    ],
)
def test_a_bad_row_of_a_stream_is_named(tmp_path, name, row, sentence):
    good = {"text_pairs": PAIRS, "text_lm": PLAIN, "token_classification": TAGS}[name]
    path = write(tmp_path, "jsonl", [*good, row])
    with pytest.raises(BadRowError, match=sentence):
        samples(read(name, path, True))


@pytest.mark.parametrize("name", ["text_pairs", "token_classification"])
def test_a_missing_column_is_named(tmp_path, name):
    path = write(tmp_path, "jsonl", [{"tokens": ["a"], "text": "a"}])
    missing = {"text_pairs": "target", "token_classification": "labels"}[name]
    with pytest.raises(DataError, match=f"has no column '{missing}'"):
        read(name, path, True)


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(text_file, "_PART_CHARACTERS", 10)
    monkeypatch.setattr(text_file, "_PARTS_AT_ONCE", 3)


TEXT = "\ufeff" + "ünï\n" * 30 + "x" * 47 + "\n\n" + "end"


@pytest.mark.usefixtures("small_parts")
def test_the_parts_of_a_text_file_make_the_text(tmp_path: Path):
    path = tmp_path / "train.txt"
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    (whole,) = samples(read("text_lm", str(path), False))
    stream = read("text_lm", str(path), True)
    parts = [sample["text"] for sample in samples(stream)]
    assert "".join(parts) == whole["text"] == TEXT[1:]
    assert max(map(len, parts)) <= 20
    assert all(part.endswith("\n") for part in parts[:10])
    assert next(b.data[0] for b in stream.blocks(0, 4))["text"] == parts[4]


@pytest.mark.usefixtures("small_parts")
def test_a_streamed_text_file_has_the_tokens_of_the_whole_and_an_end_a_part(tmp_path):
    path = tmp_path / "train.txt"
    path.write_text("some lines\nof a text\n" * 20)
    params = ModelParams(model_max_length=16)

    def tokens(stream: bool) -> list[int]:
        texts = read("text_lm", str(path), stream)
        dataset = fit_preprocessing(texts, params, MODEL).apply(texts)
        ids = [sample["input_ids"] for sample in samples(dataset)]
        if isinstance(dataset, ColumnDataset):
            assert {len(row) for row in ids[:-1]} == {16}
        return torch.cat(ids).tolist()

    streamed = tokens(True)
    assert [each for each in streamed if each] == tokens(False)[:-1]
    assert streamed.count(0) == 40


def test_a_text_file_that_is_no_text_is_named(tmp_path: Path):
    path = tmp_path / "train.txt"
    path.write_bytes(b"")
    with pytest.raises(DataError, match="is empty"):
        read("text_lm", str(path), True)
    path.write_bytes(b"a\n" * 9 + b"\xff")
    with pytest.raises(BadRowError, match="is not UTF-8"):
        samples(read("text_lm", str(path), True))


def test_what_is_read_whole_does_not_stream():
    datasets = [DatasetParams(dataset_name="NPZ_file", dataset_path="a.npz")]
    split = DatasetSplitParams(datasets=datasets, stream=True)
    with pytest.raises(SectionError, match="NPZ_file reads its archive whole"):
        split.__finalize_and_validate__()
