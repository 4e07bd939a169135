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
    """Steps of a round on a CPU; on a GPU there are ten times as many."""
    is_large: bool = False
    """Whether it is for a GPU alone: in bf16, and compiled by hand and by native."""
    operations_per_sample: float | None = None
    """Floating-point operations of a step for each sample, to tell the share of the
    GPU's arithmetic that is used (MFU)."""


class CausalTransformer(nn.Module):
    """A small pre-norm language model: embed, blocks of attention and MLP, project."""

    def __init__(
        self,
        vocabulary: int = 256,
        width: int = 128,
        depth: int = 4,
        num_heads: int = 4,
        length: int = 128,
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.position = nn.Embedding(length, width)
        self.blocks = nn.ModuleList(Block(width, num_heads) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, vocabulary, bias=False)

    def forward(self, input_ids: torch.Tensor, labels: torch.Tensor, **_: Any) -> Any:
        places = torch.arange(input_ids.shape[1], device=input_ids.device)
        x = self.embedding(input_ids) + self.position(places)  # (B, T, W)
        for block in self.blocks:
            x = block(x)
        logits = self.head(self.norm(x))  # (B, T, V)
        following = F.pad(labels[:, 1:], (0, 1), value=-100)
        loss = F.cross_entropy(logits.flatten(0, 1), following.flatten())
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


def _gpt2() -> CausalTransformer:
    """124M parameters, the output's being those of the embedding; padded vocabulary."""
    model = CausalTransformer(50304, 768, 12, 12, 1024)
    for module in model.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)
    model.head.weight = model.embedding.weight
    return model


def _gpt2_columns() -> Columns:
    tokens = torch.randint(0, 50257, (4096, 1024))
    return {"input_ids": tokens, "labels": tokens}


# As in appendix B of "PaLM" (Chowdhery et al., 2022): 6 for each parameter and token,
# and attention; 123.7M parameters without the positions.
_GPT2_OPERATIONS = 1024 * (6 * 123.7e6 + 12 * 12 * 768 * 1024)


SUBJECTS = {
    # Vocabulary 1000, width 128; batches of 32 texts with 32 tokens.
    "mlp": Subject(lambda: MLPEncoder(1000, 128, 10), _mlp_columns, 32, 500),
    # Grey images of 28x28, batches of 64.
    "cnn": Subject(lambda: CNNClassifier(28, 28, in_channels=1), _cnn_columns, 64, 100),
    # Four layers of width 128; batches of 8 texts with 128 tokens.
    "transformer": Subject(CausalTransformer, _token_columns, 8, 60),
    # GPT-2 of 124M; batches of 64 texts with 1024 tokens.
    "gpt2": Subject(_gpt2, _gpt2_columns, 64, 6, True, _GPT2_OPERATIONS),
}
