"""The user's own tables, in memory and streamed."""

import json
import math
import re

import pyarrow as pa
import pytest
import torch
from pyarrow import csv, parquet

from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.datasets import Tabular
from oumi_runtime.exceptions import BadRowError, DataError

ROWS = [
    {"height": n, "weight": n / 4, "label": ["b", "a"][n % 2], "split": "train"}
    for n in range(30)
]


def write(folder, suffix, rows=ROWS, name="rows"):
    path = folder / f"{name}.{suffix}"
    if suffix == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    elif suffix == "csv":
        csv.write_csv(pa.Table.from_pylist(rows), path)
    else:
        parquet.write_table(pa.Table.from_pylist(rows), path)
    return str(path)


def read(stream, *args, **kwargs) -> ColumnDataset:
    """All rows at once, or those of a stream put together again."""
    if not stream:
        return Tabular(*args, **kwargs)
    opened = Tabular.open_stream(*args, **kwargs)
    samples = list(opened)
    columns = {name: torch.stack([s[name] for s in samples]) for name in samples[0]}
    return ColumnDataset(columns, label_names=opened.label_names)


both = pytest.mark.parametrize("stream", [False, True])


@both
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_columns_become_features_and_labels(tmp_path, suffix, stream):
    dataset = read(stream, write(tmp_path, suffix), split_column="split")
    assert dataset.columns["features"].dtype == torch.float32
    assert dataset.columns["features"][3].tolist() == [3.0, 0.75]
    assert dataset.label_names == ["a", "b"]
    assert dataset.columns["labels"][:3].tolist() == [1, 0, 1]
    assert dataset.columns["labels"].dtype == torch.int64


@both
def test_the_columns_that_are_named_are_read(tmp_path, stream):
    dataset = read(
        stream,
        write(tmp_path, "csv"),
        label_column="height",
        feature_columns=["weight"],
        regression=True,
    )
    assert dataset.columns["features"].shape == (30, 1)
    assert dataset.columns["labels"].dtype == torch.float32
    assert dataset.label_names is None


@both
def test_whole_numbers_are_classes_and_fractions_amounts(tmp_path, stream):
    rows = [{"x": n, "y": n % 3, "z": n / 2} for n in range(9)]
    path = write(tmp_path, "jsonl", rows)
    classes = read(stream, path, label_column="y", feature_columns=["x"])
    assert classes.columns["labels"].tolist() == [n % 3 for n in range(9)]
    amounts = read(stream, path, label_column="z", feature_columns=["x"])
    assert amounts.columns["labels"].tolist() == [n / 2 for n in range(9)]


@both
def test_a_split_is_a_file_of_a_folder_or_some_rows(tmp_path, stream):
    rows = [row | {"split": ["train", "test"][n % 2]} for n, row in enumerate(ROWS)]
    path = write(tmp_path, "csv", rows)
    some = read(stream, path, "test", split_column="split")
    assert some.columns["features"][:, 0].tolist() == list(range(1, 30, 2))
    if stream:
        opened = Tabular.open_stream(path, "test", split_column="split")
        (rest,) = opened.read_blocks(13)
        assert rest.columns["features"][:, 0].tolist() == [27.0, 29.0]
    folder = tmp_path / "folder"
    folder.mkdir()
    write(folder, "csv", ROWS, "train")
    write(folder, "csv", [row for row in ROWS if row["label"] == "b"], "test")
    kept = read(stream, str(folder), "test", feature_columns=["height"])
    assert kept.label_names == ["a", "b"]
    assert set(kept.columns["labels"].tolist()) == {1}


@both
def test_a_column_that_is_there_twice_is_named(tmp_path, stream):
    path = tmp_path / "rows.csv"
    path.write_text("a,b,a,label\n1,2,3,0\n4,5,6,1\n")
    with pytest.raises(DataError, match="two columns named 'a'; rename one"):
        read(stream, str(path))
    assert len(read(stream, str(path), feature_columns=["b"])) == 2


@both
@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_the_splits_of_rows_may_be_numbers(tmp_path, suffix, stream):
    rows = [row | {"split": n % 3} for n, row in enumerate(ROWS)]
    some = read(stream, write(tmp_path, suffix, rows), "2", split_column="split")
    assert some.columns["features"][:, 0].tolist() == list(range(2, 30, 3))


