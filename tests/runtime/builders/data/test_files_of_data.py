"""Which files a run reads, by every field of its config that may say so."""

from pathlib import Path
from typing import Any

import pytest

from oumi_runtime.builders import files_of, fingerprints_of
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplitParams,
    TrainingConfig,
    TrainingParams,
)
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.registry import register_dataset


def split(*datasets: dict[str, Any]) -> DatasetSplitParams:
    return DatasetSplitParams(datasets=[DatasetParams(**each) for each in datasets])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c", "label", "digits"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "rows.csv").write_text(name)
    return tmp_path


@pytest.mark.parametrize(
    ("dataset", "files"),
    [
        ({"dataset_name": "tabular", "dataset_path": "a/rows.csv"}, ["a/rows.csv"]),
        ({"dataset_name": "image_folder", "dataset_path": "a"}, ["a"]),
        ({"dataset_name": "b/rows.csv"}, ["b/rows.csv"]),
        ({"dataset_name": "digits"}, []),
        ({"dataset_name": "mine", "dataset_kwargs": {"data_dir": "c"}}, ["c"]),
        ({"dataset_name": "mine", "dataset_kwargs": {"paths": ["a", "c"]}}, ["a", "c"]),
        ({"dataset_name": "mine", "dataset_kwargs": {"label_column": "label"}}, []),
        ({"dataset_name": "mine", "dataset_kwargs": {"data_dir": "none"}}, []),
        ({"dataset_name": "mine", "dataset_kwargs": {"data_dir": ""}}, []),
    ],
)
def test_every_field_that_says_where_files_are_is_followed(dataset, files) -> None:
    assert files_of(split(dataset)) == [Path(name) for name in files]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("train", ["train.csv"]),
        ("validation", ["dev.csv", "train.csv"]),
        ("fold_2", ["fold_2.csv", "train.csv"]),
    ],
)
def test_only_the_files_of_the_split_count_where_a_folder_holds_more(
    folder: Path, name: str, files: list[str]
) -> None:
    for file in ("train.csv", "dev.csv", "fold_2.csv", "notes.txt"):
        (folder / file).write_text("1")
    named = {"dataset_name": "Tabular", "dataset_path": ".", "split": name}
    assert files_of(split(named)) == [Path(file) for file in files]


@pytest.mark.parametrize(("marked", "files"), [(True, ["a/train.csv"]), (False, ["a"])])
def test_a_users_own_dataset_says_whether_it_reads_the_files_of_the_split(
    folder: Path, marked: bool, files: list[str]
) -> None:
    (folder / "a" / "train.csv").write_text("1")

    class Own(BaseMapDataset):
        def transform(self, sample: Any) -> dict[str, Any]:
            return dict(sample)

    if marked:
        Own.reads_split_files = True
    register_dataset("own")(Own)
    named = {"dataset_name": "own", "dataset_path": "a"}
    assert files_of(split(named)) == [Path(file) for file in files]


def test_all_files_of_a_mixture_count_each_once() -> None:
    mixture = split(
        {"dataset_name": "tabular", "dataset_path": "a/rows.csv"},
        {"dataset_name": "tabular", "dataset_path": "b/rows.csv"},
        {"dataset_name": "tabular", "dataset_path": "a/rows.csv"},
    )
    assert files_of(mixture) == [Path("a/rows.csv"), Path("b/rows.csv")]


@pytest.mark.parametrize(("strategy", "evaluated"), [("epoch", ["b"]), ("no", [])])
def test_what_is_evaluated_on_alone_is_told_apart(strategy, evaluated) -> None:
    data = DataParams(
        train=split({"dataset_name": "image_folder", "dataset_path": "a"}),
        validation=split(
            {"dataset_name": "image_folder", "dataset_path": "a"},
            {"dataset_name": "image_folder", "dataset_path": "b"},
        ),
    )
    training = TrainingParams(eval_strategy=strategy)
    found = fingerprints_of(TrainingConfig(data=data, training=training))
    assert [*found.train] == ["a"]
    assert [*found.evaluation] == evaluated
    assert [*found.all] == ["a", *evaluated]
