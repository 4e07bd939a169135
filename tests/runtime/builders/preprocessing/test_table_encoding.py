"""How the columns of a table become features, fitted to the training split alone."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.builders import Preprocessing, build_dataset_mixture
from oumi_runtime.builders.preprocessing.fitting import fit_preprocessing
from oumi_runtime.builders.preprocessing.table_encoding import Feature, TableEncoding
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
)
from oumi_runtime.core.datasets import ColumnDataset, TableColumn, concatenate
from oumi_runtime.core.registry import REGISTRY, register_dataset
from oumi_runtime.datasets import Tabular
from oumi_runtime.exceptions import DataError

nan = float("nan")
COLUMNS = (
    TableColumn("age", has_gaps=True),
    TableColumn("city", ("Köln", "Paris", "Rome"), has_gaps=True),
    TableColumn("fare"),
)
ROWS = [[10.0, 1.0, 5.0], [nan, nan, 6.0], [20.0, 0.0, 7.5]]


def table(rows: list[list[float]], columns: tuple[TableColumn, ...]) -> ColumnDataset:
    labels = torch.zeros(len(rows), dtype=torch.int64)
    values = torch.tensor(rows)
    return ColumnDataset(
        {"features": values, "labels": labels}, label_names=["a"], table_columns=columns
    )


def encode(encoding: TableEncoding, rows: Any, columns: Any = COLUMNS) -> Any:
    encoded = encoding.apply(table(rows, columns))
    assert encoded.table_columns is None
    assert encoded.label_names == ["a"]
    return encoded.columns["features"].tolist()


ENCODING = TableEncoding.fit(table(ROWS, COLUMNS))


def test_every_category_is_a_feature_and_missing_numbers_are_the_mean() -> None:
    assert encode(ENCODING, ROWS) == [
        # age, is missing, Köln, Paris, Rome, fare
        [10, 0, 0, 1, 0, 5],
        [15, 1, 0, 0, 0, 6],
        [20, 0, 1, 0, 0, 7.5],
    ]


def test_what_the_training_split_does_not_have_is_no_feature_of_its_own() -> None:
    assert encode(ENCODING, [[1, 2, nan]]) == [[1, 0, 0, 0, 0, pytest.approx(37 / 6)]]
    whole = TableEncoding.fit(table(ROWS[::2], COLUMNS))
    assert encode(whole, ROWS)[1] == [15, 0, 0, 0, 0, 6]
    assert [each.column for each in whole.features if not each.is_seen] == [
        "age",
        "city",
    ]


def test_columns_are_found_by_name_and_categories_too() -> None:
    columns = (
        TableColumn("fare"),
        TableColumn("city", ("Oslo", "Paris")),
        TableColumn("new"),
        TableColumn("age"),
    )
    rows = [[5.0, 1.0, 0.0, 1.0], [6.0, 0.0, 0.0, 2.0]]
    assert encode(ENCODING, rows, columns) == [[1, 0, 0, 1, 0, 5], [2, 0, 0, 0, 0, 6]]


def test_plain_numbers_are_left_as_they_are() -> None:
    columns = (TableColumn("a"), TableColumn("b"))
    data = table([[1.0, 2.0], [3.0, 4.0]], columns)
    encoding = TableEncoding.fit(data)
    assert encoding.apply(data) is data
    assert encode(encoding, [[1.0, 2.0]], columns[::-1]) == [[2, 1]]


def test_a_column_that_is_not_there_is_named() -> None:
    sentence = "no column 'city', which the model was trained on, only age, fare"
    with pytest.raises(DataError, match=sentence):
        ENCODING.apply(table([[1.0, 2.0]], (COLUMNS[0], COLUMNS[2])))


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ((TableColumn("age", ("x",)), *COLUMNS[1:]), "'age' holds text, and held num"),
        ((COLUMNS[0], TableColumn("city"), COLUMNS[2]), "'city' holds numbers, and he"),
    ],
)
def test_text_where_numbers_were_and_numbers_where_text_was_are_named(
    columns: tuple[TableColumn, ...], sentence: str
) -> None:
    with pytest.raises(DataError, match=sentence):
        ENCODING.apply(table([[0.0, 0.0, 0.0]], columns))
    assert ENCODING.apply(table([[nan, nan, 0.0]], columns))


def test_a_column_without_values_is_named() -> None:
    sentence = "'age' has no values in the training split; leave it out with"
    with pytest.raises(DataError, match=sentence):
        TableEncoding.fit(table([[nan, 0.0, 1.0]], COLUMNS))


def test_what_is_written_is_read_again_exactly() -> None:
    read = TableEncoding.from_json(json.loads(ENCODING.to_json()), "features.json")
    assert read.features == ENCODING.features
    assert ENCODING.to_json().count("\n") == 8
    third = TableEncoding([Feature("a", "number", mean=1 / 3)])
    assert TableEncoding.from_json(json.loads(third.to_json()), "").features == (
        third.features
    )


@pytest.mark.parametrize(
    "content",
    [
        *({}, [], [1], [{}], 5, [{"column": "a", "sort": "x"}]),
        [{"column": "a", "kind": "?"}],
        [{"column": "a", "kind": "number", "mean": "1"}],
        [{"column": "a", "kind": "number", "mean": nan}],
        [{"column": 1, "kind": "number"}],
    ],
)
def test_a_damaged_file_is_named(content: Any) -> None:
    with pytest.raises(DataError, match=r"features\.json is not a list of features"):
        TableEncoding.from_json(content, "features.json")


def fit(path: Path, **more: Any) -> tuple[Preprocessing, DataParams]:
    shares = {"train": 0.5, "validation": 0.5}
    splits = {
        split: DatasetSplitParams(
            datasets=[
                DatasetParams(
                    dataset_name="tabular",
                    dataset_path=str(path),
                    split=split,
                    split_shares=shares,
                    **more,
                )
            ]
        )
        for split in shares
    }
    data = DataParams(train=splits["train"], validation=splits["validation"])
    train = build_dataset_mixture(data, DatasetSplit.TRAIN)
    return fit_preprocessing(train, ModelParams(), nn.Linear(1, 1)), data


def test_the_number_of_features_does_not_depend_on_the_rows_of_a_split(
    tmp_path: Path,
) -> None:
    names = "".join(f"kind {n // 2},{n},{n % 2}\n" for n in range(40))
    (tmp_path / "t.csv").write_text("kind,size,label\n" + names)
    preprocessing, data = fit(tmp_path / "t.csv")
    encoding = preprocessing.table
    assert encoding is not None
    assert len(encoding.features) == 21
    unseen = [feature.category for feature in encoding.features if not feature.is_seen]
    assert 0 < len(unseen) < 20
    other = build_dataset_mixture(data, DatasetSplit.VALIDATION)
    encoded: Any = preprocessing.apply(other)
    sums = encoded.columns["features"][:, :20].sum(0).tolist()
    of_unseen = [each.category in unseen for each in encoding.features[:20]]
    assert all(
        total == 0 for total, is_one in zip(sums, of_unseen, strict=True) if is_one
    )
    few, _ = fit(tmp_path / "t.csv", sample_count=2)
    assert few.table is not None
    assert len(few.table.features) == 21


def test_the_features_are_saved_and_loaded(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("sex,age,label\nf,1,0\nm,,1\nf,3,1\nm,4,0\n")
    preprocessing, data = fit(tmp_path / "t.csv")
    preprocessing.save(tmp_path / "run")
    loaded = Preprocessing.load(tmp_path / "run", ModelParams())
    other: Any = build_dataset_mixture(data, DatasetSplit.VALIDATION)
    first: Any = preprocessing.apply(other)
    second: Any = loaded.apply(other)
    assert torch.equal(first.columns["features"], second.columns["features"])
    assert loaded.digest() == preprocessing.digest()
    assert loaded.digest() != Preprocessing(None, None).digest()


def test_a_model_of_before_takes_plain_numbers_alone(tmp_path: Path) -> None:
    earlier = Preprocessing(None, None)
    data = table([[1.0]], (TableColumn("fare"),))
    assert earlier.apply(data) is data
    with pytest.raises(DataError, match="'age' has text or missing values, and the mo"):
        earlier.apply(table([[1.0]], (COLUMNS[0],)))


def test_two_files_have_the_categories_of_both(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x,y,label\nb,1,0\na,2,1\n")
    (tmp_path / "b.csv").write_text("x,y,label\nc,,0\nb,4,1\n,5,1\n")
    datasets = [
        DatasetParams(dataset_name="tabular", dataset_path=str(tmp_path / name))
        for name in ("a.csv", "b.csv")
    ]
    data = DataParams(train=DatasetSplitParams(datasets=datasets))
    both: Any = build_dataset_mixture(data, DatasetSplit.TRAIN)
    encoded: Any = fit_preprocessing(both, ModelParams(), nn.Linear(1, 1)).apply(both)
    assert encoded.columns["features"].tolist() == [
        # a, b, c, y, is missing
        [0, 1, 0, 1, 0],
        [1, 0, 0, 2, 0],
        [0, 0, 1, 3, 1],
        [0, 1, 0, 4, 0],
        [0, 0, 0, 5, 0],
    ]


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        ("z,y,label\nb,1,0\n", "not 'x' and 'z' in one place"),
        ("x,y,label\n3,1,0\n", "'x' is text in one table of the split and numbers in"),
    ],
)
def test_two_files_of_other_columns_are_refused(
    tmp_path: Path, other: str, sentence: str
) -> None:
    (tmp_path / "a.csv").write_text("x,y,label\nb,1,0\na,2,1\n")
    (tmp_path / "b.csv").write_text(other)
    datasets = [
        DatasetParams(dataset_name="tabular", dataset_path=str(tmp_path / name))
        for name in ("a.csv", "b.csv")
    ]
    data = DataParams(train=DatasetSplitParams(datasets=datasets))
    with pytest.raises(DataError, match=sentence):
        build_dataset_mixture(data, DatasetSplit.TRAIN)


class Squared(Tabular):
    def __getitem__(self, index: int) -> Any:
        sample = super().__getitem__(index)
        return {**sample, "features": sample["features"] ** 2}


@pytest.mark.parametrize("more", [{}, {"sample_count": 1}, {"shuffle": True}])
def test_a_table_to_encode_may_not_make_its_samples_itself(
    tmp_path: Path, more: dict[str, Any]
) -> None:
    (tmp_path / "a.csv").write_text("x,label\n2,0\n3,1\n")
    path = str(tmp_path / "a.csv")
    with REGISTRY.isolated():
        register_dataset("squared")(Squared)
        dataset = DatasetParams(dataset_name="squared", dataset_path=path, **more)
        data = DataParams(train=DatasetSplitParams(datasets=[dataset]))
        plain: Any = build_dataset_mixture(data, DatasetSplit.TRAIN)
        assert plain[0]["features"].item() in (4, 9)
        (tmp_path / "a.csv").write_text("x,label\na,0\nb,1\n")
        sentence = "Squared makes its samples itself, and its table has text or missing"
        with pytest.raises(DataError, match=sentence):
            build_dataset_mixture(data, DatasetSplit.TRAIN)


def test_a_table_to_encode_is_not_mixed_with_features_of_another_kind(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.csv").write_text("x,label\n1,0\n,1\n")
    kinds = [Tabular(str(tmp_path / "a.csv")), table([[1.0]], COLUMNS[2:])]
    kinds[1].table_columns = None
    with pytest.raises(
        DataError, match="cannot be mixed with other data; use only tab"
    ):
        concatenate(kinds)
