"""A model learns from its inputs alone if its loss is there, and the same, without."""

from typing import Any

import pytest
import torch
from torch import nn

from oumi_runtime.testing.self_supervision import learns_from_inputs

BATCH = {"images": torch.rand(3, 2), "labels": torch.tensor([0, 1, 1])}


class Net(nn.Module):
    def __init__(self, loss: Any) -> None:
        super().__init__()
        self.loss = loss

    def forward(self, images: torch.Tensor, **kwargs: Any) -> Any:
        return {"logits": images, **self.loss(images, kwargs.get("labels"))}


def of_labels(images: torch.Tensor, labels: torch.Tensor | None) -> Any:
    return {"loss": torch.zeros(()) if labels is None else labels.float().mean()}


def with_labels_alone(images: torch.Tensor, labels: torch.Tensor | None) -> Any:
    return {} if labels is None else {"loss": labels.float().mean()}


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (lambda images, labels: {"loss": images.mean()}, True),
        (lambda images, labels: {"loss": torch.rand_like(images).mean()}, True),
        (lambda images, labels: {"loss": None}, False),
        (lambda images, labels: {}, False),
        (lambda images, labels: {"loss": labels.float().mean()}, False),
        (of_labels, False),
        (with_labels_alone, False),
    ],
)
def test_the_loss_tells(loss: Any, expected: bool):
    assert learns_from_inputs(Net(loss), BATCH) is expected


@pytest.mark.parametrize("name", ["labels", "target", "target_ids"])
def test_a_model_that_names_labels_learns_from_them(name: str):
    namespace: dict[str, Any] = {}
    exec(
        f"def forward(images, {name}=None): return dict(loss=images.mean())", namespace
    )
    model = nn.Module()
    model.forward = namespace["forward"]
    assert not learns_from_inputs(model, BATCH)
