"""Small models that are right."""

import functools
from collections.abc import Callable

import torch
from attending_models import (
    LabelsTokens,
    SeesPatches,
    batch_of_images,
    batch_of_labelled_tokens,
)
from decoding_models import Writes, batch_of_pairs
from number_models import Amounts, batch_of_numbers
from torch import nn
from torch.nn import functional as F

from oumi_runtime.core.models import BaseModel
from oumi_runtime.models import CNNClassifier, MLPEncoder
from oumi_runtime.testing import ModelCase

VOCAB, CLASSES, WIDTH = 20, 3, 8


def text_batch(batch_size: int) -> dict[str, torch.Tensor]:
    lengths = torch.randint(2, 7, (batch_size, 1))
    mask = (torch.arange(6) < lengths).long()
    return {
        "input_ids": torch.randint(1, VOCAB, (batch_size, 6)) * mask,
        "attention_mask": mask,
        "labels": torch.randint(CLASSES, (batch_size,)),
    }


def image_batch(batch_size: int) -> dict[str, torch.Tensor]:
    return {
        "images": torch.rand(batch_size, 1, 16, 16),
        "labels": torch.randint(CLASSES, (batch_size,)),
    }


def token_batch(batch_size: int) -> dict[str, torch.Tensor]:
    ids = torch.randint(VOCAB, (batch_size, 6))
    return {
        "input_ids": ids,
        "attention_mask": torch.ones_like(ids),
        "labels": ids.clone(),
    }


class Sound(BaseModel):
    """A text classifier with hooks for the faults."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        self.hidden = nn.Linear(width, width)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is None:
            attention_mask = torch.ones_like(input_ids)
        x = self.encode(self.embedding(input_ids))
        logits = self.head(self.classifier(self.pool(x, attention_mask.unsqueeze(-1))))
        outputs = {"logits": logits}
        if labels is not None:
            outputs["loss"] = self.loss(logits, labels)
        return outputs

    def encode(self, x):
        return F.relu(self.hidden(x))

    def pool(self, x, mask):
        return (x * mask).sum(1) / mask.sum(1).clamp(min=1)

    def head(self, logits):
        return logits

    def loss(self, logits, labels):
        total = self.criterion(logits, labels, reduction="sum")
        return total / (labels != -100).sum().clamp(min=1)

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        return F.cross_entropy


class SmallCausalLM(BaseModel):
    """Attention that sees the past; logits (batch, time, vocab)."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        nn.init.normal_(self.embedding.weight, std=0.1)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm = nn.LayerNorm(width)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        x = self.embedding(input_ids)
        time = input_ids.shape[1]
        # A slope per position stands for positional encoding, at any length.
        places = torch.arange(time, device=x.device, dtype=x.dtype) / 10
        slopes = 1 + torch.arange(x.shape[-1], device=x.device, dtype=x.dtype)
        x = x + torch.sin(places.unsqueeze(-1) * slopes)
        future = torch.ones(time, time, dtype=torch.bool, device=x.device).triu(1)
        if attention_mask is not None:
            # A token sees itself even where it is padding: no row without any.
            own = torch.eye(time, dtype=torch.bool, device=x.device)
            hidden = (attention_mask == 0).unsqueeze(1) & ~own
            future = (future | hidden).repeat_interleave(2, dim=0)
        y, _ = self.attention(x, x, x, attn_mask=future, need_weights=False)
        logits = self.norm(x + y) @ self.embedding.weight.T
        outputs = {"logits": logits}
        if labels is not None:
            targets = labels[:, 1:].flatten()
            total = self.criterion(
                logits[:, :-1].flatten(0, 1), targets, reduction="sum"
            )
            outputs["loss"] = total / (targets != -100).sum().clamp(min=1)
        return outputs

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        return F.cross_entropy


class ZeroHead(Sound):
    """A classifier that starts at zero, as is good practice."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(self.classifier.weight)


class Smoothed(Sound):
    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        return functools.partial(F.cross_entropy, label_smoothing=0.1)


class WithBatchNorm(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(CLASSES)

    def head(self, logits):
        return self.norm(logits)


class FixedLength(Sound):
    """Cannot take a sequence of another length."""

    def __init__(self) -> None:
        super().__init__()
        self.position = nn.Parameter(torch.randn(6, WIDTH))

    def encode(self, x):
        return super().encode(x + self.position)


class ZeroPadding(Sound):
    """Leaves padding out by its embedding, which stays zero."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, WIDTH, padding_idx=0)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        if attention_mask is not None:
            input_ids = input_ids.masked_fill(attention_mask == 0, 0)
        return super().forward(input_ids, None, labels)

    def encode(self, x):
        return x

    def pool(self, x, mask):
        return F.relu(self.hidden(x.sum(1)))


class FrozenEmbedding(Sound):
    """Has an embedding that is not trained, and the same in every model."""

    def __init__(self) -> None:
        super().__init__()
        rows = torch.arange(VOCAB).unsqueeze(1) * (1 + torch.arange(WIDTH))
        self.embedding.weight.data.copy_(torch.sin(rows.float().square()))
        self.embedding.requires_grad_(False)


class WithTeacher(Sound):
    """Keeps a frozen model out of its own weights, on purpose."""

    def __init__(self) -> None:
        super().__init__()
        self.activations = [nn.ReLU()]
        self.teacher = [nn.Linear(1, 1).requires_grad_(False)]
        self.both = [self.hidden, self.classifier]


class Recurrent(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.GRU(WIDTH, WIDTH, batch_first=True)

    def encode(self, x):
        return self.hidden(x)[0]


SOUND: dict[str, ModelCase] = {
    "mlp_encoder": ModelCase(lambda: MLPEncoder(VOCAB, WIDTH, CLASSES), text_batch),
    "cnn": ModelCase(
        lambda: CNNClassifier(16, 16, in_channels=1, output_dim=3, kernel_size=3),
        image_batch,
    ),
    "causal_lm": ModelCase(SmallCausalLM, token_batch),
    "sound": ModelCase(Sound, text_batch),
    "very_small": ModelCase(lambda: Sound(4), text_batch),
    "zero_head": ModelCase(ZeroHead, text_batch),
    "smoothed": ModelCase(Smoothed, text_batch),
    "batch_norm": ModelCase(WithBatchNorm, text_batch),
    "fixed_length": ModelCase(FixedLength, text_batch),
    "zero_padding": ModelCase(ZeroPadding, text_batch),
    "frozen": ModelCase(FrozenEmbedding, text_batch),
    "teacher": ModelCase(WithTeacher, text_batch),
    "recurrent": ModelCase(Recurrent, text_batch),
    "labels_tokens": ModelCase(LabelsTokens, batch_of_labelled_tokens),
    "sees_patches": ModelCase(SeesPatches, batch_of_images),
    "writes": ModelCase(Writes, batch_of_pairs),
    "amounts": ModelCase(Amounts, batch_of_numbers),
}
