"""Each check of the conformance suite for datasets finds faults, and only those."""

from typing import Any

import pandas as pd
import pytest
import torch
from faulty_datasets import FAULTS, Lines, Rows, Texts, rows_of

from oumi_runtime.builders import build_dataset
from oumi_runtime.core.datasets import BaseIterableDataset, BaseMapDataset
from oumi_runtime.testing import (
    CHECKS,
    DATASET_CHECKS,
    CheckFailedError,
    DatasetCase,
    NotApplicableError,
    Outcome,
    parametrize_with_dataset_checks,
    run_dataset_checks,
)

BY_NAME = {check.name: check for check in DATASET_CHECKS}
BUILT_IN = (
    "digits",
    "digits_table",
    "stdlib_docstrings",
    "stdlib_functions",
    "stdlib_signatures",
    "stdlib_source",
    "stdlib_tokens",
)


@pytest.mark.parametrize(
    ("name", "faulty", "message"),
    FAULTS,
    ids=lambda each: getattr(each, "__name__", ""),
)
def test_a_fault_is_found(name: str, faulty: Any, message: str):
    with pytest.raises(CheckFailedError, match=message) as error:
        BY_NAME[name](DatasetCase(faulty))
    assert "\n" not in str(error.value)


def test_every_check_is_shown_to_find_a_fault():
    assert {name for name, _, _ in FAULTS} == set(BY_NAME)


def failures(make_dataset: Any, **options: Any) -> dict[str, str]:
    results = run_dataset_checks(make_dataset, **options)
    return {r.name: r.message for r in results if r.outcome is Outcome.FAILED}


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_built_in_datasets_pass(name: str):
    assert failures(lambda split: build_dataset(name, split=split)) == {}


class TextLines(Lines):
    transform = Texts.transform


class Augmented(Rows):
    """Adds noise; training seeds it."""

    def transform(self, sample: Any) -> dict[str, Any]:
        found = super().transform(sample)
        return found | {"features": found["features"] + torch.rand(3)}


class OfAFrame(BaseMapDataset):
    def __init__(self, split: str) -> None:
        super().__init__(split=split)
        self._data = pd.DataFrame(rows_of(split))

    def transform(self, sample: Any) -> dict[str, Any]:
        return {"input_ids": sample["values"], "labels": int(sample["label"])}


class Tokens(BaseIterableDataset):
    """Sequences of different lengths, with a length."""

    def __init__(self, split: str) -> None:
        super().__init__(split=split)
        self._data = rows_of(split)

    def __len__(self) -> int:
        return len(rows_of(self.split or "train"))

    def transform(self, sample: Any) -> dict[str, Any]:
        start = sample["values"][0]
        return {"input_ids": torch.arange(start, start + 2 + sample["label"])}


class SortedByClass(Lines):
    def iter_raw(self) -> Any:
        return iter(sorted(super().iter_raw(), key=lambda row: row["label"]))


@pytest.mark.parametrize(
    "sound",
    [Rows, Lines, Texts, TextLines, Augmented, OfAFrame, Tokens, SortedByClass],
)
def test_sound_datasets_pass(sound: Any):
    assert failures(sound) == {}


def test_a_dataset_of_one_split_passes():
    def make(split: str) -> Any:
        return Rows("train")

    assert failures(make, splits=["train"]) == {}


def test_what_a_dataset_raises_is_named_with_its_line():
    class Broken(Rows):
        def transform(self, sample: Any) -> dict[str, Any]:
            return {"features": sample["value"]}

    found = failures(Broken, select=["numbers_are_finite"])
    message = found["numbers_are_finite"]
    assert message.startswith("the dataset raises KeyError: 'value' (test_dataset_che")


def test_what_the_constructor_raises_is_not_blamed_on_pickling():
    def make(split: str) -> Any:
        raise ValueError(f"no file for {split}")

    found = failures(make, select=["*workers"])
    message = found["dataset_can_be_sent_to_workers"]
    assert message.startswith("make_dataset raises ValueError: no file for train")


class Unnamed(Rows):
    label_names = None  # type: ignore[assignment]


def test_the_number_of_classes_may_be_given():
    assert failures(Unnamed, num_classes=4) == {}
    found = failures(Unnamed, num_classes=3)
    assert "label 3 is no class" in found["labels_are_classes"]
    with pytest.raises(NotApplicableError, match="give num_classes"):
        BY_NAME["labels_are_classes"](DatasetCase(Unnamed))


def test_a_collator_of_ones_own_makes_the_batch():
    def collate(samples: list[Any]) -> dict[str, torch.Tensor]:
        return {"features": samples[0]["features"][None]}

    assert (
        "32 samples has 1 of"
        in failures(Rows, collate=collate, select=["*batch"])[
            "samples_fit_into_a_batch"
        ]
    )


@parametrize_with_dataset_checks(
    Rows, expected_failures={"samples_differ": "it does not, really"}
)
def test_as_pytest_tests(check: Any, request: pytest.FixtureRequest):
    if check.check.name == "samples_differ":
        assert request.node.get_closest_marker("xfail").kwargs["strict"]
        pytest.fail("as expected")
    check()


def test_every_check_is_documented_and_named_apart_from_those_of_models():
    names = [check.name for check in (*CHECKS, *DATASET_CHECKS)]
    assert len(set(names)) == len(names)
    for check in DATASET_CHECKS:
        assert check.catches.startswith("Catches "), check.name
        assert check.catches.endswith("."), check.name
        assert "If it fails, " in check.documentation, check.name