@both
def test_names_are_no_quantities(tmp_path, stream):
    with pytest.raises(BadRowError, match=r"row 1: 'label' is '\w+', not a number"):
        read(
            stream, write(tmp_path, "csv"), feature_columns=["height"], regression=True
        )


@both
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"label_column": "lable"}, r"no column 'lable' \(did you mean 'label'"),
        ({"feature_columns": ["hight"]}, r"'hight' \(did you mean 'height'"),
        ({"split_column": "part"}, "no column 'part'.*split_column"),
        ({"split_column": "split", "split": "dev"}, "no rows of the split 'dev'"),
    ],
)
def test_a_column_or_split_that_is_not_there_is_named(
    tmp_path, fields, sentence, stream
):
    with pytest.raises(DataError, match=sentence):
        read(stream, write(tmp_path, "csv"), **fields)


@both
def test_a_row_that_lacks_a_label_is_named(tmp_path, stream):
    rows = [row | {"split": ["train", "test"][n % 2]} for n, row in enumerate(ROWS)]
    rows[20] |= {"label": None}
    path = write(tmp_path, "jsonl", rows)
    sentence = r"rows\.jsonl: row 21(: 'label' is None| has no 'label')"
    with pytest.raises(DataError, match=sentence):
        read(stream, path, split_column="split")


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
@pytest.mark.parametrize("label", [None, ""])
def test_a_row_without_the_name_of_its_class_is_named(tmp_path, suffix, label):
    rows = [*ROWS[:9], ROWS[9] | {"label": label}]
    path = write(tmp_path, suffix, rows)
    with pytest.raises(DataError, match=rf"rows\.{suffix}: row 10 has no 'label'"):
        Tabular(path, split_column="split")


def test_a_stream_names_the_first_row_of_what_only_a_table_in_memory_may_have(
    tmp_path,
):
    rows = [*ROWS[:20], ROWS[20] | {"height": None}, *ROWS[21:]]
    path = write(tmp_path, "jsonl", rows)
    opened = Tabular.open_stream(path, feature_columns=["height"])
    sentence = "row 21 has no 'height'; a stream takes no missing values, so set stream"
    with pytest.raises(DataError, match=sentence):
        list(opened)
    opened = Tabular.open_stream(path, feature_columns=["split"])
    sentence = "row 1: 'split' is 'train', not a number; a stream takes no categories"
    with pytest.raises(DataError, match=sentence):
        list(opened)


@both
def test_a_class_that_training_lacks_is_named(tmp_path, stream):
    write(tmp_path, "jsonl", ROWS, "train")
    write(tmp_path, "jsonl", [*ROWS, ROWS[0] | {"label": "c"}], "test")
    with pytest.raises(DataError, match=r"row 31.*'c'.*not one of the classes a, b"):
        read(stream, str(tmp_path), "test", feature_columns=["height"])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("suffix", "value", "what"),
    [
        ("parquet", math.inf, "'width' is inf, not a number"),
        ("parquet", 1e39, "'width' is 1e+39, too large"),
        ("jsonl", -math.inf, "'width' is -inf, not a number"),
        ("csv", 1e39, "'width' is 1e+39, too large"),
        ("jsonl", 10**400, "'width' is inf, not a number"),
    ],
)
def test_a_number_that_the_model_cannot_have_is_named(
    tmp_path, stream, suffix, value, what
):
    widths = [1.0, 2.0, value, 4.0]
    rows = [{"width": width, "label": n % 2} for n, width in enumerate(widths)]
    path = write(tmp_path, suffix, rows)
    with pytest.raises(DataError, match=re.escape(f"row 3: {what}")):
        read(stream, path)


@pytest.mark.parametrize("suffix", ["parquet", "csv", "jsonl"])
def test_numbers_are_the_same_from_every_kind_of_file(tmp_path, suffix):
    numbers = [(1, 0.1, True, 2), (2**40, 1e-30, False, 0), (-3, -2.5, True, 1)]
    names = ("whole", "part", "yes", "label")
    rows = [dict(zip(names, row, strict=True)) for row in numbers]
    data = Tabular(write(tmp_path, suffix, rows))
    expected = torch.tensor([[float(n) for n in row[:3]] for row in numbers])
    assert torch.equal(data.columns["features"], expected)
    assert data.columns["labels"].dtype == torch.int64
    assert data.columns["labels"].tolist() == [2, 0, 1]
