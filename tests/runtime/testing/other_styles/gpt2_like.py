"""GPT-2."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


def mean_loss(logits, labels):
    return F.cross_entropy(logits, labels, reduction="sum") / (
        labels != -100
    ).sum().clamp(min=1)


class Gpt2Block(nn.Module):
    def __init__(self, dim, heads, dropout):
        super().__init__()
        self.ln_1, self.ln_2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.mlp = nn.Sequential(
            nn.Linear(dim, 4 * dim),
            nn.GELU(approximate="tanh"),
            nn.Linear(4 * dim, dim),
            nn.Dropout(dropout),
        )

    def forward(self, x, mask):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, attn_mask=mask, need_weights=False)[0]
        return x + self.mlp(self.ln_2(x))


class Gpt2Like(BaseModel):
    """Learned positions, causal attention, tied head."""

    def __init__(
        self,
        vocab_size=258,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=64,
        dropout=0.1,
    ):
        super().__init__()
        self.wte = nn.Embedding(vocab_size, n_embd)
        self.wpe = nn.Embedding(n_positions, n_embd)
        self.drop = nn.Dropout(dropout)
        self.h = nn.ModuleList(
            Gpt2Block(n_embd, n_head, dropout) for _ in range(n_layer)
        )
        self.ln_f = nn.LayerNorm(n_embd)
        self.lm_head = nn.Linear(n_embd, vocab_size, bias=False)
        self.apply(self._init)
        self.lm_head.weight = self.wte.weight
        self.n_head = n_head

    def _init(self, m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.02)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        b, t = input_ids.shape
        dtype = self.wte.weight.dtype
        mask = torch.full(
            (t, t), torch.finfo(dtype).min, device=input_ids.device, dtype=dtype
        ).triu(1)
        mask = mask.expand(b * self.n_head, t, t)
        if attention_mask is not None:
            pad = (
                (attention_mask == 0)[:, None, None, :]
                .expand(b, self.n_head, t, t)
                .reshape(b * self.n_head, t, t)
            )
            mask = mask.masked_fill(pad, torch.finfo(dtype).min)
        x = self.drop(
            self.wte(input_ids) + self.wpe(torch.arange(t, device=input_ids.device))
        )
        for block in self.h:
            x = block(x, mask)
        logits = self.lm_head(self.ln_f(x))
        out = {"logits": logits}
        if labels is not None:
            out["loss"] = self.criterion(
                logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].reshape(-1)
            )
        return out

    @property
    def criterion(self):
        return mean_loss
