"""build_dataset and the mixtures that a split is made of."""

from typing import Any

import pytest
import torch

from oumi_runtime.builders import build_dataset, build_dataset_mixture
from oumi_runtime.core.configs import (
    DataParams,
    DatasetParams,
    DatasetSplit,
    DatasetSplitParams,
)
from oumi_runtime.core.datasets import (
    BaseMapDataset,
    ColumnDataset,
    PlainTexts,
    RaggedColumn,
    TextDataset,
)
from oumi_runtime.core.registry import REGISTRY, RegistryType, register_dataset
from oumi_runtime.datasets import Digits
from oumi_runtime.exceptions import DataError, OumiRuntimeError


def mixture(*datasets: dict[str, Any]):
    params = [DatasetParams(**dataset) for dataset in datasets]
    data = DataParams(train=DatasetSplitParams(datasets=params))
    return build_dataset_mixture(data, DatasetSplit.TRAIN)


def refused(match: str, *datasets: dict[str, Any]) -> None:
    with pytest.raises(OumiRuntimeError, match=match) as error:
        mixture(*datasets)
    assert "\n" not in str(error.value)


def add(name: str, dataset: object) -> dict[str, str]:
    REGISTRY.register(name, RegistryType.DATASET, lambda: dataset)
    return {"dataset_name": name}


def texts(*labels: int | str, label_names=None) -> TextDataset:
    return TextDataset(
        [f"text {label}" for label in labels], labels, label_names=label_names
    )


def sequences(*rows: list[int], pad_value: int = 0) -> ColumnDataset:
    column = RaggedColumn(
        torch.tensor([value for row in rows for value in row]),
        torch.tensor([len(row) for row in rows]),
        pad_value=pad_value,
    )
    return ColumnDataset({"input_ids": column, "labels": torch.arange(len(rows))})


def test_a_registered_dataset_is_built_with_its_arguments():
    dataset = build_dataset("Digits", split="test", image_size=12)
    assert isinstance(dataset, Digits)
    assert dataset.columns["images"].shape == (180, 1, 12, 12)


def test_the_defaults_hold_for_what_is_none():
    assert len(build_dataset("digits", split=None, dataset_path=None)) == 1437


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(KeyError, match=r"'digit' \(did you mean 'digits'\?\)"):
        build_dataset("digit")


