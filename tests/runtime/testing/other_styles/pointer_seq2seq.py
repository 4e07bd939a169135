"""Writes words of its own, or copies them (See et al. 2017)."""

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel


class PointerSeq2Seq(BaseModel):
    """A BiGRU reads, a GRU that attends writes; the logits are log probabilities."""

    def __init__(self, vocab_size: int = 2000, dim: int = 32):
        super().__init__()
        self.embed = nn.Embedding(vocab_size, dim)
        self.encoder = nn.GRU(dim, dim // 2, batch_first=True, bidirectional=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.match = nn.Linear(dim, dim, bias=False)
        self.mix = nn.Linear(2 * dim, dim)
        self.write = nn.Linear(dim, vocab_size)
        self.gate = nn.Linear(2 * dim, 1)
        nn.init.normal_(self.write.weight, std=0.02)

    def forward(
        self,
        input_ids,
        attention_mask=None,
        decoder_input_ids=None,
        labels=None,
        **kwargs,
    ):
        """Predicts the target.

        Args:
            input_ids: Source, (batch, sequence) int64.
            attention_mask: 1 for a token, (batch, sequence) int64.
            decoder_input_ids: (batch, length) int64.
            labels: (batch, length) int64, -100 ignored.

        Returns:
            `logits` (batch, length, vocab_size) and `loss`.
        """
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        if decoder_input_ids is None:
            if labels is None:
                decoder_input_ids = input_ids.new_zeros(len(input_ids), 1)
            else:
                decoder_input_ids = F.pad(labels[:, :-1], (1, 0)).clamp(min=0)
        lengths = attention_mask.sum(dim=1).clamp(min=1).cpu()
        packed = nn.utils.rnn.pack_padded_sequence(
            self.embed(input_ids), lengths, batch_first=True, enforce_sorted=False
        )
        memory, last = self.encoder(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(
            memory, batch_first=True, total_length=input_ids.shape[1]
        )
        state = torch.cat([last[0], last[1]], dim=-1).unsqueeze(0)
        y, _ = self.decoder(self.embed(decoder_input_ids), state)
        scores = self.match(y) @ memory.transpose(1, 2) * memory.shape[-1] ** -0.5
        scores = scores.masked_fill(attention_mask[:, None] == 0, -1e4)
        attention = scores.softmax(dim=-1)
        y = torch.cat([y, attention @ memory], dim=-1)
        own = self.write(torch.tanh(self.mix(y))).softmax(dim=-1)
        gate = torch.sigmoid(self.gate(y))
        source = input_ids[:, None].expand(-1, y.shape[1], -1)
        words = (gate * own).scatter_add(2, source, (1 - gate) * attention)
        logits = words.clamp(min=1e-9).log()
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(logits, labels)
        return out

    @property
    def criterion(self):
        return likelihood


def likelihood(logits, labels):
    total = F.nll_loss(logits.transpose(1, 2), labels, reduction="sum")
    return total / (labels != -100).sum().clamp(min=1)
