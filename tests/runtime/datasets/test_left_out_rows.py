"""A row of a file that is read whole: named where it is no good, or left out."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from oumi_runtime.builders import build_dataset_mixture
from oumi_runtime.core.configs import DataParams, DatasetParams, DatasetSplitParams
from oumi_runtime.core.configs.params.data_params import DatasetSplit
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.trainers.batches.bad_samples import BadSamples
from oumi_runtime.exceptions import (
    BadRowError,
    DataError,
    TooManyBadSamplesError,
)

GOOD_TEXT = '{"text": "a", "label": 1}'


def jsonl(*lines: str) -> bytes:
    return "\n".join([GOOD_TEXT, *lines, GOOD_TEXT]).encode(errors="surrogateescape")


def parquet_bytes(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(rows), sink)
    return bytes(sink.getvalue())


BAD_FILES = {
    "line": (
        *("text_classification", "a.jsonl", jsonl('{"text": "b"')),
        *("line 2 is not JSON: ", "a.jsonl:2 is not JSON: "),
    ),
    "bytes": (
        *("text_classification", "a.jsonl", jsonl('{"text": "\udcff"}')),
        *("line 2 is not UTF-8: ", "a.jsonl:2 is not UTF-8: "),
    ),
    "no object": (
        *("text_classification", "a.jsonl", jsonl("5")),
        *("is not a JSON object", "a.jsonl: row 2 is not a JSON object"),
    ),
    "in a list": (
        *("text_classification", "a.json", b'[{"text":"a","label":1},5]'),
        *("is not a JSON object", "a.json: row 2 is not a JSON object"),
    ),
    "no label": (
        *("text_classification", "a.jsonl", jsonl('{"text": "b"}')),
        *("has no 'label'", "a.jsonl: row 2 has no 'label'"),
    ),
    "no text": (
        *("text_classification", "a.jsonl", jsonl('{"text": 5, "label": 1}')),
        *("'text' is 5, not text", "a.jsonl: row 2: 'text' is 5, not text"),
    ),
    "other class": (
        *("text_classification", "a.jsonl", jsonl('{"text": "b", "label": "x"}')),
        *("'label' is 'x'; classes must", "a.jsonl: row 2: 'label' is 'x'; classes"),
    ),
    "more columns": (
        *("text_classification", "a.csv", b"text,label\na,1\nb,2,3\nc,1\n"),
        "Expected 2 columns, got 3: 'b,2,3'",
        "a.csv is not valid csv: row 2: Expected 2 columns, got 3",
    ),
    "text for number": (
        *("tabular", "a.csv", b"x,y,label\n1,2.5,0\n?,3,1\n" + b"7,8,0\n" * 30),
        *("'x' is '?', not a number", "a.csv: row 2: 'x' is '?', not a number"),
    ),
    "amount": (
        *("tabular", "a.parquet", None),
        *("has no 'label'", "a.parquet: row 2 has no 'label'"),
    ),
    "name of a class": (
        *("tabular", "a.csv", b"x,label\n1,a\n2,\n3,b\n"),
        *("has no 'label'", "a.csv: row 2 has no 'label'"),
    ),
    "amount to predict": (
        *("tabular", "a.csv", b"x,label\n1,0.5\n2,NA\n3,1.5\n"),
        *("has no 'label'", "a.csv: row 2 has no 'label'"),
    ),
    "text alone": (
        *("text_lm", "a.jsonl", jsonl('{"text": ["b"]}')),
        *("'text' is ['b'], not text", "a.jsonl: row 2: 'text' is ['b'], not"),
    ),
    "target": (
        "text_pairs",
        "a.csv",
        b'text,target\na,b\n"c"\nd,e\n',
        "Expected 2 columns, got 1",
        "a.csv is not valid csv: row 2: Expected 2 columns, got 1",
    ),
    "tags": (
        "token_classification",
        "a.jsonl",
        b'{"tokens":["a"],"labels":[0]}\n{"tokens":["a"],"labels":[0,1]}\n',
        "has 1 tokens but 2 labels",
        "a.jsonl: row 2 has 1 tokens but 2 labels",
    ),
}
PARQUET_ROWS = [
    {"x": 1.0, "label": 0},
    {"x": 3.0, "label": None},
    {"x": 2.0, "label": 1},
]

files = pytest.mark.parametrize("kind", BAD_FILES)


@pytest.fixture
def data(tmp_path: Path, kind: str) -> DataParams:
    name, file, content, *_ = BAD_FILES[kind]
    path = tmp_path / file
    path.write_bytes(parquet_bytes(PARQUET_ROWS) if content is None else content)
    dataset = DatasetParams(dataset_name=name, dataset_path=str(path))
    return DataParams(train=DatasetSplitParams(datasets=[dataset]))


@files
def test_a_bad_row_is_named_with_its_file(data, kind) -> None:
    with pytest.raises(BadRowError) as caught:
        build_dataset_mixture(data, DatasetSplit.TRAIN)
    path = Path(data.train.datasets[0].dataset_path)
    assert str(caught.value).startswith(f"{path.parent}/{BAD_FILES[kind][4]}")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


@files
def test_a_bad_row_is_left_out_and_counted(data, kind) -> None:
    data.on_bad_sample = "skip"
    bad = BadSamples(1)
    dataset = build_dataset_mixture(data, DatasetSplit.TRAIN, bad_samples=bad)
    rows = {"in a list": 1, "tags": 1, "text for number": 31}
    assert len(dataset) == rows.get(kind, 2)
    params = data.train.datasets[0]
    where = f"row 2 of dataset {params.dataset_name!r} ({params.dataset_path})"
    (first,) = bad.described()["first"]
    assert first.startswith(f"{where}: {BAD_FILES[kind][3]}")


def text_rows(path: Path, *bad: int) -> DataParams:
    lines = [json.dumps({"text": str(n), "label": n % 2}) for n in range(20)]
    for number in bad:
        lines[number] = "{"
    path.write_text("\n".join(lines))
    dataset = DatasetParams(
        dataset_name="text_classification", dataset_path=str(path), sample_count=None
    )
    return DataParams(
        train=DatasetSplitParams(datasets=[dataset]), on_bad_sample="skip"
    )


def test_all_others_keep_their_order_and_their_numbers(tmp_path: Path) -> None:
    data = text_rows(tmp_path / "a.jsonl", 3, 7)
    bad = BadSamples(9)
    dataset: Any = build_dataset_mixture(data, DatasetSplit.TRAIN, bad_samples=bad)
    assert dataset.texts == [str(n) for n in range(20) if n not in (3, 7)]
    starts = [line.split(" of ")[0] for line in bad.described()["first"]]
    assert starts == ["row 4", "row 8"]


def test_more_than_may_be_left_out_end_the_run(tmp_path: Path) -> None:
    data = text_rows(tmp_path / "a.jsonl", 3, 7, 9)
    data.max_bad_samples = 2
    with pytest.raises(TooManyBadSamplesError, match=r"the 2 samples .*row 10 of"):
        build_dataset_mixture(data, DatasetSplit.TRAIN)


def test_a_row_that_two_splits_read_counts_once(tmp_path: Path) -> None:
    data = text_rows(tmp_path / "a.jsonl", 3)
    data.validation = data.train
    bad = BadSamples(9)
    for split in (DatasetSplit.TRAIN, DatasetSplit.VALIDATION):
        build_dataset_mixture(data, split, bad_samples=bad)
    assert bad.count == 1


def test_a_file_without_a_good_row_is_refused(tmp_path: Path) -> None:
    data = text_rows(tmp_path / "a.jsonl", *range(20))
    with pytest.raises(DataError, match=r"has no usable rows|has no samples"):
        build_dataset_mixture(data, DatasetSplit.TRAIN)


def hub_like(path: Path, content: bytes, **more: Any) -> DataParams:
    """A file of a name that is not registered, which Hugging Face `datasets` reads."""
    path.write_bytes(content)
    dataset = DatasetParams(dataset_name="of the hub", dataset_path=str(path))
    split = DatasetSplitParams(datasets=[dataset], **more)
    return DataParams(train=split, on_bad_sample="skip")


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            [{"text": "a", "label": 1}, {"text": None, "label": 1}],
            "'text' is None, not",
        ),
        ([{"x": 1, "label": 1}, {"x": None, "label": 1}], "has no 'x'"),
        (
            [{"x": [1, 2], "label": 1}, {"x": [3, None], "label": 1}],
            "'x' is a list with missing values",
        ),
    ],
)
def test_rows_that_another_library_reads_are_left_out(tmp_path, rows, reason) -> None:
    path = tmp_path / "a.parquet"
    data = hub_like(path, parquet_bytes(rows))
    bad = BadSamples(1)
    dataset: Any = build_dataset_mixture(data, DatasetSplit.TRAIN, bad_samples=bad)
    assert len(dataset) == 1
    (first,) = bad.described()["first"]
    assert first.startswith(f"row 2 of dataset 'of the hub' ({path}): {reason}")


def test_a_picture_that_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    image_module = pytest.importorskip("PIL.Image")
    datasets = pytest.importorskip("datasets")
    for name in "ab":
        image_module.new("RGB", (4, 4)).save(tmp_path / f"{name}.png")
    (tmp_path / "b.png").write_bytes(b"none")
    paths = [str(tmp_path / f"{name}.png") for name in "aba"]
    rows = datasets.Dataset.from_dict({"image": paths, "label": [0, 1, 1]})
    saved = tmp_path / "saved"
    rows.cast_column("image", datasets.Image()).save_to_disk(str(saved))
    dataset = DatasetParams(dataset_name="pictures", dataset_path=str(saved))
    data = DataParams(
        train=DatasetSplitParams(datasets=[dataset]), on_bad_sample="skip"
    )
    bad = BadSamples(1)
    read: Any = build_dataset_mixture(data, DatasetSplit.TRAIN, bad_samples=bad)
    assert read.columns["labels"].tolist() == [0, 1]
    (first,) = bad.described()["first"]
    assert first.startswith("row 2 of dataset 'pictures'")
    assert "'image' is not an image" in first


def test_a_line_that_another_library_cannot_read_is_said_not_to_be_left_out(
    tmp_path: Path,
) -> None:
    data = hub_like(tmp_path / "a.csv", b"x,label\n1,0\n1,2,3\n")
    with pytest.raises(DataError, match=r"line 3.*skip does not apply to files"):
        build_dataset_mixture(data, DatasetSplit.TRAIN)


@pytest.mark.parametrize("split", [DatasetSplit.TRAIN, DatasetSplit.VALIDATION])
def test_files_that_stream_are_refused_before_the_run(tmp_path: Path, split) -> None:
    data = text_rows(tmp_path / "a.jsonl")
    data.train.stream = True
    data.validation = data.train
    sentence = (
        "data.on_bad_sample: skip cannot leave rows out of 'text_classification' while "
        f"it streams; write data.{split.value}.stream: false, or on_bad_sample: raise"
    )
    with pytest.raises(DataError, match=sentence):
        build_dataset_mixture(data, split)
    data.on_bad_sample = "raise"
    build_dataset_mixture(data, split)


class Sequences(BaseMapDataset):
    """Token ids; some rows have none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._data = [{"ids": [n, n]} for n in range(4)]
        del self._data[1]["ids"]
        self._data[2]["ids"] = [[2], [2]]  # type: ignore[list-item]

    def transform(self, sample: Any) -> dict[str, Any]:
        return {"input_ids": sample["ids"]}


