"""A sample in memory is named by its row in the file, whatever became of it since."""

from pathlib import Path
from typing import Any

import pytest
import torch

from oumi_runtime.builders import build_dataset_mixture, fit_preprocessing
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
    ModelParams,
)
from oumi_runtime.core.datasets.rows.reading import describe_row

TEXTS = "text,label\n" + "".join(f"text number {n},{'ab'[n % 2]}\n" for n in range(12))
TABLE = "x,kind,label\n" + "".join(f"{n},{'pq'[n % 2]},{n % 3}\n" for n in range(12))


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("texts.csv").write_text(TEXTS)
    Path("more.csv").write_text(TEXTS)
    Path("table.csv").write_text(TABLE)


def prepared(*datasets: DatasetParams, pack: bool = False) -> Any:
    split = DatasetSplitParams(datasets=list(datasets), pack=pack)
    read = build_dataset_mixture(
        DataParams(train=split), DatasetSplit.TRAIN, seq_length=8, seed=1
    )
    params = ModelParams(model_name="any", tokenizer_name="bytes", model_max_length=8)
    return fit_preprocessing(read, params, torch.nn.Linear(1, 1)).apply(read)


def of(name: str, path: str, **fields: Any) -> DatasetParams:
    return DatasetParams(dataset_name=name, dataset_path=path, **fields)


@pytest.mark.parametrize(
    ("name", "path"),
    [("text_classification", "texts.csv"), ("tabular", "table.csv")],
)
def test_samples_are_named_by_their_dataset_and_row(name: str, path: str) -> None:
    found = prepared(of(name, path))
    assert describe_row(found, 2) == f"row 3 of dataset {name!r} ({path})"
    shares = {"train": 0.5, "test": 0.5}
    part = prepared(of(name, path, split_shares=shares, split="train", shuffle=True))
    column = found.columns["labels"]
    for index in range(len(part)):
        row = int(describe_row(part, index).split()[1])
        assert part.columns["labels"][index] == column[row - 1]


def test_samples_of_several_files_are_named_by_theirs() -> None:
    few = of("text_classification", "texts.csv", sample_count=3)
    found = prepared(few, of("text_classification", "more.csv"))
    assert (
        describe_row(found, 2) == "row 3 of dataset 'text_classification' (texts.csv)"
    )
    assert describe_row(found, 4) == "row 2 of dataset 'text_classification' (more.csv)"


def test_rows_that_were_left_out_are_said_not_to_count() -> None:
    rows = TEXTS.splitlines()
    rows[2] = "a text without a class,"
    Path("texts.csv").write_text("\n".join(rows))
    split = DatasetSplitParams(datasets=[of("text_classification", "texts.csv")])
    data = DataParams(train=split, on_bad_sample="skip")
    found = build_dataset_mixture(data, DatasetSplit.TRAIN)
    where = "the usable rows of dataset 'text_classification' (texts.csv)"
    assert describe_row(found, 4) == f"row 5 of {where}"


def test_blocks_are_named_as_such() -> None:
    found = prepared(of("text_lm", "texts.csv"), pack=True)
    assert describe_row(found, 1) == "block 2 of dataset 'text_lm' (texts.csv)"


def test_data_without_a_file_is_named_by_its_name() -> None:
    assert describe_row(prepared(DatasetParams(dataset_name="digits")), 0) == (
        "row 1 of dataset 'digits'"
    )
