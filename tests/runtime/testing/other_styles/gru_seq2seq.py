"""GRU encoder and decoder with additive attention (Bahdanau et al. 2015)."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class AdditiveAttention(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.q = nn.Linear(dim, dim)
        self.k = nn.Linear(dim, dim, bias=False)
        self.v = nn.Linear(dim, 1, bias=False)

    def forward(self, query, memory, mask):
        scores = self.v(
            torch.tanh(self.q(query).unsqueeze(2) + self.k(memory).unsqueeze(1))
        ).squeeze(-1)  # (B, T, S)
        scores = scores.masked_fill(~mask.unsqueeze(1), -1e9)
        weights = F.softmax(scores, dim=-1)
        return weights @ memory


class GruSeq2Seq(BaseModel):
    """Reads the source with a GRU, writes the target with one that attends."""

    def __init__(
        self, vocab_size: int = 2000, hidden_dim: int = 64, dropout: float = 0.1
    ):
        super().__init__()
        self.bos = 0
        self.embedding = nn.Embedding(vocab_size, hidden_dim)
        self.encoder = nn.GRU(hidden_dim, hidden_dim, batch_first=True)
        self.decoder = nn.GRU(hidden_dim, hidden_dim, batch_first=True)
        self.attention = AdditiveAttention(hidden_dim)
        self.combine = nn.Linear(2 * hidden_dim, hidden_dim)
        self.dropout = nn.Dropout(dropout)
        self.lm_head = nn.Linear(hidden_dim, vocab_size)
        nn.init.normal_(self.lm_head.weight, std=0.02)

    def _shift_right(self, labels):
        shifted = labels.new_full(labels.shape, self.bos)
        shifted[:, 1:] = labels[:, :-1]
        return shifted.masked_fill(shifted == -100, 0)

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
            if labels is not None:
                decoder_input_ids = self._shift_right(labels)
            else:
                decoder_input_ids = input_ids.new_full((input_ids.size(0), 1), self.bos)
        mask = attention_mask.bool()
        memory, _ = self.encoder(self.dropout(self.embedding(input_ids)))
        memory = memory * mask.unsqueeze(-1)
        last = (mask.sum(1) - 1).clamp(min=0)
        state = memory[
            torch.arange(memory.size(0), device=memory.device), last
        ].unsqueeze(0)
        y, _ = self.decoder(
            self.dropout(self.embedding(decoder_input_ids)), state.contiguous()
        )
        context = self.attention(y, memory, mask)
        y = torch.tanh(self.combine(torch.cat([y, context], -1)))
        logits = self.lm_head(self.dropout(y))
        result = {"logits": logits}
        if labels is not None:
            result["loss"] = self.criterion(logits, labels)
        return result

    @property
    def criterion(self):
        return sequence_loss


def sequence_loss(logits, labels):
    loss = F.cross_entropy(
        logits.reshape(-1, logits.size(-1)), labels.reshape(-1), reduction="sum"
    )
    return loss / (labels != -100).sum().clamp(min=1)