def packed(**more: Any) -> DataParams:
    dataset = DatasetParams(dataset_name="left_out_sequences")
    split = DatasetSplitParams(datasets=[dataset], pack=True, **more)
    return DataParams(train=split, on_bad_sample="skip")


@pytest.fixture
def sequences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(REGISTRY, "get_dataset", lambda name, subset=None: Sequences)


@pytest.mark.usefixtures("sequences")
def test_samples_that_cannot_be_packed_are_left_out() -> None:
    data, bad = packed(), BadSamples(2)
    dataset: Any = build_dataset_mixture(
        data, DatasetSplit.TRAIN, seq_length=3, bad_samples=bad
    )
    assert [row["input_ids"].tolist() for row in dataset] == [[0, 0, 3], [3]]
    no_ids, not_flat = bad.described()["first"]
    assert no_ids.startswith("row 2 of dataset 'left_out_sequences': KeyError: 'ids'")
    assert not_flat == (
        "row 3 of dataset 'left_out_sequences': pack joins sequences of integers, "
        "but 'input_ids' is int64 of shape (2, 1); set pack: false"
    )
    data.on_bad_sample = "raise"
    with pytest.raises(BadRowError, match="row 2 of dataset 'left_out_sequences'"):
        build_dataset_mixture(data, DatasetSplit.TRAIN, seq_length=3)


@pytest.mark.usefixtures("sequences")
def test_streams_that_are_packed_are_refused_before_the_run() -> None:
    with pytest.raises(DataError, match=r"packed; write data.train.stream: false"):
        build_dataset_mixture(packed(stream=True), DatasetSplit.TRAIN, seq_length=3)
