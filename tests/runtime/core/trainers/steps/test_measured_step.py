"""What is logged of speed counts each step once, however it is made."""

import time

import pytest
import torch
from torch.utils.data import Dataset

from oumi_runtime.core.trainers.callbacks import TrainingCallback


class Rows(TrainingCallback):
    def __init__(self) -> None:
        self.rows = []

    def on_log(self, state, metrics) -> None:
        self.rows.append(metrics)


def tokens_logged(trainer, rows: Rows) -> float:
    torch.manual_seed(1)
    before = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - before
    (row,) = (row for row in rows.rows if "loss" in row)
    assert row["samples_per_second"] >= 50 / seconds
    return row["tokens_per_second"] * 50 / row["samples_per_second"]


@pytest.mark.parametrize("split", [False, True])
def test_a_step_that_is_made_again_in_parts_has_no_more_tokens(
    make_trainer, dataset, split
) -> None:
    rows = Rows()
    trainer, _ = make_trainer(
        include_performance_metrics=True,
        split_on_out_of_memory=split,
        per_device_train_batch_size=10,
        num_train_epochs=1,
        logging_steps=5,
        more_callbacks=[rows],
    )
    forward = trainer.model.forward

    def limited(**batch):
        if split and len(batch["labels"]) > 5:
            raise torch.OutOfMemoryError("out of memory")
        return forward(**batch)

    trainer.model.forward = limited
    expected = int(dataset.columns["input_ids"].lengths.sum())
    assert tokens_logged(trainer, rows) == pytest.approx(expected)


def test_the_first_line_counts_the_time_from_the_first_step(make_trainer) -> None:
    rows = Rows()
    trainer, _ = make_trainer(
        num_train_epochs=1, logging_steps=7, more_callbacks=[rows]
    )
    time.sleep(1.0)
    trainer.train()
    assert rows.rows[0]["samples_per_second"] > 50


class SlowRows(Dataset):
    """Samples that take two milliseconds each to read."""

    def __init__(self, dataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int):
        time.sleep(0.002)
        return self.dataset[index]


def test_a_training_that_waits_for_its_data_says_so(make_trainer, dataset) -> None:
    rows = Rows()
    trainer, _ = make_trainer(
        train_dataset=SlowRows(dataset),
        include_performance_metrics=True,
        num_train_epochs=1,
        logging_steps=7,
        more_callbacks=[rows],
    )
    trainer.train()
    # However slow the machine is, reading these takes as long as it is told to.
    assert 0.1 < rows.rows[0]["data_time_share"] < 1
