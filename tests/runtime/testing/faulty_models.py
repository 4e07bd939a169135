"""The same models with one fault each."""

import copy
import math
import random
from typing import Any

import torch
from sound_models import CLASSES, VOCAB, WIDTH, Sound, text_batch
from torch import nn
from torch.nn import functional as F

from oumi_runtime.testing import ModelCase


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


class SharedLayers(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(WIDTH, WIDTH)] * 2)

    def encode(self, x):
        for layer in self.layers:
            x = x + F.relu(layer(x))
        return super().encode(x)


class LargeStart(Sound):
    def __init__(self) -> None:
        super().__init__()
        nn.init.normal_(self.embedding.weight, std=20)


class NoActivation(Sound):
    def encode(self, x):
        return self.hidden(x)


class DropoutTurnedRound(Sound):
    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.dropout = nn.Dropout(1 - dropout)

    def encode(self, x):
        return self.dropout(super().encode(x))


class LossDoubledInTraining(Sound):
    def loss(self, logits, labels):
        return super().loss(logits, labels) * (2 if self.training else 1)


class RunningMean(Sound):
    center = 0.0

    def head(self, logits):
        if self.training:
            self.center = 0.5 * self.center + logits.mean().item()
        return logits - self.center


class SetsEvaluation(Sound):
    def encode(self, x):
        self.eval()
        return super().encode(x)


class SeedsEveryStep(Sound):
    def encode(self, x):
        if self.training:
            torch.manual_seed(0)
        return super().encode(x)


class SeedsItself(Sound):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.classifier = nn.Linear(WIDTH, CLASSES)


class SeedsPython(Sound):
    def __init__(self) -> None:
        super().__init__()
        random.seed(0)


class ChangesPrecision(Sound):
    def __init__(self) -> None:
        super().__init__()
        torch.set_float32_matmul_precision("high")


class LabelsClamped(Sound):
    def loss(self, logits, labels):
        return super().loss(logits, labels.clamp(max=CLASSES - 1))


class PaddingOfAnother(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(VOCAB, WIDTH, padding_idx=1)


class Autocast(Sound):
    def head(self, logits):
        same = torch.eye(CLASSES, dtype=logits.dtype, device=logits.device)
        with torch.autocast("cpu", torch.bfloat16):
            return logits @ same


class NeverInitialised(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.offset = nn.Parameter(torch.empty(WIDTH))

    def encode(self, x):
        return super().encode(x + self.offset)


class BiasFrozen(Sound):
    def __init__(self) -> None:
        super().__init__()
        self.classifier.bias.requires_grad_(False)


class IdsModulo(Sound):
    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        return super().forward(input_ids % 5, attention_mask, labels)


class CutOff(Sound):
    def pool(self, x, mask):
        return super().pool(x[:, :50], mask[:, :50])


class NotOfLengthOne(Sound):
    def forward(self, input_ids, attention_mask=None, labels=None, **kwargs):
        """Embeds.

        Returns:
            `logits` (batch, classes) of length 1.
        """
        return super().forward(input_ids, attention_mask, labels)


class ForgetsAnArgument(Sound):
    def __init__(self, width: int = WIDTH) -> None:
        super().__init__(width)
        del self._init_kwargs["width"]


class ChangesItsArguments(Sound):
    def __init__(self, width: int = WIDTH) -> None:
        super().__init__(width)
        self._init_kwargs["width"] = WIDTH


class NotABaseModel(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Embedding(VOCAB, CLASSES)

    def forward(self, input_ids, labels=None, **kwargs):
        return {"logits": self.layer(input_ids).mean(1)}


def faulty(model_class: type[nn.Module]) -> ModelCase:
    return ModelCase(copy.copy(model_class), text_batch)
