"""Convolutions lie in memory for speed; numbers, files and resumption do not notice."""

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from oumi_runtime.builders import build_optimizer, build_trainer
from oumi_runtime.builders.models.memory_format import apply_memory_format
from oumi_runtime.core.configs import TrainingParams
from oumi_runtime.core.datasets import ColumnDataset
from oumi_runtime.models import CNNClassifier


def trainer(folder, **params):
    torch.manual_seed(0)
    columns = {"images": torch.rand(48, 3, 16, 16), "labels": torch.arange(48) % 10}
    training = TrainingParams(
        output_dir=str(folder),
        max_steps=6,
        learning_rate=1e-3,
        logging_steps=1,
        **{"save_steps": 0, **params},
    )
    model = CNNClassifier(16, 16, kernel_size=3)
    return build_trainer(training, model=model, train_dataset=ColumnDataset(columns))


def is_channels_last(tensor: torch.Tensor) -> bool:
    return tensor.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(
    ("wish", "model", "expected"),
    [
        ("auto", nn.Conv2d(3, 4, 2), True),
        ("auto", nn.Linear(3, 4), False),
        ("off", nn.Conv2d(3, 4, 2), False),
        ("on", nn.Conv2d(3, 4, 2), True),
    ],
)
def test_auto_is_for_convolutions_over_images(wish, model, expected) -> None:
    assert apply_memory_format(model, wish) is expected
    if model.weight.ndim == 4:
        assert is_channels_last(model.weight) is expected


def test_the_saved_weights_are_the_same_but_for_dropout(tmp_path, monkeypatch) -> None:
    # Dropout draws its numbers in the order in which they lie in memory.
    monkeypatch.setattr(torch.nn.functional, "dropout", lambda x, **_: x)
    weights = []
    for wish in ("off", "on"):
        made = trainer(tmp_path / wish, channels_last=wish)
        assert is_channels_last(made.model.conv2.weight) is (wish == "on")
        torch.manual_seed(1)
        made.train()
        made.save_model(tmp_path / wish)
        weights.append(load_file(tmp_path / wish / "model.safetensors"))
    for name, weight in weights[0].items():
        torch.testing.assert_close(weight, weights[1][name], atol=1e-5, rtol=1e-4)


def test_a_resumed_training_is_exact(tmp_path) -> None:
    straight = trainer(tmp_path / "straight")
    first = trainer(tmp_path / "first", save_steps=3)
    second = trainer(tmp_path / "second")
    checkpoint = str(tmp_path / "first" / "checkpoint-3")
    for made, resume_from in ((straight, None), (first, None), (second, checkpoint)):
        torch.manual_seed(1)
        made.train(resume_from)
    assert is_channels_last(second.model.conv2.weight)
    for one, other in zip(
        straight.model.parameters(), second.model.parameters(), strict=True
    ):
        assert torch.equal(one, other)


def test_a_loaded_state_lies_as_the_parameters_do() -> None:
    model = nn.Conv2d(3, 4, 2).to(memory_format=torch.channels_last)
    optimizer = build_optimizer(model, TrainingParams())
    model(torch.rand(1, 3, 4, 4)).sum().backward()
    optimizer.step()
    state = optimizer.state_dict()
    for each in state["state"].values():
        each["exp_avg"] = each["exp_avg"].contiguous()
    values = optimizer.state[model.weight]["exp_avg"].clone()
    optimizer.load_state_dict(state)
    loaded = optimizer.state[model.weight]["exp_avg"]
    assert loaded.stride() == model.weight.stride()
    assert torch.equal(loaded, values)
