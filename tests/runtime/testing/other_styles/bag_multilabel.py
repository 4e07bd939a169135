"""Several labels for a text: an EmbeddingBag and an MLP with BatchNorm."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class BagMultiLabel(BaseModel):
    """Mean of embeddings, hidden layer, a logit for each label."""

    def __init__(
        self,
        vocab_size: int = 1000,
        dim: int = 32,
        num_labels: int = 6,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.bag = nn.EmbeddingBag(vocab_size, dim, mode="sum")
        self.fc = nn.Linear(dim, dim)
        self.bn = nn.BatchNorm1d(dim)
        self.drop = nn.Dropout(dropout)
        self.out = nn.Linear(dim, num_labels)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Computes a logit a label.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence), 1 for a token.
            labels: (batch, num_labels) float, 0 or 1.

        Returns:
            `logits` (batch, num_labels), `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        w = attention_mask.to(self.bag.weight.dtype)
        x = self.bag(
            input_ids, per_sample_weights=w / w.sum(1, keepdim=True).clamp(min=1)
        )
        x = self.drop(F.relu(self.bn(self.fc(x))))
        logits = self.out(x)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return F.binary_cross_entropy_with_logits
