"""A tabular regressor: predicts a number for each row from its features."""

from collections.abc import Callable
from typing import Any

import torch
from oumi_runtime.core import registry
from oumi_runtime.core.models import BaseModel, StandardScaler
from torch import nn
from torch.nn import functional as F


@registry.register("LengthPredictor", registry.RegistryType.MODEL)
class LengthPredictor(BaseModel):
    """An MLP with residual connections over the features."""

    def __init__(
        self,
        num_features: int = 12,
        hidden_dim: int = 64,
        num_layers: int = 2,
        dropout: float = 0.1,
    ) -> None:
        """Creates the layers.

        Args:
            num_features: Number of features.
            hidden_dim: Dimension of the layers.
            num_layers: Number of residual layers.
            dropout: Dropout probability, in [0, 1).
        """
        super().__init__()
        self.feature_scaler = StandardScaler("features", num_features)
        self.label_scaler = StandardScaler("labels")
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
        """Computes the predictions, and the loss if labels are given.

        Args:
            features: Numbers of any scale, (batch, num_features) float.
            labels: Target values of any scale, (batch,) float.
            kwargs: Other columns of the batch, which are ignored.

        Returns:
            `logits` (batch,), the predictions; with labels, also the scalar `loss`.
        """
        features = self.feature_scaler(features)  # (B, F)
        x = torch.asinh(features)  # (B, F), compresses outliers
        x = self.input(x)  # (B, H)
        for layer in self.layers:
            x = x + layer(x)
        y = self.output(self.norm(x)).squeeze(-1)  # (B,)
        logits = self.label_scaler.inverse(y)

        if labels is None:
            return {"logits": logits}
        scaled, targets = self.label_scaler(logits), self.label_scaler(labels)
        return {"logits": logits, "loss": self.criterion(scaled, targets)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Mean squared error of standardized predictions."""
        return F.mse_loss
