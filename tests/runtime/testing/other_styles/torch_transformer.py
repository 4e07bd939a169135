"""nn.Transformer, from sequence to sequence."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, dropout=0.1, max_len=512):
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        position = torch.arange(max_len).unsqueeze(1)
        div_term = torch.exp(
            torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model)
        )
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div_term)
        pe[:, 1::2] = torch.cos(position * div_term)
        self.register_buffer("pe", pe, persistent=False)

    def forward(self, x):
        return self.dropout(x + self.pe[: x.size(1)])


class TorchTransformer(BaseModel):
    """Embeddings with sinusoids around nn.Transformer."""

    def __init__(
        self,
        vocab_size: int = 2000,
        d_model: int = 32,
        nhead: int = 4,
        num_layers: int = 2,
        dim_feedforward: int = 64,
        dropout: float = 0.1,
    ):
        super().__init__()
        self.d_model = d_model
        self.embed = nn.Embedding(vocab_size, d_model)
        self.pos = PositionalEncoding(d_model, dropout)
        self.transformer = nn.Transformer(
            d_model,
            nhead,
            num_layers,
            num_layers,
            dim_feedforward,
            dropout,
            batch_first=True,
        )
        self.generator = nn.Linear(d_model, vocab_size)
        nn.init.normal_(self.embed.weight, std=d_model**-0.5)
        nn.init.normal_(self.generator.weight, std=0.02)

    def forward(
        self,
        input_ids,
        attention_mask=None,
        decoder_input_ids=None,
        labels=None,
        **kwargs,
    ):
        """Logits of the target's tokens.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence).
            decoder_input_ids: (batch, length) int64.
            labels: (batch, length) int64, -100 ignored.

        Returns:
            `logits` (batch, length, vocab_size), `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if decoder_input_ids is None:
            start = input_ids.new_zeros(input_ids.size(0), 1)
            decoder_input_ids = (
                start
                if labels is None
                else torch.cat([start, labels[:, :-1].clamp(min=0)], dim=1)
            )
        padding = attention_mask == 0
        T = decoder_input_ids.size(1)
        causal = torch.ones(T, T, dtype=torch.bool, device=input_ids.device).triu(1)
        src = self.pos(self.embed(input_ids) * math.sqrt(self.d_model))
        tgt = self.pos(self.embed(decoder_input_ids) * math.sqrt(self.d_model))
        h = self.transformer(
            src,
            tgt,
            tgt_mask=causal,
            src_key_padding_mask=padding,
            memory_key_padding_mask=padding,
        )
        logits = self.generator(h)
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return seq_loss


def seq_loss(logits, labels):
    total = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
