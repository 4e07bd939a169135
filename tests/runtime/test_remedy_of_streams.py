"""A bad row of data that streams is told with how to leave it out, where that is so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from saved_examples import saved

from oumi_runtime.builders.data.bad_samples import naming_the_remedy
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.datasets import BaseIterableDataset
from oumi_runtime.core.registry import REGISTRY, register_dataset
from oumi_runtime.exceptions import BadRowError
from oumi_runtime.train import train

REMEDY = "; to leave out rows that cannot be used, set data.on_bad_sample: skip"


class Rows(BaseIterableDataset):
    """Rows of which the third cannot be transformed."""

    def iter_raw(self) -> Iterator[int]:
        yield from range(60)

    def transform(self, sample: int) -> dict[str, Any]:
        values = torch.full((4,), 1 / (sample - 2))
        return {"features": values, "labels": torch.tensor(sample % 3)}


@pytest.fixture(autouse=True)
def _own_registry() -> Iterator[None]:
    with REGISTRY.isolated():
        register_dataset("own_rows")(Rows)
        yield


def streaming(task: str, folder: Path) -> TrainingConfig:
    config = saved(task, folder, max_steps=2)
    config.data.train.stream = True
    return config


def streaming_rows(folder: Path) -> TrainingConfig:
    config = streaming("tabular_classification", folder)
    (dataset,) = config.data.train.datasets
    dataset.dataset_name, dataset.dataset_path = "own_rows", None
    return config


def message_of(config: TrainingConfig) -> str:
    with pytest.raises(BadRowError) as caught:
        train(config)
    return str(caught.value)


def test_a_stream_of_rows_can_go_on_without_it(tmp_path: Path):
    config = streaming_rows(tmp_path)
    message = message_of(config)
    assert message.startswith("row 3 of dataset 'own_rows': ZeroDivisionError")
    assert message.endswith(REMEDY)
    config.data.on_bad_sample = "skip"
    config.finalize_and_validate()
    assert train(config).global_step == 2


def test_a_file_that_streams_has_to_be_read_whole(tmp_path: Path):
    config = streaming("text_classification", tmp_path)
    file = tmp_path / "train.jsonl"
    file.write_text(f"{file.read_text()}{{}}\n")
    config.training.max_steps = 20
    assert message_of(config).endswith(f"{REMEDY}, and data.train.stream: false")
    config.data.on_bad_sample, config.data.train.stream = "skip", False
    config.finalize_and_validate()
    assert train(config).global_step == 20


def test_nothing_is_told_of_streams_that_are_packed(tmp_path: Path):
    config = streaming_rows(tmp_path)
    config.data.train.pack = True
    with pytest.raises(BadRowError) as caught, naming_the_remedy(config):
        raise BadRowError("row 3")
    assert str(caught.value) == "row 3"
