"""Metrics of embeddings, computed by torchmetrics."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from oumi_runtime.core.datasets.columns import Batch
from oumi_runtime.core.registry import RegistryType, register
from oumi_runtime.core.trainers.evaluation import BatchMetrics


@register("retrieval", RegistryType.METRICS_FUNCTION)
class Retrieval(BatchMetrics):
    """`recall@1` and `recall@10`: how often a text finds the one that goes with it.

    Every text is compared with the targets of all samples by the product of their
    embeddings; guessing finds one in as many as there are.
    """

    def measure(
        self, model: nn.Module, batch: Batch, outputs: Mapping[str, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The embeddings of the texts and of the targets, both (batch, hidden)."""
        texts, targets = outputs["embeddings"], outputs["target_embeddings"]
        return texts.float().cpu(), targets.float().cpu()

    def compute(self, kept: Sequence[Any]) -> dict[str, float]:
        """The metrics of all batches."""
        # Imported only when metrics are computed: it takes as long as torch.
        from torchmetrics.functional.classification import multiclass_accuracy

        texts, targets = (torch.cat(each) for each in zip(*kept, strict=True))
        similarity = texts @ targets.T  # (N, N)
        number = len(texts)
        own = torch.arange(number)
        # With one right answer, recall is the accuracy of the first k.
        return {
            f"recall@{k}": multiclass_accuracy(
                similarity, own, number, average="micro", top_k=min(k, number)
            ).item()
            for k in (1, 10)
        }
