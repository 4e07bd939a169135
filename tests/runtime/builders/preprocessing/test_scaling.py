"""The scalers of a model are fitted to the training split, once."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import Dataset, IterableDataset

from oumi_runtime.builders.preprocessing.scaling import fit_scalers
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.core.models import BaseModel, StandardScaler
from oumi_runtime.core.registry import REGISTRY, RegistryType, register
from oumi_runtime.train import train

FEATURES = torch.tensor([[1.0, 10.0], [3.0, 30.0], [5.0, 50.0]])


class Rows(Dataset[dict[str, Any]]):
    def __len__(self) -> int:
        return len(FEATURES)

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"features": FEATURES[index].tolist()}


class Streamed(IterableDataset[dict[str, Any]]):
    def __iter__(self) -> Iterator[dict[str, Any]]:
        yield from ({"features": row} for row in FEATURES)


@pytest.mark.parametrize(
    "dataset", [ColumnDataset({"features": FEATURES}), Rows(), Streamed()], ids=type
)
def test_a_scaler_is_fitted_to_its_column(dataset: Dataset[Any]):
    model = nn.Sequential(StandardScaler("features", 2))
    fit_scalers(model, dataset)
    assert model[0].mean.tolist() == [3.0, 30.0]


def test_a_scaler_that_is_fitted_already_is_left_alone():
    model = nn.Sequential(StandardScaler("features", 2))
    model[0].fit(torch.tensor([[0.0, 0.0], [2.0, 2.0]]))
    fit_scalers(model, ColumnDataset({"features": FEATURES}))
    assert model[0].mean.tolist() == [1.0, 1.0]


@pytest.mark.parametrize("size", [1, 3])
def test_a_scaler_of_another_size_than_the_data_is_left_to_the_model(size: int):
    model = nn.Sequential(StandardScaler("features", size))
    fit_scalers(model, ColumnDataset({"features": FEATURES}))
    assert not model[0].is_fitted


def test_a_column_that_the_data_does_not_have_is_named(caplog):
    model = nn.Sequential(StandardScaler("pixels", 2))
    fit_scalers(model, Rows())
    assert "nothing is standardized by 'pixels'" in caplog.text
    assert not model[0].is_fitted


def test_a_model_without_scalers_reads_nothing():
    class Unread(Dataset[Any]):
        def __getitem__(self, index: int) -> Any:
            raise AssertionError

    fit_scalers(nn.Linear(2, 2), Unread())


@pytest.fixture
def config(tmp_path: Path) -> Iterator[TrainingConfig]:
    """A table of numbers that no model learns from as they are."""
    generator = torch.Generator().manual_seed(0)
    mass = 4000 + 500 * torch.randn(200, generator=generator)
    rows = [f"{m:.1f},{m / 4 + 20_000:.2f}" for m in mass.tolist()]
    for split, part in (("train", rows[:160]), ("validation", rows[160:])):
        file = tmp_path / f"{split}.csv"
        file.write_text("\n".join(["mass,price", *part]) + "\n")
    text = f"""
        model: {{model_name: Line}}
        data:
          train: &train
            datasets:
              - dataset_name: tabular
                dataset_path: {tmp_path}
                dataset_kwargs: {{label_column: price, regression: true}}
          validation:
            datasets:
              - dataset_name: tabular
                dataset_path: {tmp_path}
                split: validation
                dataset_kwargs: {{label_column: price, regression: true}}
        training:
          output_dir: {tmp_path}/output
          num_train_epochs: 40
          per_device_train_batch_size: 16
          learning_rate: 3e-2
          eval_strategy: epoch
          save_steps: 50
          metrics_function: regression
    """
    with REGISTRY.isolated():
        register("Line", RegistryType.MODEL)(Line)
        yield TrainingConfig.from_str(text)


class Line(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.feature_scaler = StandardScaler("features", 1)
        self.label_scaler = StandardScaler("labels")
        self.output = nn.Linear(1, 1)

    def forward(self, features, labels=None, **kwargs):
        y = self.output(self.feature_scaler(features)).squeeze(-1)
        outputs = {"logits": self.label_scaler.inverse(y)}
        if labels is not None:
            outputs["loss"] = self.criterion(y, self.label_scaler(labels))
        return outputs

    @property
    def criterion(self):
        return nn.functional.mse_loss


def test_a_run_learns_from_numbers_of_any_scale_and_predicts_on_theirs(config):
    result = train(config)
    assert result.metrics["eval_r2"] > 0.99
    loaded = BaseModel.from_pretrained(result.output_dir).eval()
    price = loaded(torch.tensor([[4000.0]]))["logits"]
    assert price.item() == pytest.approx(21_000, abs=50)


def test_a_resumed_run_with_scalers_is_the_uninterrupted_one(config, tmp_path: Path):
    whole = train(config).model.state_dict()
    config.training.resume_from_checkpoint = f"{tmp_path}/output/checkpoint-50"
    config.training.output_dir = f"{tmp_path}/resumed"
    resumed = train(config).model.state_dict()
    for name, weight in whole.items():
        assert torch.equal(weight, resumed[name]), name


class Broken(Dataset):
    """Fails in some rows, and holds what is no number in others."""

    def __init__(self, of_row: Callable[[int], Any]) -> None:
        self.of_row = of_row

    def __len__(self) -> int:
        return 6

    def __getitem__(self, index: int) -> Any:
        return self.of_row(index)


def test_rows_that_cannot_be_read_are_left_to_the_training():
    def of_row(index: int) -> Any:
        return {"features": torch.full((2,), 6.0 / (index % 3))}

    model = nn.Sequential(StandardScaler("features", 2))
    fit_scalers(model, Broken(of_row))
    assert model[0].mean.tolist() == [4.5, 4.5]


@pytest.mark.parametrize("value", [None, "text", {"a": 1}])
def test_what_is_no_number_is_left_to_the_training(value: Any, caplog):
    model = nn.Sequential(StandardScaler("features", 2))
    fit_scalers(model, Broken(lambda index: {"features": value}))
    fit_scalers(model, Broken(lambda index: torch.ones(2)))
    assert not model[0].is_fitted
    assert "the data has no such column of numbers" in caplog.text
