"""An export neither takes labels nor returns a loss, whatever they are called."""

import json
from pathlib import Path

import pytest
import torch
from exported_runs import outputs_elsewhere

from oumi_runtime.builders import build_model
from oumi_runtime.core.configs import TrainingConfig
from oumi_runtime.core.registry import REGISTRY
from oumi_runtime.core.registry.discovery import LIST_FILENAME
from oumi_runtime.exceptions import ExportError
from oumi_runtime.export import ExportResult, export
from oumi_runtime.export.inference import outputs_for
from oumi_runtime.export.opening import open_run

SOURCE = """
import torch
from oumi_runtime.core.models import BaseModel
from oumi_runtime.core.registry import RegistryType, register, register_dataset
from torch import nn
from torch.nn import functional as F


@register_dataset("houses")
class Houses(torch.utils.data.Dataset):
    def __init__(self, split="train"):
        self.split = split

    def __len__(self):
        return 12

    def __getitem__(self, index):
        features = torch.tensor([index / 7, -index % 5])
        return {"features": features, {fields}}


@register("Net", RegistryType.MODEL)
class Net(BaseModel):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(2, 4)

    def forward(self, features, {arguments}):
        logits = self.layer(features)
        found = {"logits": logits[:, :3], "rating": logits[:, 3]}
        found["l1"] = self.layer.weight.abs().mean()
        {loss}
        return found

    @property
    def criterion(self):
        return F.cross_entropy
"""
PRICE = {
    "fields": '"price": float(index)',
    "arguments": "price=None",
    "loss": """
        if price is not None:
            found["loss"] = F.mse_loss(found["rating"], price)""",
}
TWO_TASKS = {
    "fields": '"labels": index % 3, "stars": index / 2',
    "arguments": "labels=None, stars=None",
    "loss": """
        found["loss"] = found["l1"]
        if labels is not None:
            found["topic_loss"] = F.cross_entropy(found["logits"], labels)
            found["loss"] = found["loss"] + found["topic_loss"]
        if stars is not None:
            found["loss"] = found["loss"] + F.mse_loss(found["rating"], stars)""",
}
NEEDED = {**PRICE, "arguments": "price"}
LOSS_ALONE = {**PRICE, "loss": 'found = {"loss": found["l1"]}'}


def run_of(folder: Path, parts: dict[str, str]) -> Path:
    source = SOURCE
    for name, text in parts.items():
        source = source.replace(f"{{{name}}}", text.strip())
    (folder / "net.py").write_text(source)
    (folder / LIST_FILENAME).write_text("net.py\n")
    REGISTRY.add_search_root(folder)
    sections = {
        "model": {"model_name": "Net"},
        "data": {"train": {"datasets": [{"dataset_name": "houses"}]}},
        "training": {"output_dir": str(folder / "out"), "max_steps": 1},
    }
    config = TrainingConfig.from_str(json.dumps(sections))
    torch.manual_seed(0)
    build_model(config.model).save_pretrained(folder / "out")  # type: ignore[operator]
    config.to_yaml(folder / "out" / "config.yaml")
    return folder / "out"


def names_of(result: ExportResult) -> tuple[list[str], list[str]]:
    return [each.name for each in result.inputs], [each.name for each in result.outputs]


@pytest.mark.parametrize("parts", [PRICE, TWO_TASKS], ids=["price", "two_tasks"])
@pytest.mark.parametrize(
    "form", ["torch", "onnx", pytest.param("huggingface", marks=pytest.mark.slow)]
)
def test_labels_of_any_name_and_losses_are_left_out(
    form: str, parts: dict[str, str], tmp_path: Path
):
    if form == "onnx":
        pytest.importorskip("onnxruntime")
        pytest.importorskip("onnxscript")
    source = run_of(tmp_path, parts)
    result = export(source, form, tmp_path / "served")
    assert names_of(result) == (["features"], ["logits", "rating"])
    assert result.largest_difference < 1e-5
    document = json.loads((tmp_path / "served" / "export.json").read_text())
    assert [each["name"] for each in document["inputs"]] == ["features"]


def test_the_program_returns_what_the_model_does_and_no_more(tmp_path: Path):
    source = run_of(tmp_path, TWO_TASKS)
    export(source, "torch", tmp_path / "served")
    batch = {"features": torch.rand(4, 2)}
    load = 'model = torch.export.load("model.pt2").module()'
    found = outputs_elsewhere(load, tmp_path / "served", batch)
    expected = outputs_for(open_run(source).model, batch)
    assert found.keys() == {"logits", "rating"}
    for name, tensor in found.items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-5, atol=1e-5)


def test_a_label_that_forward_requires_is_refused(tmp_path: Path):
    source = run_of(tmp_path, NEEDED)
    with pytest.raises(ExportError) as caught:
        export(source, "torch", tmp_path / "served")
    assert "requires 'price', which only its loss reads; write price=None" in str(
        caught.value
    )
    assert not (tmp_path / "served").exists()


def test_a_model_that_returns_only_a_loss_is_refused(tmp_path: Path):
    source = run_of(tmp_path, LOSS_ALONE)
    message = (
        "its forward returns nothing to serve besides a loss; return, for example,"
    )
    with pytest.raises(ExportError, match=message):
        export(source, "torch", tmp_path / "served")
