"""BERT for classification."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class BertLike(BaseModel):
    """Learned positions and segments, post-norm encoder, tanh pooler."""

    def __init__(
        self,
        vocab_size=4000,
        dim=32,
        layers=2,
        heads=4,
        max_position_embeddings=64,
        num_labels=5,
        dropout=0.1,
    ):
        super().__init__()
        self.word = nn.Embedding(vocab_size, dim, padding_idx=0)
        self.position = nn.Embedding(max_position_embeddings, dim)
        self.segment = nn.Embedding(2, dim)
        self.norm = nn.LayerNorm(dim, eps=1e-12)
        self.dropout = nn.Dropout(dropout)
        layer = nn.TransformerEncoderLayer(
            dim, heads, 4 * dim, dropout, F.gelu, batch_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, layers)
        self.pooler = nn.Linear(dim, dim)
        self.classifier = nn.Linear(dim, num_labels)
        for m in (self.word, self.position, self.segment):
            nn.init.normal_(m.weight, std=0.02)

    def forward(
        self, input_ids, attention_mask=None, token_type_ids=None, labels=None, **kwargs
    ):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if token_type_ids is None:
            token_type_ids = torch.zeros_like(input_ids)
        pos = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.word(input_ids) + self.position(pos) + self.segment(token_type_ids)
        x = self.dropout(self.norm(x))
        x = self.encoder(x, src_key_padding_mask=attention_mask == 0)
        logits = self.classifier(self.dropout(torch.tanh(self.pooler(x[:, 0]))))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return mean_loss
