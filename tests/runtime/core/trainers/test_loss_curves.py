"""One loss curve, whichever way the data, the trainer and the memory take.

The curve is in `golden/loss_curve.json`; `UPDATE_GOLDEN=1` writes it anew.
"""

import json
import os
from pathlib import Path

import pytest
import torch
from torch.utils.data import Dataset

from oumi_runtime.core.datasets import ColumnDataset, Stream, StreamSource
from oumi_runtime.core.trainers.batches.device_columns import DeviceColumns

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    # On a machine of two cores.
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
]

GOLDEN = Path(__file__).parent / "golden" / "loss_curve.json"
NUM_SAMPLES = 48


def columns() -> ColumnDataset:
    generator = torch.Generator().manual_seed(7)
    ids = torch.randint(0, 20, (NUM_SAMPLES, 5), generator=generator)
    labels = torch.randint(0, 3, (NUM_SAMPLES,), generator=generator)
    mask = torch.ones_like(ids)
    return ColumnDataset({"input_ids": ids, "attention_mask": mask, "labels": labels})


class OneByOne(Dataset):
    """The same samples, read one at a time."""

    def __init__(self) -> None:
        self.columns = columns()

    def __len__(self) -> int:
        return NUM_SAMPLES

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return self.columns[index]


def curve(make_trainer, dataset, **params) -> list[float]:
    settings = {"per_device_train_batch_size": 8, "warmup_steps": 3, **params}
    trainer, recorder = make_trainer(
        dropout=0.0, train_dataset=dataset, weight_decay=0.1, **settings
    )
    torch.manual_seed(1)
    trainer.train()
    return list(recorder.losses.values())


CPU = torch.device("cpu")
WORKERS = "dataloader_num_workers"


@pytest.mark.parametrize(
    ("read", "params"),
    [
        (columns, {}),
        (columns, {"trainer_type": "HF"}),
        (lambda: DeviceColumns(columns(), CPU), {}),
        (OneByOne, {}),
        (OneByOne, {WORKERS: 2}),
        (OneByOne, {WORKERS: 4, "dataloader_persistent_workers": True}),
        (OneByOne, {WORKERS: 2, "trainer_type": "HF"}),
        (
            columns,
            {"per_device_train_batch_size": 2, "gradient_accumulation_steps": 4},
        ),
        (
            columns,
            {
                "per_device_train_batch_size": 2,
                "gradient_accumulation_steps": 4,
                "trainer_type": "HF",
            },
        ),
        (
            columns,
            {
                "enable_gradient_checkpointing": True,
                "gradient_checkpointing_kwargs": {
                    "modules": ["embedding", "classifier"]
                },
            },
        ),
        (columns, {"ema_decay": 0.9}),
        (columns, {"split_on_out_of_memory": True}),
        (columns, {"cuda_graphs": "auto"}),
        (columns, {"save_steps": 4, "eval_strategy": "steps", "eval_steps": 3}),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else None,
)
def test_it_is_the_golden_one(make_trainer, read, params) -> None:
    losses = curve(make_trainer, read(), **params)
    if "UPDATE_GOLDEN" in os.environ and params == {} and read is columns:
        GOLDEN.write_text(json.dumps(losses, indent=1) + "\n")
    assert losses == pytest.approx(json.loads(GOLDEN.read_text()), rel=0, abs=1e-6)


@pytest.mark.parametrize("params", [{WORKERS: 2}, {WORKERS: 4}, {"trainer_type": "HF"}])
def test_a_stream_has_one_curve_whoever_reads_it(make_trainer, params) -> None:
    def stream() -> Stream:
        return Stream([StreamSource(OneByOne(), shuffle_buffer_size=16, seed=3)])

    alone = curve(make_trainer, stream())
    assert curve(make_trainer, stream(), **params) == pytest.approx(
        alone, rel=0, abs=1e-6
    )


def test_a_stream_in_the_order_of_its_rows_is_that_of_rows_in_memory(
    make_trainer, monkeypatch
) -> None:
    stream = curve(make_trainer, Stream([StreamSource(OneByOne())]))
    name = "oumi_runtime.core.trainers.batches.map_batches.epoch_order"
    monkeypatch.setattr(name, lambda count, seed, epoch: torch.arange(count))
    assert curve(make_trainer, columns()) == pytest.approx(stream, rel=0, abs=1e-6)
