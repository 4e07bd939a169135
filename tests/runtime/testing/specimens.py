"""Small models that are right, and the same with one fault each."""

import copy
import math
from collections.abc import Callable
from typing import Any

import torch
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
        "labels": torch.randint(VOCAB, (batch_size, 6)),
    }


class Sound(BaseModel):
    """A text classifier with hooks for the faults."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        self.hidden = nn.Linear(width, width)
        self.classifier = nn.Linear(width, CLASSES)

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        x = self.encode(self.embedding(input_ids))
        logits = self.head(self.classifier(self.pool(x, attention_mask.unsqueeze(-1))))
        outputs = {"logits": logits}
        if labels is not None:
            outputs["loss"] = self.loss(logits, labels)
        return outputs

    def encode(self, x):
        return F.relu(self.hidden(x))

    def pool(self, x, mask):
        return (x * mask).sum(1) / mask.sum(1)

    def head(self, logits):
        return logits

    def loss(self, logits, labels):
        return self.criterion(logits, labels)

    @property
    def criterion(self) -> Callable[..., torch.Tensor]:
        return F.cross_entropy


class SmallCausalLM(BaseModel):
    """Attention that sees the past, and tied weights; logits (batch, time, vocab)."""

    def __init__(self, width: int = 16, is_causal: bool = True) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, width)
        self.attention = nn.MultiheadAttention(width, 2, batch_first=True)
        self.norm = nn.LayerNorm(width)
        self.is_causal = is_causal

    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        x = self.embedding(input_ids)
        time = input_ids.shape[1]
        # A slope per position stands for positional encoding, at any length.
        places = torch.arange(time) / 10
        x = x + torch.sin(places.unsqueeze(-1) * (1 + torch.arange(x.shape[-1])))
        future = torch.ones(time, time, dtype=torch.bool).triu(1)
        padding = attention_mask == 0 if attention_mask is not None else None
        y, _ = self.attention(
            x, x, x, attn_mask=future, key_padding_mask=padding, need_weights=False
        )
        logits = self.norm(x + y) @ self.embedding.weight.T
        outputs = {"logits": logits}
        if labels is not None:
            outputs["loss"] = self.criterion(logits.flatten(0, 1), labels.flatten())
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
    def loss(self, logits, labels):
        return F.cross_entropy(logits, labels, label_smoothing=0.1)


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


class FrozenEmbedding(Sound):
    def __init__(self) -> None:
        super().__init__()
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
    "frozen": ModelCase(FrozenEmbedding, text_batch),
    "teacher": ModelCase(WithTeacher, text_batch),
    "recurrent": ModelCase(Recurrent, text_batch),
}


class UnusedLayer(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.forgotten = nn.Linear(2, 2)


class Detached(Sound):
    def encode(self, x):
        return super().encode(x.detach())


class DetachedLoss(Sound):
    def loss(self, logits, labels):
        return super().loss(logits, labels).detach()


class SoftmaxBeforeLoss(Sound):
    def head(self, logits):
        return logits.softmax(-1)


class BatchStatistics(Sound):
    def encode(self, x):
        return super().encode(x - x.mean(0))


class SoftmaxOverBatch(Sound):
    def head(self, logits):
        return logits.log_softmax(0)


class MaskIgnored(Sound):
    def pool(self, x, mask):
        return x.mean(1)


class MaskInSumOnly(Sound):
    def pool(self, x, mask):
        return (x * mask).sum(1) / x.shape[1]


class MaskInverted(Sound):
    def pool(self, x, mask):
        return (x * (1 - mask)).sum(1) / (1 - mask).sum(1).clamp(min=1)


class PlainList(Sound):
    def __init__(self) -> None:
        super().__init__()
        self._blocks = [nn.Linear(WIDTH, WIDTH)]

    def encode(self, x):
        return self._blocks[0](super().encode(x))


class PlainTensor(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.rand(WIDTH) + 1

    def encode(self, x):
        return super().encode(x) * self.scale


class NotJson(Sound):
    def __init__(self, activation: Any = F.relu) -> None:
        super().__init__()


class ArgumentNotRecorded(Sound):
    """Has a constructor whose result depends on what is not an argument."""

    made = 0

    def __init__(self) -> None:
        ArgumentNotRecorded.made += 1
        super().__init__(WIDTH + ArgumentNotRecorded.made)


class Unreduced(Sound):
    def loss(self, logits, labels):
        return F.cross_entropy(logits, labels, reduction="none")


class LossWithoutLabels(Sound):
    def forward(self, *args: Any, **kwargs: Any):
        return {"loss": torch.zeros(()), **super().forward(*args, **kwargs)}


class NoLoss(Sound):
    def forward(self, *args: Any, **kwargs: Any):
        return {"logits": super().forward(*args, **kwargs)["logits"]}


class NoLogits(Sound):
    def forward(self, *args: Any, **kwargs: Any):
        outputs = super().forward(*args, **kwargs)
        outputs["output"] = outputs.pop("logits")
        return outputs


class ReturnsTuple(Sound):
    def forward(self, *args: Any, **kwargs: Any):
        return tuple(super().forward(*args, **kwargs).values())


class NanInit(Sound):
    def __init__(self) -> None:
        super().__init__()
        nn.init.constant_(self.hidden.weight, math.nan)


class ZeroInit(Sound):
    def __init__(self) -> None:
        super().__init__()
        for parameter in self.parameters():
            nn.init.zeros_(parameter)


class MixedUp(Sound):
    def head(self, logits):
        return logits.reshape(-1)


class NanGradient(Sound):
    def encode(self, x):
        y = super().encode(x)
        # The gradient of a square root at zero is infinite; zero times that is NaN.
        return y + torch.where(y > 1e9, torch.sqrt(y - y), 0.0)


class FlatLoss(Sound):
    """Has a loss below zero that no step changes."""

    def loss(self, logits, labels):
        return 0 * super().loss(logits, labels) - 1


class NotABaseModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Embedding(VOCAB, CLASSES)

    def forward(self, input_ids, labels=None, **kwargs):
        return {"logits": self.layer(input_ids).mean(1)}


def faulty(model_class: type[nn.Module]) -> ModelCase:
    return ModelCase(copy.copy(model_class), text_batch)
