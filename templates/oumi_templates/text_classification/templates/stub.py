"""A text classifier: one class for a text, from its token ids."""

from collections.abc import Callable
from typing import Any

import torch
from {{ cookiecutter.__package | identifier }}.core import registry
from {{ cookiecutter.__package | identifier }}.core.models import BaseModel
from torch import nn
from torch.nn import functional as F


@registry.register({{ cookiecutter.model_name | literal }}, registry.RegistryType.MODEL)
class {{ cookiecutter.model_name | identifier }}(BaseModel):
    """Classifies a text by the mean of its token embeddings."""

    def __init__(self, vocab_size: int = {{ cookiecutter.vocab_size | integer }}, hidden_dim: int = {{ cookiecutter.hidden_dim | integer }}, num_classes: int = {{ cookiecutter.num_classes | integer }}) -> None:
        """Makes the layers.

        Args:
            vocab_size: Number of token ids.
            hidden_dim: Width of an embedding.
            num_classes: Number of classes.
        """
{% if cookiecutter.target == "oumi" %}
        # What `save_pretrained` writes, for the model to be made again from it.
        super().__init__(vocab_size=vocab_size, hidden_dim=hidden_dim, num_classes=num_classes)
{% else %}
        super().__init__()
{% endif %}
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        nn.init.normal_(self.embedding.weight, std=0.02)
        self.classifier = nn.Linear(hidden_dim, num_classes)

    def forward(
        self,
        input_ids: torch.Tensor,
        attention_mask: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **kwargs: Any,
    ) -> dict[str, torch.Tensor]:
        """Computes the logits, and the loss if there are labels.

        Args:
            input_ids: Token ids, (batch, sequence) int64 in [0, vocab_size).
            attention_mask: 1 for a token, 0 for padding, (batch, sequence) int64.
            labels: Classes, (batch,) int64; -100 leaves a text out of the loss.
            kwargs: Other columns of the batch, not used.

        Returns:
            `logits` (batch, num_classes), and `loss`, a scalar, if there are labels.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        mask = attention_mask.unsqueeze(-1)  # (B, T, 1)

        # Change 1 of 2: the way from token ids to logits; its layers are made above.
        x = self.embedding(input_ids) * mask  # (B, T, H)
        x = x.sum(dim=1) / mask.sum(dim=1).clamp(min=1)  # (B, H)
        logits = self.classifier(x)  # (B, C)

        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        """Cross-entropy over the classes."""
        # Change 2 of 2: the loss.
        return F.cross_entropy
