"""A Llama-like decoder: RMSNorm, rotary positions, grouped queries, SwiGLU, a cache."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from oumi_runtime.core.models import BaseModel


class RMSNorm(nn.Module):
    def __init__(self, dim, eps=1e-6):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(dim))

    def forward(self, x):
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps) * self.weight


def apply_rope(x, cos, sin):
    x1, x2 = x.chunk(2, dim=-1)
    return x * cos + torch.cat((-x2, x1), dim=-1) * sin


class Attention(nn.Module):
    def __init__(self, dim, n_heads, n_kv_heads):
        super().__init__()
        self.n_heads, self.n_kv_heads = n_heads, n_kv_heads
        self.head_dim = dim // n_heads
        self.wq = nn.Linear(dim, n_heads * self.head_dim, bias=False)
        self.wk = nn.Linear(dim, n_kv_heads * self.head_dim, bias=False)
        self.wv = nn.Linear(dim, n_kv_heads * self.head_dim, bias=False)
        self.wo = nn.Linear(n_heads * self.head_dim, dim, bias=False)

    def forward(self, x, cos, sin, mask, past=None):
        b, t, _ = x.shape
        q = self.wq(x).view(b, t, self.n_heads, self.head_dim).transpose(1, 2)
        k = self.wk(x).view(b, t, self.n_kv_heads, self.head_dim).transpose(1, 2)
        v = self.wv(x).view(b, t, self.n_kv_heads, self.head_dim).transpose(1, 2)
        q, k = apply_rope(q, cos, sin), apply_rope(k, cos, sin)
        if past is not None:
            k, v = torch.cat([past[0], k], dim=2), torch.cat([past[1], v], dim=2)
        present = (k, v)
        k = k.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
        v = v.repeat_interleave(self.n_heads // self.n_kv_heads, dim=1)
        scores = q @ k.transpose(-2, -1) / self.head_dim**0.5
        scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
        out = scores.softmax(-1) @ v
        return self.wo(out.transpose(1, 2).reshape(b, t, -1)), present


class Block(nn.Module):
    def __init__(self, dim, n_heads, n_kv_heads, ffn_mult):
        super().__init__()
        self.attn_norm, self.ffn_norm = RMSNorm(dim), RMSNorm(dim)
        self.attn = Attention(dim, n_heads, n_kv_heads)
        self.w1 = nn.Linear(dim, ffn_mult * dim, bias=False)
        self.w3 = nn.Linear(dim, ffn_mult * dim, bias=False)
        self.w2 = nn.Linear(ffn_mult * dim, dim, bias=False)

    def forward(self, x, cos, sin, mask, past=None):
        h, present = self.attn(self.attn_norm(x), cos, sin, mask, past)
        x = x + h
        y = self.ffn_norm(x)
        return x + self.w2(F.silu(self.w1(y)) * self.w3(y)), present


class LlamaLike(BaseModel):
    """A decoder-only language model."""

    def __init__(
        self,
        vocab_size: int = 258,
        dim: int = 64,
        n_layers: int = 2,
        n_heads: int = 4,
        n_kv_heads: int = 2,
        ffn_mult: int = 2,
        rope_theta: float = 10000.0,
        max_seq_len: int = 256,
    ):
        super().__init__()
        self.tok_embeddings = nn.Embedding(vocab_size, dim)
        self.layers = nn.ModuleList(
            Block(dim, n_heads, n_kv_heads, ffn_mult) for _ in range(n_layers)
        )
        self.norm = RMSNorm(dim)
        self.output = nn.Linear(dim, vocab_size, bias=False)
        inv_freq = 1.0 / rope_theta ** (
            torch.arange(0, dim // n_heads, 2).float() / (dim // n_heads)
        )
        angles = torch.outer(torch.arange(max_seq_len).float(), inv_freq)
        angles = torch.cat((angles, angles), dim=-1)
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        self.apply(self._init_weights)

    def _init_weights(self, module):
        if isinstance(module, (nn.Linear, nn.Embedding)):
            nn.init.normal_(module.weight, std=0.02)

    def forward(self, input_ids, attention_mask=None, labels=None, past=None, **kwargs):
        """Next-token logits.

        Args:
            input_ids: (batch, sequence) int64.
            attention_mask: (batch, sequence), 1 for a token.
            labels: (batch, sequence) int64, shifted here, -100 ignored.
            past: The keys and values of the tokens before, a pair a layer.

        Returns:
            `logits` (batch, sequence, vocab_size), `loss`.
        """
        t = input_ids.shape[1]
        start = 0 if past is None else past[0][0].shape[2]
        cos, sin = self.cos[start : start + t], self.sin[start : start + t]
        mask = torch.ones(t, start + t, dtype=torch.bool, device=input_ids.device).tril(
            diagonal=start
        )
        if attention_mask is not None:
            mask = mask & attention_mask[:, None, None, :].bool()
        x = self.tok_embeddings(input_ids)
        for i, layer in enumerate(self.layers):
            x, _ = layer(x, cos, sin, mask, None if past is None else past[i])
        logits = self.output(self.norm(x))
        if labels is None:
            return {"logits": logits}
        return {"logits": logits, "loss": self.criterion(logits, labels)}

    @property
    def criterion(self):
        return causal_loss


def causal_loss(logits, labels):
    shift_logits = logits[..., :-1, :].contiguous()
    shift_labels = labels[..., 1:].contiguous()
    total = F.cross_entropy(
        shift_logits.view(-1, shift_logits.size(-1)),
        shift_labels.view(-1),
        reduction="sum",
    )
    return total / (shift_labels != -100).sum().clamp(min=1)
