"""Samples gathered on the device are those that are gathered in the main memory."""

import pytest
import torch

from oumi_runtime.builders.training import batches
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset, RaggedColumn
from oumi_runtime.core.datasets.in_memory.columns import Batch
from oumi_runtime.core.trainers.batches.copying import copied
from oumi_runtime.core.trainers.batches.device_columns import (
    DeviceColumns,
    num_bytes,
    place_dataset,
)
from oumi_runtime.core.trainers.batches.map_batches import TrainBatches

CPU, META = torch.device("cpu"), torch.device("meta")


def dataset(num_samples: int = 6) -> ColumnDataset:
    lengths = torch.arange(num_samples) % 4
    return ColumnDataset(
        {
            "input_ids": RaggedColumn(torch.arange(int(lengths.sum())), lengths),
            "tags": RaggedColumn(
                torch.arange(int(lengths.sum())).to(torch.int32),
                lengths,
                pad_value=-100,
            ),
            "images": torch.rand(num_samples, 3, 2, 2),
            "labels": torch.arange(num_samples),
        }
    )


@pytest.mark.parametrize("indices", [[0], [4], [3, 1, 5], [0, 0], [5, 4, 3, 2, 1, 0]])
def test_a_batch_is_the_same(indices) -> None:
    here = dataset()
    there = DeviceColumns(here, CPU)
    expected = here.take(torch.tensor(indices))
    batch = there.take(torch.tensor(indices))
    assert list(batch) == list(expected)
    for name, column in expected.items():
        assert torch.equal(batch[name], column), name
        assert batch[name].dtype == column.dtype


def test_sequences_that_are_all_empty_give_padding() -> None:
    empty = ColumnDataset(
        {"input_ids": RaggedColumn(torch.zeros(0), torch.zeros(2, dtype=torch.int64))}
    )
    indices = torch.tensor([0, 1])
    batch, expected = DeviceColumns(empty, CPU).take(indices), empty.take(indices)
    assert {n: c.tolist() for n, c in batch.items()} == {
        n: c.tolist() for n, c in expected.items()
    }


def test_what_is_small_is_copied_and_what_is_large_is_not(caplog) -> None:
    data = dataset()
    size = num_bytes(data)
    assert size == 7 * 8 + 7 * 4 + 2 * 6 * 8 + 6 * 12 * 4 + 6 * 8
    large, small = 10 * size, 10 * size - 1
    assert isinstance(place_dataset(data, "auto", META, large), DeviceColumns)
    assert place_dataset(data, "auto", META, small) is data
    assert isinstance(place_dataset(data, "on", META, small), DeviceColumns)
    assert place_dataset(data, "off", META, large) is data
    assert place_dataset(data, "auto", CPU, large) is data
    with caplog.at_level("INFO", "oumi_runtime"):
        assert place_dataset(data, "on", CPU, large) is data
    assert "data_on_device: off" in caplog.text


def test_a_training_places_its_data_as_the_config_says(monkeypatch) -> None:
    monkeypatch.setattr(batches, "free_bytes", lambda device: 10**9)
    for wish, is_there in (("auto", True), ("on", True), ("off", False)):
        params = TrainingParams(data_on_device=wish)
        made = batches.build_train_batches(dataset(), params, META)
        assert isinstance(made.dataset, DeviceColumns) is is_there


def test_transformers_loader_is_given_data_in_the_main_memory(monkeypatch) -> None:
    """It pins what it loads, which tensors on a GPU cannot be."""
    monkeypatch.setattr(batches, "free_bytes", lambda device: 10**9)
    data = dataset()
    made = batches.build_train_batches(data, TrainingParams(trainer_type="HF"), META)
    assert made.dataset is data


def test_an_epoch_from_the_device_is_the_same_one_batch_at_a_time(monkeypatch) -> None:
    data = dataset(7)
    here, there = (
        TrainBatches(each, batch_size=2, accumulation_steps=2, seed=3, device=CPU)
        for each in (data, DeviceColumns(data, CPU))
    )
    gathered: list[int] = []
    gather = DeviceColumns.gather

    def counted(self: DeviceColumns, indices, widths) -> Batch:
        gathered.append(len(indices))
        return gather(self, indices, widths)

    monkeypatch.setattr(DeviceColumns, "gather", counted)
    steps = zip(here.epoch(1), there.epoch(1), strict=True)
    for number, (expected, found) in enumerate(steps, start=1):
        assert gathered == [2, 2, 2, 1][: 2 * number]
        for one, other in zip(expected, found, strict=True):
            assert one.columns.keys() == other.columns.keys()
            for name, column in one.columns.items():
                assert torch.equal(other.columns[name], column)


def test_samples_are_gathered_when_they_are_first_read() -> None:
    columns = {"labels": torch.arange(5), "features": torch.rand(5, 3)}
    data = DeviceColumns(ColumnDataset(columns), CPU)
    assert data.has_static_shapes
    assert not DeviceColumns(dataset(), CPU).has_static_shapes
    batches = TrainBatches(
        data, batch_size=2, accumulation_steps=1, seed=3, device=CPU
    ).epoch(0)
    (micro_batch,) = next(batches)
    indices = micro_batch.columns.indices
    data._plain["labels"] += 100
    assert micro_batch.columns["labels"].tolist() == (indices + 100).tolist()
    data._plain["labels"] += 100
    assert micro_batch.columns["labels"].tolist() == (indices + 100).tolist()
    assert list(micro_batch.columns) == ["labels", "features"]


def test_batches_are_copied_one_by_one_on_a_cpu() -> None:
    read = []

    def numbered():
        for number in range(3):
            read.append(number)
            yield {"labels": torch.tensor([number])}

    through = copied(numbered(), CPU)
    assert next(through)["labels"].tolist() == [0]
    assert read == [0]
    assert [batch["labels"].item() for batch in through] == [1, 2]
