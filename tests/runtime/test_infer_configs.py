"""Predictions with what a config may say, and with classes of the user's own."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from saved_examples import read_rows, save, saved, write_rows
from torch import nn

from oumi_runtime.core.configs import DatasetSplit, TrainingConfig
from oumi_runtime.core.datasets import BaseMapDataset, PaddingCollator
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import (
    RegistryType,
    register,
    register_dataset,
)
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import BadRowError, DataError
from oumi_runtime.infer import Predictor, infer
from oumi_runtime.train import train


@pytest.mark.parametrize(
    "task", ["text_classification", "token_classification", "causal_lm"]
)
@pytest.mark.parametrize(
    "changes",
    [
        {"stream": True},
        {"collator_name": "text_with_padding"},
        {"collator_name": "text_with_padding", "stream": True},
    ],
)
def test_the_way_that_a_split_is_read_changes_nothing(
    task: str, changes: dict[str, Any], tmp_path: Path
):
    config = saved(task, tmp_path)
    usual = list(infer(config, max_new_tokens=3, batch_size=20))
    for name, value in changes.items():
        setattr(config.data.test, name, value)
    assert list(infer(config, max_new_tokens=3, batch_size=20)) == usual
    given = tmp_path / "test.jsonl"
    assert list(infer(config, given, max_new_tokens=3, batch_size=20)) == usual


def test_the_users_own_collator_makes_the_batches(tmp_path: Path):
    made: list[set[str]] = []

    @register("of_my_own", RegistryType.COLLATOR)
    def of_my_own(pad_token_id: int) -> Any:
        def collate(samples: list[dict[str, torch.Tensor]]) -> Any:
            made.append({name for sample in samples for name in sample})
            return PaddingCollator(pad_token_id=pad_token_id)(samples)

        return collate

    config = saved("text_classification", tmp_path)
    config.data.test.collator_name = "of_my_own"
    assert len(list(infer(config, batch_size=10))) == 20
    assert made == [{"input_ids", "attention_mask"}] * 2


def test_the_texts_of_a_packed_split_are_continued_one_by_one(tmp_path: Path):
    config = saved("causal_lm", tmp_path)
    usual = list(infer(config, max_new_tokens=3))
    config.data.test.pack = True
    config.data.test.stream = True
    assert len(usual) == 20
    assert list(infer(config, max_new_tokens=3)) == usual


def test_rows_of_a_split_are_left_out_as_the_config_says(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    with (tmp_path / "test.jsonl").open("a") as file:
        file.write('{"text": null, "label": "line"}\n')
    with pytest.raises(BadRowError, match="row 21 has no 'text'"):
        infer(config)
    config.data.on_bad_sample = "skip"  # type: ignore[assignment]
    assert len(list(infer(config))) == evaluate(config).num_samples == 20
    # But never one that a prediction was asked for.
    with pytest.raises(BadRowError, match="row 21: 'text' is missing"):
        list(infer(config, tmp_path / "test.jsonl"))


def test_without_test_data_inputs_are_like_the_training_data(tmp_path: Path):
    config = saved("text_classification", tmp_path)
    usual = list(infer(config, ["a dog"]))
    config.data.test.datasets = []
    assert list(infer(config, ["a dog"])) == usual
    with pytest.raises(DataError, match="name a file, or datasets under"):
        infer(config)


class Summed(BaseModel):
    """A regression of sums, by hand, on columns of its own names."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Linear(3, 1)

    def forward(
        self, amounts: torch.Tensor, labels: torch.Tensor | None = None
    ) -> dict[str, torch.Tensor]:
        logits = self.weight(amounts)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits.flatten(), labels)}

    @property
    def criterion(self) -> Any:
        return nn.functional.mse_loss


class Receipts(BaseMapDataset):
    """Rows of JSON with amounts, and with their sum if it is known."""

    def __init__(self, *, dataset_path: str, split: str = "train") -> None:
        super().__init__(dataset_path=dataset_path, split=split)
        lines = Path(dataset_path).read_text().splitlines()
        self._data = [json.loads(line) for line in lines]

    def transform(self, sample: Any) -> dict[str, Any]:
        found = {"amounts": torch.tensor(sample["amounts"], dtype=torch.float32)}
        if "sum" in sample:
            found["labels"] = torch.tensor(sample["sum"], dtype=torch.float32)
        return found


def receipts(folder: Path, count: int, *, labelled: bool = True) -> Path:
    amounts = [[n % 3, n % 5, n % 7] for n in range(count)]
    rows = [{"amounts": a} | ({"sum": sum(a)} if labelled else {}) for a in amounts]
    return write_rows(folder / f"{count}.jsonl", rows)


@pytest.fixture
def receipts_config(tmp_path: Path) -> TrainingConfig:
    register("Summed", RegistryType.MODEL)(Summed)
    register_dataset("receipts")(Receipts)
    config = TrainingConfig()
    config.model.model_name = "Summed"
    config.training.output_dir = str(tmp_path / "out")
    config.training.metrics_function = "regression"
    for split in (DatasetSplit.TRAIN, DatasetSplit.TEST):
        path = str(receipts(tmp_path, 30))
        given = {"dataset_name": "receipts", "dataset_path": path}
        setattr(config.data, split.value, {"datasets": [given]})
    save(config)
    return config


def test_inputs_are_read_by_the_users_own_dataset(
    tmp_path: Path, receipts_config: TrainingConfig
):
    values = [each["value"] for each in infer(receipts_config)]
    sums = [row["sum"] for row in read_rows(tmp_path / "30.jsonl")]
    error = sum(abs(a - b) for a, b in zip(values, sums, strict=True)) / 30
    assert error == pytest.approx(evaluate(receipts_config).metrics["mae"], rel=1e-5)
    bare = receipts(tmp_path, 12, labelled=False)
    assert [each["value"] for each in infer(receipts_config, bare)] == values[:12]
    rows = [{"amounts": [*map(float, row["amounts"])]} for row in read_rows(bare)]
    assert [each["value"] for each in infer(receipts_config, rows)] == values[:12]


def test_a_row_that_the_users_own_dataset_cannot_read_is_named(
    tmp_path: Path, receipts_config: TrainingConfig
):
    path = write_rows(tmp_path / "in.jsonl", [{"amounts": [1, 2, 3]}, {"amount": 1}])
    with pytest.raises(BadRowError, match=r"in.jsonl: row 2 has no 'amounts'$"):
        list(infer(receipts_config, path))
    with pytest.raises(DataError, match="Summed reads no texts; name a file"):
        infer(receipts_config, ["a text"])
    with pytest.raises(DataError, match="input 1 is 3; for Summed, give a mapping"):
        infer(receipts_config, [3])


@pytest.mark.parametrize("trainer_type", ["OUMI", "HF"])
def test_a_run_of_either_trainer_can_predict(tmp_path: Path, trainer_type: str):
    fields = {"max_steps": 2, "save_steps": 0, "trainer_type": trainer_type}
    config = saved("text_classification", tmp_path, **fields)
    config.training.output_dir = str(tmp_path / "trained")
    train(config)
    predictor = Predictor.load(config)
    assert predictor.model_dir == tmp_path / "trained"
    assert not predictor.model.training
    assert [len(each) for each in predictor.predict(batch_size=15).batches] == [15, 5]
    assert list(predictor.predict(["a dog"])) == list(predictor.predict(("a dog",)))
