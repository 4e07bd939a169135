"""An image classifier: predicts the class of each image."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("DigitClassifier", registry.RegistryType.MODEL)
class DigitClassifier(BaseModel):
    """Classifies an image with two convolutions, max pooling and an MLP."""

    def __init__(
        self,
        image_size: int = 8,
        in_channels: int = 1,
        hidden_dim: int = 128,
        num_classes: int = 10,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            image_size: Height and width of the images, in pixels; a multiple of 4.
            in_channels: Number of channels: 1 for greyscale, 3 for RGB.
            hidden_dim: Dimension of the MLP's hidden layer.
            num_classes: Number of classes.
            dropout: Dropout probability, in [0, 1).

        Raises:
            ValueError: image_size is not a multiple of 4; pooling would drop pixels.
        """
        super().__init__()
        if image_size < 4 or image_size % 4:
            raise ValueError(f"image_size is {image_size}; give a multiple of 4")
        self.conv1 = nn.Conv2d(in_channels, 32, kernel_size=3, padding=1)
        self.conv2 = nn.Conv2d(32, 64, kernel_size=3, padding=1)
        self.hidden = nn.Linear(64 * (image_size // 4) ** 2, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_dim, num_classes)

    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if labels are given.

        Args:
            images: (batch, in_channels, image_size, image_size) float in 0..1.
            labels: Classes, (batch,) int64 in [0, num_classes), or -100 for images that
                the loss ignores.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch, num_classes); with labels, also the scalar `loss`.
        """
        x = F.max_pool2d(F.relu(self.conv1(images)), 2)  # (B, 32, H/2, W/2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)  # (B, 64, H/4, W/4)
        x = F.relu(self.hidden(x.flatten(start_dim=1)))  # (B, hidden)
        logits = self.classifier(self.dropout(x))  # (B, classes)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy over the classes."""
        return cross_entropy


def cross_entropy(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Averages the cross-entropy over labels other than -100; 0 if there are none.

    Args:
        logits: (..., num_classes) float.
        labels: (...) int64.
    """
    logits, labels = logits.flatten(0, -2), labels.flatten()
    total = F.cross_entropy(logits, labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
