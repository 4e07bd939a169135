"""A regressor: a number for a row of a table, from its other numbers."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register("LengthPredictor", registry.RegistryType.MODEL)
class LengthPredictor(BaseModel):
    """An MLP over the features, with residual connections."""

    def __init__(
        self,
        num_features: int = 12,
        hidden_dim: int = 64,
        num_layers: int = 2,
        dropout: float = 0.1,
    ) -> None:
        """Makes the layers.

        Args:
            num_features: Number of features.
            hidden_dim: Width of the layers.
            num_layers: Number of layers after the first.
            dropout: Share of units left out in training, in [0, 1).
        """
        super().__init__()
        self.input = nn.Linear(num_features, hidden_dim)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.LayerNorm(hidden_dim),
                nn.Linear(hidden_dim, hidden_dim),
                nn.GELU(),
                nn.Dropout(dropout),
            )
            for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(hidden_dim)
        self.output = nn.Linear(hidden_dim, 1)

    def forward(
        self,
        features: torch.Tensor,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the predictions, and the loss if there are labels.

        Args:
            features: Numbers of any size, (batch, num_features) float.
            labels: Target values, (batch,) float, best of a size near 1.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch,), the predictions, and `loss`, a scalar, if there are
            labels.
        """
        x = torch.asinh(features)  # (B, F), numbers of any size made small
        x = self.input(x)  # (B, H)
        for layer in self.layers:
            x = x + layer(x)
        logits = self.output(self.norm(x)).squeeze(-1)  # (B,)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """The mean squared error."""
        return F.mse_loss
