"""What separates the columns of a csv file, and the fractions of its numbers."""

from pathlib import Path

import pytest

from oumi_runtime.builders import build_dataset_mixture
from oumi_runtime.core.configs import DataParams, DatasetParams, DatasetSplitParams
from oumi_runtime.core.configs.params.data_params import DatasetSplit
from oumi_runtime.datasets.readers.csv_files import decimal_mark_of, separator_of


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_a_csv_of_another_separator_is_read_like_one_of_commas(
    tmp_path: Path, sign: str, stream: bool
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"x{sign}z{sign}label\n1{sign}2.5{sign}0\n2{sign}3{sign}1\n")
    dataset = DatasetParams(dataset_name="tabular", dataset_path=str(path))
    data = DataParams(train=DatasetSplitParams(datasets=[dataset], stream=stream))
    found = list(build_dataset_mixture(data, DatasetSplit.TRAIN))
    features = sorted(row["features"].tolist() for row in found)
    assert features == [[1.0, 2.5], [2.0, 3.0]]


@pytest.mark.parametrize("stream", [False, True])
def test_fractions_may_have_a_comma_where_it_separates_nothing(
    tmp_path: Path, stream: bool
) -> None:
    path = tmp_path / "a.csv"
    path.write_text('x;z;label\n1;"2,5";0\n2;-3,25e1;1\n')
    dataset = DatasetParams(dataset_name="tabular", dataset_path=str(path))
    data = DataParams(train=DatasetSplitParams(datasets=[dataset], stream=stream))
    found = list(build_dataset_mixture(data, DatasetSplit.TRAIN))
    features = sorted(row["features"].tolist() for row in found)
    assert features == [[1.0, 2.5], [2.0, -32.5]]


@pytest.mark.parametrize(
    ("rows", "mark"),
    [
        ("1,5;2\n", ","),
        ("1,234;0,1\n", ","),
        ("1,234;2\n", "."),
        ("1,5;2.5\n", "."),
        ("a, b;2\n", "."),
        ("1,2,3;2\n", "."),
        ("", "."),
    ],
)
def test_a_comma_in_numbers_is_told_from_one_of_thousands_or_texts(
    tmp_path: Path, rows: str, mark: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x;z\n" + rows)
    assert decimal_mark_of(path) == mark
    path.write_text("x,z\n" + rows)
    assert decimal_mark_of(path) == "."


def test_a_comma_in_the_header_is_what_separates(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("text;s,label\na;b,0\n")
    assert separator_of(path) == ","
    path.write_text("label\n0;1,2\n")
    assert separator_of(path) == ","
