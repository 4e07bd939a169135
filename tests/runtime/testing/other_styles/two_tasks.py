"""A text classifier that also predicts a number, in a second head with its own loss."""

import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class TwoTasks(BaseModel):
    def __init__(self, vocab_size: int = 1000, dim: int = 32, num_classes: int = 5):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        nn.init.normal_(self.embed.weight, std=0.02)
        self.body = nn.Sequential(nn.Linear(dim, dim), nn.GELU())
        self.topic = nn.Linear(dim, num_classes)
        self.stars = nn.Linear(dim, 1)

    def forward(
        self, input_ids, attention_mask=None, labels=None, stars=None, **kwargs
    ):
        """Classifies texts, and rates them.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence) int64.
            labels: (batch,) int64.
            stars: (batch,) float, the numbers to predict.

        Returns:
            `logits` (batch, num_classes), the scalar `loss`, and its part `star_loss`.
        """
        x = self.embed(input_ids)
        if attention_mask is None:
            x = x.mean(1)
        else:
            mask = attention_mask.unsqueeze(-1)
            x = (x * mask).sum(1) / mask.sum(1).clamp(min=1)
        x = self.body(x)
        outputs = {"logits": self.topic(x)}
        if labels is None:
            return outputs
        outputs["loss"] = self.criterion(outputs["logits"], labels)
        if stars is not None:
            outputs["star_loss"] = F.smooth_l1_loss(self.stars(x).squeeze(-1), stars)
            outputs["loss"] = outputs["loss"] + 0.1 * outputs["star_loss"]
        return outputs

    @property
    def criterion(self):
        return topic_loss


def topic_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)
