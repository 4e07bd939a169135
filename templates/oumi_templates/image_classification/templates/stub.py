"""An image classifier: one class for an image, from its pixels."""

from collections.abc import Callable
from typing import Any

import torch
from {{ cookiecutter.__package | identifier }}.core import registry
from {{ cookiecutter.__package | identifier }}.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register({{ cookiecutter.model_name | literal }}, registry.RegistryType.MODEL)
class {{ cookiecutter.model_name | identifier }}(BaseModel):
    """Classifies the pixels of an image with one hidden layer."""

    def __init__(
        self,
        image_size: int = {{ cookiecutter.image_size | integer }},
        in_channels: int = {{ cookiecutter.in_channels | integer }},
        hidden_dim: int = {{ cookiecutter.hidden_dim | integer }},
        num_classes: int = {{ cookiecutter.num_classes | integer }},
    ) -> None:
        """Makes the layers.

        Args:
            image_size: Height and width of an image, in pixels.
            in_channels: 1 for grey, 3 for colour.
            hidden_dim: Width of the hidden layer.
            num_classes: Number of classes.
        """
{% if cookiecutter.target == "oumi" %}
        # What `save_pretrained` writes, for the model to be made again from it.
        super().__init__(image_size=image_size, in_channels=in_channels, hidden_dim=hidden_dim, num_classes=num_classes)
{% else %}
        super().__init__()
{% endif %}
        self.hidden = nn.Linear(in_channels * image_size**2, hidden_dim)
        self.classifier = nn.Linear(hidden_dim, num_classes)

    def forward(
        self,
        images: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            images: (batch, in_channels, image_size, image_size) float in 0..1.
            labels: Classes, (batch,) int64; -100 leaves an image out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, num_classes), and `loss`, a scalar, if there are labels.
        """
        # Change 1 of 2: the way from pixels to logits; its layers are made above.
        x = images.flatten(start_dim=1)  # (B, C * H * W)
        x = F.relu(self.hidden(x))  # (B, hidden)
        logits = self.classifier(x)  # (B, classes)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy over the classes."""
        # Change 2 of 2: the loss.
        return F.cross_entropy
