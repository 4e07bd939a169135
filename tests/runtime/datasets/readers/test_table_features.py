"""Which columns of a table are numbers and which are categories, and their values."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import torch
from pyarrow import csv, parquet

from oumi_runtime.core.datasets import TableColumn
from oumi_runtime.datasets import Tabular
from oumi_runtime.datasets.readers import table_features
from oumi_runtime.exceptions import BadRowError, DataError

nan = float("nan")


def csv_of(path: Path, name: str, *cells: object) -> str:
    """A csv file of one feature column, and labels."""
    rows = "".join(f"{cell},{n % 2}\n" for n, cell in enumerate(cells))
    path.write_text(f"{name},label\n{rows}", encoding="utf-8")
    return str(path)


def column_of(data: Tabular) -> tuple[TableColumn, list[float]]:
    assert data.table_columns is not None
    features = data.columns["features"]
    assert isinstance(features, torch.Tensor)
    values = ["missing" if v != v else v for v in features[:, 0].tolist()]
    return data.table_columns[0], values


def test_a_column_of_text_holds_places_in_its_categories(tmp_path: Path) -> None:
    cells = ('"Paris, Texas"', '"a ""b"""', " a", "東京", "a", " a")
    data = Tabular(csv_of(tmp_path / "t.csv", "city", *cells))
    column, values = column_of(data)
    assert column == TableColumn("city", (" a", "Paris, Texas", "a", 'a "b"', "東京"))
    assert values == [1, 3, 0, 4, 2, 0]


@pytest.mark.parametrize("word", ["", "NA", "N/A", "NaN", "null", "NULL", '""'])
@pytest.mark.parametrize("cells", [("x", "y"), (1, 2), (0.5, 1), ("true", "false")])
def test_words_for_missing_values_mean_such_in_csv_files(tmp_path, word, cells) -> None:
    data = Tabular(csv_of(tmp_path / "t.csv", "a", cells[0], word, cells[1]))
    column, values = column_of(data)
    assert column.has_gaps
    assert values[1] == "missing"
    assert "missing" not in (values[0], values[2])


def test_elsewhere_only_null_nan_and_no_text_at_all_are_missing(tmp_path) -> None:
    cells = ["NA", None, "", "x"]
    rows = [{"a": cell, "label": n % 2} for n, cell in enumerate(cells)]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
    for file in ("t.jsonl", "t.parquet"):
        column, values = column_of(Tabular(str(tmp_path / file)))
        assert column == TableColumn("a", ("NA", "x"), has_gaps=True)
        assert values == [0, "missing", "missing", 1]


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_missing_numbers_are_the_same_from_every_kind_of_file(tmp_path, suffix) -> None:
    rows = [
        {"whole": 3, "part": None, "yes": True, "label": 0},
        {"whole": None, "part": 0.5, "yes": None, "label": 1},
        {"whole": -1, "part": 1e-3, "yes": False, "label": 0},
    ]
    path = tmp_path / f"t.{suffix}"
    if suffix == "jsonl":
        path.write_text("\n".join(map(json.dumps, rows)))
    elif suffix == "csv":
        csv.write_csv(pa.Table.from_pylist(rows), path)
    else:
        parquet.write_table(pa.Table.from_pylist(rows), path)
    data = Tabular(str(path))
    expected = torch.tensor([[3, nan, 1], [nan, 0.5, nan], [-1, 1e-3, 0]])
    features = data.columns["features"]
    assert isinstance(features, torch.Tensor)
    torch.testing.assert_close(features, expected, equal_nan=True, rtol=0, atol=0)
    assert all(column.has_gaps for column in data.table_columns or ())


def test_numbers_of_zero_and_one_stay_numbers(tmp_path: Path) -> None:
    column, values = column_of(Tabular(csv_of(tmp_path / "t.csv", "a", 0, 1, 1)))
    assert column == TableColumn("a")
    assert values == [0, 1, 1]


