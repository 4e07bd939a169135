"""The models and the data that the training benchmarks run on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.models import CNNClassifier, MLPEncoder

Columns = dict[str, torch.Tensor]


@dataclass(frozen=True)
class Subject:
    """A model, data for it, and how long a round of it is."""

    make_model: Callable[[], nn.Module]
    make_columns: Callable[[], Columns]
    batch_size: int
    steps: int
    """Steps of a round on a CPU."""


class CausalTransformer(nn.Module):
    """A small pre-norm language model: embed, blocks of attention and MLP, project."""

    def __init__(self, vocabulary: int = 256, width: int = 128, depth: int = 4) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(128, width)
        self.blocks = nn.ModuleList(Block(width, num_heads=4) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor, **_: Any) -> Any:
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.embedding(input_ids) + self.position(places)  # (B, T, W)
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))  # (B, T, V)
        loss = F.cross_entropy(logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten())
        return {"loss": loss, "logits": logits}


class Block(nn.Module):
    """Attention and an MLP, each around a residual connection."""

    def __init__(self, width: int, num_heads: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        heads = (batch, length, 3, self.num_heads, width // self.num_heads)
        q, k, v = self.qkv(self.norm1(x)).view(heads).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)  # (B, H, T, D)
        x = x + self.out(mixed.transpose(1, 2).reshape(x.shape))
        return x + self.down(F.gelu(self.up(self.norm2(x))))


def _mlp_columns() -> Columns:
    return {
        "input_ids": torch.randint(0, 1000, (8192, 32)),
        "labels": torch.randint(0, 10, (8192,)),
    }


def _cnn_columns() -> Columns:
    return {
        "images": torch.rand(4096, 1, 28, 28),
        "labels": torch.randint(0, 10, (4096,)),
    }


def _token_columns() -> Columns:
    tokens = torch.randint(0, 256, (4096, 128))
    return {"input_ids": tokens, "labels": tokens}


SUBJECTS = {
    # Vocabulary 1000, width 128; batches of 32 texts with 32 tokens.
    "mlp": Subject(lambda: MLPEncoder(1000, 128, 10), _mlp_columns, 32, 500),
    # Grey images of 28x28, batches of 64.
    "cnn": Subject(lambda: CNNClassifier(28, 28, in_channels=1), _cnn_columns, 64, 100),
    # Four layers of width 128; batches of 8 texts with 128 tokens.
    "transformer": Subject(CausalTransformer, _token_columns, 8, 60),
}
