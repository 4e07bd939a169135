"""CNNClassifier: three convolutions and two linear layers for small images."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core import registry
from oumi_runtime.core.models.base_model import BaseModel


@registry.register("CnnClassifier", registry.RegistryType.MODEL)
class CNNClassifier(BaseModel):
    """Classifies images of one fixed size."""

    def __init__(
        self,
        image_width: int,
        image_height: int,
        *,
        in_channels: int = 3,
        output_dim: int = 10,
        kernel_size: int = 5,
    ) -> None:
        """Creates the layers.

        Args:
            image_width: Width of an image, in pixels.
            image_height: Height of an image, in pixels.
            in_channels: 3 for colour, 1 for grey.
            output_dim: Number of classes.
            kernel_size: Side of every convolution's kernel, in pixels.

        Raises:
            ValueError: Nothing is left of the image after the three convolutions.
        """
        super().__init__()
        width = _side_after_convolutions(image_width, kernel_size)
        height = _side_after_convolutions(image_height, kernel_size)
        if min(width, height) < 1:
            raise ValueError(
                f"an image of {image_width}x{image_height} is too small for "
                f"kernel_size={kernel_size}; use a smaller kernel or larger images"
            )
        self.conv1 = nn.Conv2d(in_channels, 32, kernel_size)
        self.conv2 = nn.Conv2d(32, 32, kernel_size)
        self.conv3 = nn.Conv2d(32, 64, kernel_size)
        self.fc1 = nn.Linear(width * height * 64, 256)
        self.fc2 = nn.Linear(256, output_dim)

    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss where labels are given.

        Args:
            images: (batch, in_channels, image_height, image_width) float.
            labels: Classes, (batch,) int64; -100 leaves an image out of the loss.
            kwargs: Other columns of the dataset; not used.

        Returns:
            `logits` (batch, output_dim), and with labels `loss`, a scalar.
        """
        x = F.relu(self.conv1(images))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = F.dropout(x, p=0.5, training=self.training)
        x = F.relu(F.max_pool2d(self.conv3(x), 2))
        x = F.dropout(x, p=0.5, training=self.training)
        x = F.relu(self.fc1(x.flatten(start_dim=1)))  # (B, 256)
        x = F.dropout(x, p=0.5, training=self.training)
        logits = self.fc2(x)  # (B, C)
        outputs = {"logits": logits}
        if labels is not None:
            scores = F.log_softmax(logits, dim=1)
            total = self.criterion(scores, labels, reduction="sum")
            # A mean that is 0, and not NaN, where every image is left out.
            outputs["loss"] = total / (labels != -100).sum().clamp(min=1)
        return outputs

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Negative log-likelihood of log-probabilities."""
        return F.nll_loss


def _side_after_convolutions(side: int, kernel_size: int) -> int:
    """Returns the side of the last feature map (no padding, two poolings)."""
    shrink = kernel_size - 1
    return ((side - shrink - shrink) // 2 - shrink) // 2