def test_numbers_in_a_column_of_text_are_categories_too(tmp_path: Path) -> None:
    cells = [0, 1, 2, "3+"] * 5
    column, values = column_of(Tabular(csv_of(tmp_path / "t.csv", "a", *cells)))
    assert column.categories == ("0", "1", "2", "3+")
    assert values[:4] == [0, 1, 2, 3]


def test_a_word_among_many_numbers_is_a_mistake(tmp_path: Path) -> None:
    path = csv_of(tmp_path / "t.csv", "age", *range(30), "old", *range(30))
    sentence = r"t\.csv: row 31: 'age' is 'old', not a number; leave the column out"
    with pytest.raises(BadRowError, match=sentence):
        Tabular(path)


def test_more_texts_than_may_be_are_refused(tmp_path: Path) -> None:
    names = [f"name {n:03}" for n in range(101)]
    path = csv_of(tmp_path / "t.csv", "who", *names)
    sentence = (
        r"t\.csv: 'who' has 101 different texts, such as 'name 000', and may have 100; "
        "leave the column out .*or raise dataset_kwargs.max_categories"
    )
    with pytest.raises(DataError, match=sentence):
        Tabular(path)
    column, _ = column_of(Tabular(path, max_categories=101))
    assert len(column.categories or ()) == 101


@pytest.mark.parametrize("value", [date(2024, 1, 2), datetime(2024, 1, 2)])
def test_dates_are_refused(tmp_path: Path, value: Any) -> None:
    kind = type(value).__name__
    path = csv_of(tmp_path / "t.csv", "day", value, value)
    sentence = f"'day' holds values of the kind {kind}, .*such as the year, or leave"
    with pytest.raises(DataError, match=sentence):
        Tabular(path)
    assert len(Tabular(csv_of(tmp_path / "t.csv", "day", value.year, 2025))) == 2


def test_lists_are_no_features(tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_text('{"a": [1], "label": 0}\n')
    with pytest.raises(DataError, match=r"row 1: 'a' is \[1\], not a number"):
        Tabular(str(tmp_path / "t.jsonl"))


def test_categories_are_those_of_the_whole_file(tmp_path: Path) -> None:
    rows = "a,train,0\nb,test,1\n,test,0\n"
    (tmp_path / "t.csv").write_text("x,split,label\n" + rows)
    column, values = column_of(
        Tabular(str(tmp_path / "t.csv"), "train", split_column="split")
    )
    assert column == TableColumn("x", ("a", "b"), has_gaps=True)
    assert values == [0]


def test_the_file_of_the_training_split_decides_what_is_text(tmp_path: Path) -> None:
    csv_of(tmp_path / "train.csv", "code", "007", "7", "A7", "7")
    csv_of(tmp_path / "test.csv", "code", "007", "8")
    column, values = column_of(Tabular(str(tmp_path), "test"))
    assert (column.categories, values) == (("007", "8"), [0, 1])
    csv_of(tmp_path / "train.csv", "code", *range(30), "A7")
    csv_of(tmp_path / "test.csv", "code", "7", "A7")
    with pytest.raises(BadRowError, match="row 2: 'code' is 'A7', not a number"):
        Tabular(str(tmp_path), "test")
    csv_of(tmp_path / "train.csv", "other", 1, 2)
    with pytest.raises(DataError, match=r"train\.csv has no column 'code'"):
        Tabular(str(tmp_path), "test")


def test_only_the_texts_of_the_training_file_are_read(tmp_path, monkeypatch) -> None:
    read: list[Any] = []
    whole = table_features.read_table

    def noted(path: Path, names: Any) -> Any:
        read.append((path.name, names))
        return whole(path, names)

    monkeypatch.setattr(table_features, "read_table", noted)
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("a,b,label\n1,x,0\n2,y,1\n")
    Tabular(str(tmp_path), "test")
    assert read == [("train.csv", ["b"])]