@pytest.mark.parametrize("fields", [{}, {"dataset_name": ""}, {"dataset_name": " "}])
def test_a_name_that_is_missing_is_asked_for(fields):
    refused("dataset_name is missing; write a registered name", fields)
    with pytest.raises(DataError, match="dataset_name is missing"):
        build_dataset(DatasetParams(**fields).dataset_name)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        (
            {"dataset_kwargs": {"image_sise": 8}},
            r"takes no 'image_sise' \(did you mean",
        ),
        ({"dataset_path": "x"}, "'digits' takes no 'dataset_path'"),
        ({"subset": "x"}, "'digits' takes no 'subset'"),
        ({"split": "tset"}, "did you mean 'test'"),
        ({"dataset_kwargs": {"split": "test"}}, "write split beside dataset_kwargs"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(params, sentence):
    refused(sentence, {"dataset_name": "digits", **params})


def test_an_argument_that_is_missing_is_named():
    refused("'npz_file' also needs dataset_path", {"dataset_name": "npz_file"})


def test_a_dataset_without_splits_takes_no_split():
    name = add("plain", texts(0, 1))
    assert len(mixture(name)) == 2
    refused("takes no 'split'", {**name, "split": "test"})


def test_the_class_of_the_subset_goes_first():
    @register_dataset("parts")
    def whole(split: str) -> TextDataset:
        return texts(0, 1, 2)

    @register_dataset("parts", subset="small")
    def small(split: str, subset: str) -> TextDataset:
        return texts(0)

    assert len(mixture({"dataset_name": "parts"})) == 3
    assert len(mixture({"dataset_name": "parts", "subset": "small"})) == 1


def test_an_empty_split_and_an_empty_dataset_are_refused():
    refused(r"data\.train\.datasets is empty")
    refused("'nothing' has no samples", add("nothing", texts()))


def test_what_is_no_dataset_is_refused():
    refused("'number' is a int, which has n", add("number", 3))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_as_many_samples_as_asked_for_are_used(count):
    taken = mixture({**add("texts", texts(5, 6, 7)), "sample_count": count})
    assert isinstance(taken, TextDataset)
    assert taken.labels == [5, 6, 7][:count]
    rows = mixture(
        {**add("rows", sequences([1, 2], [3], [4, 5, 6])), "sample_count": count}
    )
    # Its batches are still gathered, although its sequences are of several lengths.
    assert isinstance(rows, ColumnDataset)
    batch = rows.take(torch.arange(count))
    assert batch["labels"].tolist() == list(range(count))
    assert batch["input_ids"][0].tolist()[:2] == [1, 2]


SHARES = {"train": 0.5, "test": 0.5}


def test_splits_share_the_rows_of_a_dataset_that_has_none():
    name = add("one", texts(*range(10)))
    parts = [
        mixture({**name, "split": split, "split_shares": SHARES}).labels
        for split in SHARES
    ]
    assert sorted(parts[0] + parts[1]) == list(range(10))
    assert [len(part) for part in parts] == [5, 5]
    shuffled = {"split_shares": SHARES, "shuffle": True, "sample_count": 7}
    taken = mixture({**name, **shuffled}).labels
    assert len(taken) == 7
    assert {*taken} == {*parts[0]}


def test_a_share_without_a_row_is_refused():
    refused("single has 1 row, and split_shares leaves none for test", shared_single())


def shared_single():
    name = add("single", texts(0))
    return {**name, "split": "test", "split_shares": {"train": 0.9, "test": 0.1}}


def test_label_names_are_kept_by_a_part():
    named = texts(1, 0, label_names=["a", "b"])
    part = mixture({**add("named", named), "sample_count": 1})
    assert part.label_names == ["a", "b"]
    digits = mixture({"dataset_name": "digits", "sample_count": 7})
    assert digits.label_names == list("0123456789")


def test_texts_of_several_datasets_are_one_text_dataset():
    names = ["a", "b"]
    whole = mixture(
        add("one", texts(1, 0, label_names=names)),
        {**add("two", texts(0, 1, 1, label_names=names)), "sample_count": 2},
    )
    assert isinstance(whole, TextDataset)
    assert whole.labels == [1, 0, 0, 1]
    assert whole.texts == ["text 1", "text 0", "text 0", "text 1"]
    assert whole.label_names == names


def test_columns_of_several_datasets_are_one_column_dataset():
    whole = mixture(
        {"dataset_name": "digits", "split": "test"},
        {"dataset_name": "digits", "split": "validation"},
    )
    assert isinstance(whole, ColumnDataset)
    assert len(whole) == 360
    parts = [Digits("test"), Digits("validation")]
    expected = torch.cat([part.columns["labels"] for part in parts])
    assert whole.take(torch.arange(360))["labels"].equal(expected)
    assert whole.label_names == parts[0].label_names


def test_sequences_of_several_datasets_are_gathered_together():
    whole = mixture(add("one", sequences([1, 2], [])), add("two", sequences([3, 4, 5])))
    assert isinstance(whole, ColumnDataset)
    batch = whole.take(torch.tensor([2, 0, 1]))
    assert batch["input_ids"].tolist() == [[3, 4, 5], [1, 2, 0], [0, 0, 0]]


class Rows(BaseMapDataset):
    def __init__(self, *, size: int = 3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._data = [{"number": number} for number in range(size)]

    def transform(self, sample: Any) -> dict[str, Any]:
        return {"labels": torch.tensor(sample["number"])}


def test_datasets_of_different_kinds_are_refused():
    REGISTRY.register("rows", RegistryType.DATASET, Rows)
    REGISTRY.register("cells", RegistryType.DATASET, lambda: sequences([1]))
    refused("of one kind|mix", {"dataset_name": "rows"}, add("texts", texts(0)))
    refused("of one kind|mix", {"dataset_name": "cells"}, add("other", texts(0)))


def test_datasets_of_different_classes_are_refused():
    refused(
        "the same classes",
        add("one", texts(0, label_names=["a", "b"])),
        add("two", texts(0, label_names=["b", "a"])),
    )


def test_datasets_of_different_columns_are_refused():
    refused(
        "the same columns",
        {"dataset_name": "digits"},
        {"dataset_name": "digits", "dataset_kwargs": {"image_size": 12}},
    )


def test_an_argument_that_reaches_the_base_class_is_refused():
    REGISTRY.register("rows", RegistryType.DATASET, Rows)
    named = {"dataset_name": "rows"}
    assert len(mixture({**named, "dataset_kwargs": {"size": 2}})) == 2
    refused("'sise'", {**named, "dataset_kwargs": {"sise": 2}})


def test_a_bad_row_of_a_file_is_a_data_error(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\na,1\nb,\n", encoding="utf-8")
    named = {"dataset_name": "text_classification", "dataset_path": str(path)}
    with pytest.raises(DataError, match="row 2 has no 'label'"):
        mixture(named)


def test_a_class_that_lacks_a_method_is_told_which():
    @register_dataset("unfinished")
    class Unfinished(BaseMapDataset):
        pass

    refused(
        "'unfinished' cannot be created: its class does not define transform;",
        {"dataset_name": "unfinished"},
    )


THREE = {"train": 0.8, "validation": 0.1, "test": 0.1}


@pytest.mark.parametrize(
    "text",
    [
        "".join(f"line {number}\n" for number in range(1000)),
        "no line end " * 2000,
        "\n" * 1000,
        "".join("w" * (number * 7 % 300) + "\n" for number in range(100)),
    ],
)
def test_splits_share_a_single_text_in_one_piece_each(text: str):
    name = add("whole", PlainTexts([text]))
    parts = [
        mixture({**name, "split": split, "split_shares": THREE}).columns["text"]
        for split in THREE
    ]
    assert "".join(part for (part,) in parts) == text
    for (part,), share in zip(parts, THREE.values(), strict=True):
        assert len(part) == pytest.approx(share * len(text), abs=301)
        assert part.endswith("\n") == ("\n" in text)


def test_a_text_too_short_to_share_is_refused():
    name = add("short", PlainTexts(["a single line\n"]))
    refused(
        "short is one text, too short for split_shares to leave a line of it for test",
        {**name, "split": "test", "split_shares": THREE},
    )
