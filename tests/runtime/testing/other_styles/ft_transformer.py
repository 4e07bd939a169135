"""FT-Transformer (Gorishniy et al. 2021) on nn.TransformerEncoder."""

import torch
from torch import nn

from oumi_runtime.core.models import BaseModel


class FtTransformer(BaseModel):
    """A token a feature and a CLS token, whose output is the prediction."""

    def __init__(
        self,
        num_features: int = 10,
        d_token: int = 32,
        n_layers: int = 2,
        n_heads: int = 4,
        ffn_factor: int = 2,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(num_features, d_token))
        self.bias = nn.Parameter(torch.empty(num_features, d_token))
        self.cls = nn.Parameter(torch.empty(1, 1, d_token))
        for p in (self.weight, self.bias, self.cls):
            nn.init.uniform_(p, -(d_token**-0.5), d_token**-0.5)
        layer = nn.TransformerEncoderLayer(
            d_token,
            n_heads,
            ffn_factor * d_token,
            dropout,
            activation="gelu",
            batch_first=True,
            norm_first=True,
        )
        self.encoder = nn.TransformerEncoder(
            layer, n_layers, enable_nested_tensor=False
        )
        self.head = nn.Sequential(
            nn.LayerNorm(d_token), nn.ReLU(), nn.Linear(d_token, 1)
        )

    def forward(self, features, labels=None, **kwargs):
        """Predicts a number for each row.

        Args:
            features: (batch, num_features) float.
            labels: (batch,) float.

        Returns:
            `logits` (batch,), and `loss`.
        """
        tokens = features[..., None] * self.weight[None] + self.bias[None]
        tokens = torch.cat([self.cls.expand(len(features), -1, -1), tokens], dim=1)
        x = self.encoder(tokens)
        pred = self.head(x[:, 0]).squeeze(-1)
        out = {"logits": pred}
        if labels is not None:
            out["loss"] = self.criterion(pred, labels)
        return out

    @property
    def criterion(self):
        return nn.functional.smooth_l1_loss
