"""CNNClassifier: Oumi's signature, weights and name."""

import inspect

import pytest
import torch
from torch.nn import functional as F

from oumi_runtime.core.registry import REGISTRY, RegistryType
from oumi_runtime.models import CNNClassifier


def test_weights_have_oumis_names_and_shapes():
    model = CNNClassifier(28, 32, in_channels=1, output_dim=7)
    assert {name: tuple(x.shape) for name, x in model.state_dict().items()} == {
        "conv1.weight": (32, 1, 5, 5),
        "conv1.bias": (32,),
        "conv2.weight": (32, 32, 5, 5),
        "conv2.bias": (32,),
        "conv3.weight": (64, 32, 5, 5),
        "conv3.bias": (64,),
        "fc1.weight": (256, 3 * 4 * 64),
        "fc1.bias": (256,),
        "fc2.weight": (7, 256),
        "fc2.bias": (7,),
    }


def test_the_constructor_is_oumis():
    assert str(inspect.signature(CNNClassifier)) == (
        "(image_width: int, image_height: int, *, in_channels: int = 3, "
        "output_dim: int = 10, kernel_size: int = 5) -> None"
    )
    assert REGISTRY.get_model("cnnclassifier") is CNNClassifier
    assert "CnnClassifier" in REGISTRY.get_all(RegistryType.MODEL)


@pytest.mark.parametrize(("width", "height"), [(28, 28), (24, 31), (28, 40)])
@pytest.mark.parametrize("in_channels", [1, 3])
def test_there_is_a_logit_for_every_image_and_class(width, height, in_channels):
    model = CNNClassifier(width, height, in_channels=in_channels)
    outputs = model(torch.rand(2, in_channels, height, width), torch.tensor([1, 9]))
    assert outputs["logits"].shape == (2, 10)
    assert outputs["loss"].shape == ()


def test_the_loss_is_the_cross_entropy_of_the_logits():
    model = CNNClassifier(28, 28)
    labels = torch.tensor([1, 9])
    outputs = model(torch.rand(2, 3, 28, 28), labels)
    expected = F.cross_entropy(outputs["logits"], labels)
    assert outputs["loss"].item() == pytest.approx(expected.item(), rel=1e-5)


def test_dropout_works_in_training_only_with_labels_or_without():
    model, images = CNNClassifier(28, 28), torch.rand(2, 3, 28, 28)
    labels = torch.tensor([1, 9])
    assert not model(images)["logits"].equal(model(images)["logits"])
    model.eval()
    assert model(images, labels)["logits"].equal(model(images)["logits"])


@pytest.mark.parametrize(("width", "height", "kernel"), [(8, 28, 5), (28, 19, 5)])
def test_an_image_that_is_too_small_is_refused(width, height, kernel):
    with pytest.raises(
        ValueError, match=f"{width}x{height} is too small.*smaller kern"
    ):
        CNNClassifier(width, height, kernel_size=kernel)
    smaller = CNNClassifier(width, height, kernel_size=2)
    assert smaller(torch.rand(1, 3, height, width))["logits"].shape == (1, 10)
