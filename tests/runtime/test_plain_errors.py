"""What goes wrong in a run, an evaluation or a prediction is told in one line."""

import io
import os
from pathlib import Path

import pytest
import torch
from PIL import Image
from saved_examples import saved

from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.datasets import BaseMapDataset
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import REGISTRY, RegistryType, register
from oumi_runtime.evaluate import evaluate
from oumi_runtime.exceptions import (
    BadRowError,
    DataWorkerError,
    GpuIndexError,
    SavedModelError,
)
from oumi_runtime.infer import Predictor, infer
from oumi_runtime.train import train

PICTURES = """
model:
  model_name: CnnClassifier
  model_kwargs: {image_width: 8, image_height: 8, in_channels: 3, kernel_size: 2}
data:
  train:
    datasets: [{dataset_name: image_folder, dataset_path: pictures}]
training:
  output_dir: run
  max_steps: 2
  telemetry: {telemetry_dir: null}
"""
REMEDY = "to leave out rows that cannot be used, set data.on_bad_sample: skip"


@pytest.fixture(autouse=True)
def _own_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with REGISTRY.isolated():
        yield


@pytest.fixture
def pictures() -> TrainingConfig:
    drawn = io.BytesIO()
    Image.new("RGB", (8, 8)).save(drawn, "png")
    for name in ("cat/a.png", "cat/b.png", "dog/a.png", "dog/b.png"):
        path = Path("pictures", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(drawn.getvalue())
    Path("pictures/dog/b.png").write_bytes(drawn.getvalue()[:40])
    Path("config.yaml").write_text(PICTURES)
    return TrainingConfig.from_yaml("config.yaml")


def test_a_corrupt_picture_is_told_with_how_to_leave_it_out(pictures) -> None:
    with pytest.raises(BadRowError, match=REMEDY) as caught:
        train(pictures)
    assert str(caught.value).startswith("row 4 of dataset 'image_folder'")
    assert "\n" not in str(caught.value)
    pictures.data.on_bad_sample = "skip"
    assert train(pictures).global_step == 2


def test_nothing_is_told_that_the_run_would_refuse(pictures) -> None:
    pictures.training.trainer_type = "hf"
    with pytest.raises(BadRowError, match=r"row 4 of dataset") as caught:
        train(pictures)
    assert "on_bad_sample" not in str(caught.value)


def spoil(tmp_path: Path) -> None:
    rows = (tmp_path / "test.jsonl").read_text().splitlines()
    (tmp_path / "test.jsonl").write_text("\n".join([*rows, "{"]))


def test_a_bad_row_of_the_split_is_told_so_too_where_a_model_is_used(tmp_path) -> None:
    config = saved("text_classification", tmp_path)
    spoil(tmp_path)
    with pytest.raises(BadRowError, match=REMEDY):
        evaluate(config)
    with pytest.raises(BadRowError, match=REMEDY):
        list(infer(config))


def test_a_bad_row_of_an_input_is_not_told_so(tmp_path) -> None:
    config = saved("text_classification", tmp_path)
    spoil(tmp_path)
    with pytest.raises(BadRowError, match="is not JSON") as caught:
        list(infer(config, tmp_path / "test.jsonl"))
    assert "on_bad_sample" not in str(caught.value)


def test_a_folder_without_a_model_is_told_in_a_line(tmp_path) -> None:
    config = saved("text_classification", tmp_path)
    config.training.output_dir = "elsewhere"
    for use in (evaluate, lambda config: list(infer(config))):
        with pytest.raises(SavedModelError, match="elsewhere has no trained model"):
            use(config)


def fail_on_the_gpu(model: torch.nn.Module, *_: object) -> None:
    raise RuntimeError("CUDA error: device-side assert triggered\nand so on")


def test_an_index_out_of_range_on_a_gpu_is_told_where_a_model_is_used(
    tmp_path, monkeypatch
) -> None:
    config = saved("text_classification", tmp_path)
    predictor = Predictor.load(config)
    monkeypatch.setattr(torch.nn.Embedding, "forward", fail_on_the_gpu)
    with pytest.raises(GpuIndexError, match=r"device_map: cpu tells which$"):
        evaluate(config)
    with pytest.raises(GpuIndexError, match=r"device_map: cpu tells which$"):
        list(predictor.predict(["some text"]))


@register("plain_errors_rows", RegistryType.DATASET)
class DyingRows(BaseMapDataset):
    def __init__(self, **kwargs) -> None:
        super().__init__(**kwargs)
        self._data = [{}] * 8

    def transform(self, sample):
        if torch.utils.data.get_worker_info() is not None:
            os._exit(1)
        return {"x": torch.zeros(2), "labels": torch.tensor(0)}


@register("PlainErrorsNet", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)

    @property
    def criterion(self):
        return torch.nn.functional.cross_entropy

    def forward(self, x, labels=None):
        logits = self.layer(x)
        return {"logits": logits, "loss": self.criterion(logits, labels)}


def test_a_dead_worker_of_an_evaluation_is_told_without_resuming(tmp_path) -> None:
    rows = "{datasets: [{dataset_name: plain_errors_rows}]}"
    data = f"data: {{train: {rows}, test: {rows}}}"
    Path("config.yaml").write_text(
        f"model: {{model_name: PlainErrorsNet}}\n{data}\n"
        "training: {output_dir: run, max_steps: 1, telemetry: {telemetry_dir: null}}\n"
    )
    config = TrainingConfig.from_yaml("config.yaml")
    train(config)
    config.training.dataloader_num_workers = 1
    sentence = r"memory ran out; lower training.dataloader_num_workers$"
    with pytest.raises(DataWorkerError, match=sentence):
        evaluate(config)


@register("plain_errors_tuples", RegistryType.DATASET)
class Tuples(torch.utils.data.Dataset):
    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int):
        return torch.zeros(2), 0


def test_what_is_wrong_with_every_row_is_not_to_be_left_out() -> None:
    Path("config.yaml").write_text(
        "model: {model_name: PlainErrorsNet}\n"
        "data: {train: {datasets: [{dataset_name: plain_errors_tuples}]}}\n"
        "training: {output_dir: run, max_steps: 1, telemetry: {telemetry_dir: null}}\n"
    )
    sentence = r"row \d of dataset 'plain_errors_tuples': .*; return a dict of the"
    with pytest.raises(BadRowError, match=sentence) as caught:
        train(TrainingConfig.from_yaml("config.yaml"))
    assert "on_bad_sample" not in str(caught.value)
